"""Changes that a person makes to what is remembered. An address names an occurrence, a bare name a whole meeting."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace

from reconciler.config.model import Config
from reconciler.errors import UsageError
from reconciler.model.occurrence import Key, meeting_of
from reconciler.model.state import Calendar, Entry, State
from reconciler.state.lines import meetings

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def moved(state: State, old: str, new: str) -> tuple[State, int]:
    """Return `state` with what stands under `old` under `new`, and how many occurrences that were.

    That a meeting was renamed is remembered, see `moves`. Raises UsageError where nothing stands under `old`, something
    under `new`, one is a meeting and the other is not, or `new` is no name of a meeting.
    """
    if ("@" in old) != ("@" in new):
        raise UsageError("an occurrence can't become a meeting", fix="give two addresses, or two names of meetings")
    name = meeting_of(new)
    if not _NAME.fullmatch(name):
        fix = "write up to 60 lower-case letters, digits and hyphens, as for a meeting of the config"
        raise UsageError(f"{name!r} can't be the name of a meeting", fix=fix)
    count = sum(_under(key, old) for key in state.entries)
    if not count:
        raise _unknown(old)
    taken = [key for key in state.entries if _under(key, new)]
    if taken:
        what = f"the state has {new} already" if "@" in new else f"the state has {len(taken)} of {new!r} already"
        raise UsageError(what, fix=f"`reconciler state rm {new}` forgets it")
    if "@" not in new:
        return replace(renamed(state, {old: new}), moved=_and_moved(state.moved, old, new)), count
    keys = {key: Key.parse(new) for key in state.entries if _under(key, old)}
    names = {str(key): str(target) for key, target in keys.items()}
    return replace(
        state,
        entries={keys.get(key, key): _renamed(entry, keys.get(key, key)) for key, entry in state.entries.items()},
        calendars=_without(state.calendars, {state.entries[key].organizer for key in keys}),
        opened={
            names.get(address, address): replace(one, address=names.get(address, address))
            for address, one in state.opened.items()
        },
    ), count


def _and_moved(moves: Mapping[str, str], old: str, new: str) -> dict[str, str]:
    """Return `moves` and that of `old` to `new`; what led to `old` leads to `new`, and nothing away from there."""
    onward = {before: new if after == old else after for before, after in moves.items()}
    return {before: after for before, after in {**onward, old: new}.items() if before != new}


def moves(config: Config, state: State) -> Mapping[str, str]:
    """Return the meetings that have another name now: by the config's `moved`, and by `state mv` where it fits.

    The config's word counts more: who is declared has not moved, and to one that is not declared nobody moves.
    """
    found = dict(config.moved)
    for old, new in state.moved.items():
        name = config.moved.get(new, new)
        if old not in config.meetings and old not in found and name in config.meetings:
            found[old] = name
    return found


def without_undone(state: State, declared: Collection[str]) -> State:
    """Return `state` without the moves of meetings that are declared under the old name, as if never renamed."""
    return replace(state, moved={old: new for old, new in state.moved.items() if old not in declared})


def renamed(state: State, names: Mapping[str, str]) -> State:
    """Return `state` with the meetings of `names`, old → new, under their new names.

    What has an entry under the new name already keeps that one; the other stays under the old name, to be cancelled.
    """
    addresses = (*state.opened, *state.days_off, *state.cancelled.values())
    known = {meeting_of(address) for address in addresses} | meetings(state.entries) | state.rules.keys()
    if known.isdisjoint(names):
        return state
    entries = {key: entry for key, entry in state.entries.items() if key.moved(names) == key}
    for key, entry in state.entries.items():
        new = key.moved(names)
        applied = None if entry.applied is None else replace(entry.applied, key=entry.applied.key.moved(names))
        if new not in entries:
            entries[new] = replace(entry, key=new, applied=applied, intact=False)
        elif new != key:
            entries[key] = entry
    opened = {}
    for one in state.opened.values():
        meeting, sign, original = one.address.partition("@")
        address = f"{names.get(meeting, meeting)}{sign}{original}"
        opened[address] = replace(one, address=address)
    days_off = {}
    for address, reason in state.days_off.items():
        meeting, sign, original = address.partition("@")
        days_off[f"{names.get(meeting, meeting)}{sign}{original}"] = reason
    cancelled = {event: str(Key.parse(address).moved(names)) for event, address in state.cancelled.items()}
    rules = {names.get(meeting, meeting): rule for meeting, rule in state.rules.items()}
    return replace(state, entries=entries, opened=opened, days_off=days_off, cancelled=cancelled, rules=rules)


def removed(state: State, address: str) -> tuple[State, int]:
    """Return `state` without what stands under `address`, and how many occurrences that were. Raises UsageError."""
    gone = {key for key in state.entries if _under(key, address)}
    if not gone:
        raise _unknown(address)
    entries = {key: entry for key, entry in state.entries.items() if key not in gone}
    calendars = _without(state.calendars, {state.entries[key].organizer for key in gone})
    return replace(state, entries=entries, calendars=calendars), len(gone)


def without_organizer(state: State, organizer: str) -> tuple[State, int]:
    """Return `state` without a person whose calendar is gone, and without what was in it; and how many those were.

    Raises UsageError where nothing is known of `organizer`, a union id.
    """
    gone = {key for key, entry in state.entries.items() if entry.organizer == organizer}
    if not gone and organizer not in state.organizers:
        known = sorted(state.organizers | {entry.organizer for entry in state.entries.values()})
        raise UsageError(
            f"the state does not know the organiser {organizer}", fix=f"it knows: {', '.join(known) or 'none'}"
        )
    entries = {key: entry for key, entry in state.entries.items() if key not in gone}
    calendars = _without(state.calendars, {organizer})
    return replace(state, entries=entries, calendars=calendars, organizers=state.organizers - {organizer}), len(gone)


def _without(calendars: Mapping[str, Calendar], organizers: Collection[str]) -> dict[str, Calendar]:
    """Return `calendars` without those of `organizers`, so that the next run has them listed whole.

    An event that is as it was applied is remembered by its entry alone: who goes on from what was listed last would
    take one whose entry is gone for absent, and make it a second time.
    """
    return {who: one for who, one in calendars.items() if who not in organizers}


def _under(key: Key, address: str) -> bool:
    return str(key) == address if "@" in address else key.meeting == address


def _renamed(entry: Entry, key: Key) -> Entry:
    return replace(entry, key=key, applied=None if entry.applied is None else replace(entry.applied, key=key))


def _unknown(address: str) -> UsageError:
    return UsageError(f"the state does not know {address}", fix="`reconciler state list` prints what it knows")
