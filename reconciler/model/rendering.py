"""desired → what is written: the text of an event, and the event as DingTalk will then show it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.marker import Description, Marker, ends_with, parse_description
from reconciler.model.occurrence import Conference, Event, Occurrence, RoomBooking
from reconciler.model.settings import digest, readable, write_only
from reconciler.model.spelling import clocks, one_line_end, plain, shown
from reconciler.model.state import Entry


def describe(want: Occurrence, *, workspace: str, conference_id: str, link: str, revision: int, body: str = "") -> str:
    """Return the description of an event, its marker last. `body` is what people wrote where none is declared."""
    marker = Marker(
        workspace=workspace,
        key=want.key,
        conference=conference_id,
        revision=revision,
        applied=memory_digest(want),
    )
    text = body if want.description is None else one_line_end(want.description).strip()
    return str(Description(body=text, link=link, marker=marker))


def memory_digest(want: Occurrence) -> str:
    """Return the digest of what can be written but not read, without what is left to people."""
    return digest(
        {name: value for name, value in write_only(want.settings).items() if f"settings.{name}" not in want.ignore},
        ui_lock=want.ui_lock,
    )


def as_marked(want: Occurrence, marked: str, last: Occurrence | None) -> Occurrence:
    """Return `want` with those settings that are declared no more, and that its event's marker still stands for.

    They can't be read, and nobody has changed them: what was `last` applied tells them, if its digest is the `marked`.
    """
    if last is None or marked in {"", memory_digest(want)}:
        return want
    known = replace(want, settings={**write_only(last.settings), **want.settings})
    return known if memory_digest(known) == marked else want


def event_as_applied(workspace: str, entry: Entry) -> Event | None:
    """Return the event of `entry` as it was last written, None where there is none."""
    want = entry.applied
    if want is None or not entry.event_id:
        return None
    text = describe(
        want, workspace=workspace, conference_id=entry.conference_id, link=entry.url, revision=entry.revision
    )
    return Event(
        id=entry.event_id,
        organizer=entry.organizer,
        title=want.title,
        description=text,
        start=want.start,
        end=want.end,
        timezone=want.timezone,
        attendees=want.attendees or (),
        rooms=tuple(RoomBooking(room) for room in want.rooms or ()),
        recurring=want.recurrence is not None,
        recurrence=want.recurrence,
    )


def canonical(event: Event) -> Event:
    """Return `event` in one of the spellings that servers have for it: equal ones differ in nothing that counts.

    An event whose marker is not its last line keeps its text: it is to be mended.
    """
    said = parse_description(event.description)
    intact = said.marker is not None and ends_with(event.description, said.marker)
    return replace(
        event,
        title=plain(event.title),
        description=str(replace(said, body=shown(said.body))) if intact else event.description,
        timezone=clocks(event.timezone, event.start),
    )


def conference_as_applied(entry: Entry) -> Conference | None:
    """Return the conference of `entry` as it was last written, None where there is none."""
    want = entry.applied if entry.made is None else entry.made
    if want is None or not entry.conference_id:
        return None
    return Conference(
        id=entry.conference_id,
        title=want.title,
        start=want.start,
        end=want.end,
        url=entry.url,
        room_code=entry.room_code,
        settings=readable(want.settings),
    )
