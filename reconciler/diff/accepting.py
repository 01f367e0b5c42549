"""Drift → what to write into the config so that it says what DingTalk shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from reconciler.config.model import Config, Meeting
from reconciler.config.texts import MOST_DESCRIPTION, MOST_TITLE, unshowable
from reconciler.desired import People, aliases_of
from reconciler.diff.drift import Cause, Finding
from reconciler.model.observed import Observation
from reconciler.model.occurrence import LOCAL_FORMAT, Key, Link
from reconciler.model.settings import SETTINGS, Kind
from reconciler.schedule.zones import elapsed, zone

_HOUR_MINUTES = 60
_TEXTS = {"title", "description", "attendees", "rooms"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A merge patch of the config (RFC 7386), and what no config can say.

    Mappings merge, None takes an entry away, everything else replaces.
    """

    patch: Mapping[str, Any]
    left: tuple[str, ...] = ()


def accept(findings: Iterable[Finding], seen: Observation, config: Config, people: People) -> Acceptance:
    """Return the patch that accepts every edit: of the meeting where all occurrences have it alike, else a `change`."""
    draft = _Draft(config, people)
    by_meeting: dict[str, list[Finding]] = defaultdict(list)
    for one in findings:
        if one.cause is Cause.EDITED:
            by_meeting[one.key.meeting].append(one)
    for name, ours in by_meeting.items():
        if name in config.meetings:
            there = sum(key.meeting == name and one.event is not None for key, one in seen.occurrences.items())
            draft.meeting(config.meetings[name], ours, there)
        else:
            draft.left += [f"{one.key}: the meeting is no longer declared" for one in ours]
    return Acceptance(patch=draft.patch(), left=tuple(dict.fromkeys(draft.left)))


@dataclass(slots=True)
class _Edits:
    """What one occurrence is to be."""

    fields: dict[str, Any] = field(default_factory=dict)
    skipped: bool = False


class _Draft:
    def __init__(self, config: Config, people: People) -> None:
        self.left: list[str] = []
        self._people = aliases_of(people)
        self._rooms = config.room_aliases
        self._new: dict[str, dict[str, Any]] = {"people": {}, "rooms": {}}
        self._meetings: dict[str, Any] = {}

    def patch(self) -> dict[str, Any]:
        new = {section: entries for section, entries in self._new.items() if entries}
        return new | ({"meetings": self._meetings} if self._meetings else {})

    def meeting(self, meeting: Meeting, findings: list[Finding], there: int) -> None:
        whole: dict[str, Any] = {}
        by_path: dict[str, list[Finding]] = defaultdict(list)
        by_key: dict[Key, _Edits] = defaultdict(_Edits)
        gone = {one.key for one in findings if one.path == "event" and not one.key.series}
        for one in findings:
            if one.key in gone:
                by_key[one.key].skipped = True
            elif reason := _unsayable(one, meeting):
                self.left.append(f"{one.key}: {one.path} can't be accepted, {reason}; apply puts it back")
            else:
                by_path[one.path].append(one)
        for path, ours in by_path.items():
            alike = len(ours) == there and there > 1 and all(one.seen == ours[0].seen for one in ours)
            alike = alike or any(one.key.series for one in ours)  # what is edited of a series is edited of all of it
            if path in _TEXTS:
                if alike:
                    whole[path] = self._value(path, ours[0].seen)
                for one in ours:
                    if not alike or _has_its_own(meeting, one.key, path):
                        by_key[one.key].fields[path] = self._value(path, one.seen)
            elif path in {"start", "end"} and not any(one.key.series for one in ours):
                for one in ours:
                    by_key[one.key].fields.update(_times(one, meeting))
            elif path.startswith("settings.") and len(ours) == there and all(one.seen == ours[0].seen for one in ours):
                _put(whole, path.split("."), self._setting(path.removeprefix("settings."), ours[0].seen))
            else:
                self.left += [f"{one.key}: {path} can't be accepted; apply puts it back" for one in ours]
        schedule = _schedule(meeting, by_key)
        if whole or schedule:
            self._meetings[meeting.name] = whole | ({"schedule": schedule} if schedule else {})

    def _value(self, path: str, seen: Any) -> Any:
        match path:
            case "attendees":
                return [self._attendee(one) for one in seen]
            case "rooms":
                return [self._alias("rooms", self._rooms, one) for one in seen]
            case _:
                return seen

    def _attendee(self, seen: Mapping[str, Any]) -> Any:
        alias = self._alias("people", self._people, seen["person"])
        return {"person": alias, "optional": True} if seen["optional"] else alias

    def _setting(self, name: str, seen: Any) -> Any:
        if SETTINGS[name].kind is Kind.PERSON and seen:
            return self._alias("people", self._people, seen)
        if SETTINGS[name].kind is Kind.PEOPLE:
            return [self._alias("people", self._people, one) for one in seen]
        return seen

    def _alias(self, section: str, known: dict[str, str], name: str) -> str:
        """Return the alias of a person or room; whoever the config doesn't know gets one, for people to improve."""
        if name not in known:
            word = "person" if section == "people" else "room"
            taken = set(known.values())
            number = next(n for n in range(1, len(taken) + 2) if f"{word}-{n}" not in taken)
            known[name] = f"{word}-{number}"
            self._new[section][known[name]] = name
        return known[name]


