"""What goes of a recurring event: single instances, or all that is still to come."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from reconciler.apply.work import Work
from reconciler.dingtalk import Client
from reconciler.dingtalk.errors import NotFound
from reconciler.dingtalk.events import EventPatch
from reconciler.model.native import last_begun
from reconciler.schedule.pattern import Instance


def end_series(client: Client, work: Work, *, now: datetime, token: str) -> None:
    """Let the series of `work` end with its last instance that has begun: what has been stays in the calendars."""
    event, entry = work.planned.change.event, work.entry
    begun = last_begun(event, now) if event is not None else None
    if event is None or event.recurrence is None or begun is None:
        return
    patch = EventPatch(
        recurrence=replace(event.recurrence, until=begun.date(), count=0),
        timezone=event.timezone or None,
        notify=work.notify and not work.planned.change.replaces,
    )
    with suppress(NotFound):  # gone altogether
        client.events.patch(organizer=entry.organizer, event_id=entry.event_id, patch=patch, token=token)


def delete_instance(client: Client, work: Work, instance: Instance, *, token: str) -> None:
    """Take one instance out of the series of `work`; one that is gone already is as wanted."""
    name = instance.id or _instances(client, work).get(instance.start, "")
    if not name:
        return
    notify = work.notify and not instance.quiet
    with suppress(NotFound):
        client.events.delete(organizer=work.entry.organizer, event_id=name, notify=notify, token=token)


def _instances(client: Client, work: Work) -> Mapping[datetime, str]:
    """Return the ids of those instances that are to go, by their starts: one look for all of them."""
    with work.lock:
        if work.instances is None:
            starts = [one.instance.start for one in work.planned.operations if one.instance is not None]
            found = client.events.view(
                organizer=work.entry.organizer, since=min(starts), until=max(starts) + timedelta(minutes=1)
            )
            work.instances = {one.start: one.id for one in found.events if one.series == work.entry.event_id}
        return work.instances
