"""config → desired: every declared occurrence of a window, people and rooms by their ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from reconciler.config.model import Config, Invitation, Meeting, Override
from reconciler.config.pools import fitting, people_of
from reconciler.model.occurrence import Attendee, Key, Occurrence, Pool, SettingValue
from reconciler.model.settings import SETTINGS, Kind, canonical
from reconciler.schedule.dates import rule_dates
from reconciler.schedule.expand import expand
from reconciler.schedule.model import Slot
from reconciler.schedule.recurrence import parse_rule
from reconciler.schedule.zones import zone

T = TypeVar("T")
People = Mapping[str, str]  # alias → union id

_AS_DECLARED = Override()


def aliases_of(people: People) -> dict[str, str]:
    """Return the aliases of people by their union ids; of who has two, the last."""
    return {union_id: alias for alias, union_id in people.items()}


def ids_of(config: Config, people: People) -> dict[str, str]:
    """Return the union ids of all people of `config` by alias; whom DingTalk does not know goes by the alias."""
    return {alias: people.get(alias, alias) for alias in config.people}


def desired(config: Config, people: People, *, after: datetime, before: datetime) -> tuple[Occurrence, ...]:
    """Return the declared occurrences whose start lies in [after, before), ordered by start and meeting.

    `people` has a union id for every alias that the config uses. Both instants are aware.
    """
    found = [
        occurrence
        for meeting in config.meetings.values()
        for occurrence in _occurrences(config, meeting, people, after=after, before=before)
    ]
    return tuple(sorted(found, key=lambda occurrence: (occurrence.start, occurrence.key)))


def _occurrences(
    config: Config, meeting: Meeting, people: People, *, after: datetime, before: datetime
) -> Iterator[Occurrence]:
    slots = expand(meeting.schedule, after=after, before=before)
    dates = _dates_of_series(meeting, slots)
    make = maker(config, meeting, people)
    for slot in slots:
        serial = meeting.pattern is not None and slot.change is None and not slot.holiday and slot.original in dates
        yield make(slot, serial)


def maker(config: Config, meeting: Meeting, people: People) -> Callable[[Slot, bool], Occurrence]:
    """Return what makes the occurrence of a slot, `serial` where it is a date of a recurring event.

    Slots without a change give occurrences that differ in their key and their times alone.
    """
    organizer = people[meeting.organizer]
    settings = {name: _resolved(name, value, people) for name, value in meeting.settings.items()}
    attendees = _attendees(meeting.attendees, people, organizer)

    def make(slot: Slot, serial: bool) -> Occurrence:  # noqa: FBT001  # a Callable names no arguments
        override = _override(meeting, slot)
        return Occurrence(
            key=Key(meeting.name, slot.original),
            title=override.title or meeting.title,
            description=_first(override.description, meeting.description),
            organizer=organizer,
            start=slot.start,
            end=slot.end,
            timezone=meeting.schedule.timezone,
            attendees=_first(_attendees(override.attendees, people, organizer), attendees),
            rooms=_rooms(override.rooms if _names_rooms(override) else meeting.rooms, config),
            pool=_pool(meeting, override, config),
            settings=settings,
            notify=meeting.notify,
            ui_lock=meeting.ui_lock,
            protect=meeting.protect,
            link=meeting.link,
            serial=serial,
            ignore=meeting.ignore,
            rule=meeting.schedule.rule or "",
        )

    return make


def _dates_of_series(meeting: Meeting, slots: Sequence[Slot]) -> frozenset[datetime]:
    """Return which of the original starts are those of the rule, where the meeting is one recurring event."""
    schedule = meeting.schedule
    if meeting.pattern is None or schedule.rule is None or not slots:
        return frozenset()
    originals = [slot.original for slot in slots]
    rule, where = parse_rule(schedule.rule), zone(schedule.timezone)
    return frozenset(rule_dates(rule, schedule.start, where, first=min(originals), last=max(originals)))


def _override(meeting: Meeting, slot: Slot) -> Override:
    return _AS_DECLARED if slot.change is None else meeting.overrides.get(slot.change, _AS_DECLARED)


def _first(override: T | None, declared: T | None) -> T | None:
    return declared if override is None else override


def _attendees(
    invitations: tuple[Invitation, ...] | None, people: People, organizer: str
) -> tuple[Attendee, ...] | None:
    if invitations is None:
        return None
    optional: dict[str, bool] = {}
    for invitation in invitations:
        union_id = people[invitation.person]
        # Two aliases may turn out to be one person; whoever is needed once is needed.
        optional[union_id] = invitation.optional and optional.get(union_id, True)
    return tuple(sorted(Attendee(who, flag) for who, flag in optional.items() if who != organizer))


def _rooms(aliases: tuple[str, ...] | None, config: Config) -> tuple[str, ...] | None:
    return None if aliases is None else tuple(config.rooms[alias].id for alias in aliases)


def _names_rooms(override: Override) -> bool:
    return override.rooms is not None or override.pool is not None


def _pool(meeting: Meeting, override: Override, config: Config) -> Pool | None:
    pool = override.pool if _names_rooms(override) else meeting.pool
    if pool is None:
        return None
    people = people_of(meeting.organizer, _first(override.attendees, meeting.attendees))
    return Pool(rooms=tuple(room.id for room in fitting(pool, config.rooms, people)), count=pool.count)


def _resolved(name: str, value: SettingValue, people: People) -> SettingValue:
    if SETTINGS[name].kind is Kind.PERSON and isinstance(value, str):
        return people[value]
    if SETTINGS[name].kind is Kind.PEOPLE and isinstance(value, tuple):
        return canonical(name, tuple(people[alias] for alias in value if isinstance(alias, str)))
    return canonical(name, value)