def _unsayable(one: Finding, meeting: Meeting) -> str:
    """Return why a config can't say what DingTalk shows here; "" where it can, as far as one occurrence tells."""
    if one.path in {"title", "description"} and isinstance(one.seen, str):
        most = MOST_DESCRIPTION if one.path == "description" else MOST_TITLE if meeting.link is not Link.EVENT else None
        if most is not None and len(one.seen) > most:
            return f"it is longer than {most} characters"
        if unshowable(one.seen, allowed="\n\t" if one.path == "description" else "") is not None:
            return "it holds a control character"
        return "it is empty" if one.path == "title" and not one.seen.strip() else ""
    event = one.observed.event if one.observed is not None else None
    if one.path not in {"start", "end"} or event is None:
        return ""
    length = elapsed(event.start, event.end)
    if event.start.second or event.start.microsecond or length % timedelta(minutes=1):
        return "it is not a whole minute"
    return "" if timedelta(0) < length <= timedelta(days=1) else "it lasts longer than 24 hours"


def _has_its_own(meeting: Meeting, key: Key, path: str) -> bool:
    """Return whether a `change` says what this occurrence has at `path`, so that the meeting's own does not count."""
    override = meeting.overrides.get(_declared_key(meeting, key.original))
    if override is None:
        return False
    return getattr(override, path) is not None or (path == "rooms" and override.pool is not None)


def _times(one: Finding, meeting: Meeting) -> dict[str, str]:
    """Return start and duration of a `change`, in the zone of the meeting."""
    event = one.observed.event if one.observed is not None else None
    if event is None:
        return {}
    start = event.start.astimezone(zone(meeting.schedule.timezone))
    same_day = start.date() == one.key.original.date()
    fields = {"start": start.strftime("%H:%M" if same_day else LOCAL_FORMAT)}
    length = elapsed(event.start, event.end)
    declared = meeting.schedule.changes.get(_declared_key(meeting, one.key.original))
    as_usual = length == meeting.schedule.duration and (declared is None or declared.duration is None)
    return fields if as_usual else fields | {"duration": _length(length)}


def _length(length: timedelta) -> str:
    hours, minutes = divmod(int(length.total_seconds()) // 60, _HOUR_MINUTES)
    return (f"{hours}h" if hours else "") + (f"{minutes}m" if minutes or not hours else "")


def _schedule(meeting: Meeting, by_key: Mapping[Key, _Edits]) -> dict[str, Any]:
    known = meeting.schedule.skip
    skipped = [key.original for key, edits in by_key.items() if edits.skipped]
    changes: dict[str, Any] = {
        _moment(_declared_key(meeting, key.original)): edits.fields
        for key, edits in by_key.items()
        if edits.fields and not edits.skipped
    }
    declared = {_declared_key(meeting, when) for when in skipped} & meeting.schedule.changes.keys()
    changes |= dict.fromkeys(
        map(_moment, sorted(declared, key=str))
    )  # of what does not take place nothing is different
    skip = {"skip": [_moment(when) for when in (*known, *skipped)]} if skipped else {}
    return skip | ({"change": changes} if changes else {})


def _declared_key(meeting: Meeting, original: datetime) -> date | datetime:
    """Return under which key the config changes this occurrence already; its date and time where it does not."""
    if original in meeting.schedule.changes:
        return original
    day = original.date()
    return day if day in meeting.schedule.changes else original


def _moment(when: date | datetime) -> str:
    return when.strftime(LOCAL_FORMAT) if isinstance(when, datetime) else when.isoformat()


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        tree = tree.setdefault(step, {})
    tree[path[-1]] = value
