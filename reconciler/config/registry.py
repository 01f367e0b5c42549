"""Who and what a config knows by name: people, groups and rooms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.model import Person, Room
from reconciler.errors import Position

_ID_FIELDS = ("union_id", "userid", "mobile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """People, rooms, and groups as the people in them, in order; a broken entry is known by name alone."""

    people: Mapping[str, Person | None]
    groups: Mapping[str, tuple[str, ...]]
    rooms: Mapping[str, Room | None]
    broken: frozenset[str] = frozenset()  # sections that can't be read: whatever they should name is not missed


def read_registry(tree: dict[str, Any], findings: Findings) -> Registry:
    """Return what the config knows by name, and note what is wrong with it."""
    people = {
        str(alias): _person(str(alias), value, findings.document.key(("people", alias)))
        for alias, value in section(tree, "people").items()
    }
    rooms = {str(alias): _room(str(alias), value) for alias, value in section(tree, "rooms").items()}
    _same_person(people, findings)
    _same_room(rooms, findings)
    broken = frozenset(name for name in ("people", "groups", "rooms") if name in tree and tree[name] is None)
    groups = _groups(section(tree, "groups"), people, findings, complain="people" not in broken)
    return Registry(people=people, groups=groups, rooms=rooms, broken=broken)


def section(tree: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a mapping of the tree; where it is not there or was no mapping, an empty one."""
    return tree.get(name) or {}


def words(items: object) -> Iterator[tuple[int, str]]:
    """Yield index and text of the items of a list that are text; what is not has been complained about."""
    if isinstance(items, list):
        yield from ((index, item) for index, item in enumerate(items) if isinstance(item, str))


def known_person(alias: object, registry: Registry, path: Path, findings: Findings) -> bool:
    """Return whether `alias` names a person; note it where it is a name, but nobody's."""
    if not isinstance(alias, str) or "people" in registry.broken:
        return False
    if alias in registry.people:
        return True
    if alias in registry.groups:
        findings.error(path, f"{alias!r} is a group, and this must be one person", "name a person")
    else:
        hint = findings.suggest(alias, registry.people, otherwise="add the person to `people`")
        findings.error(path, f"there is no person {alias!r}", hint)
    return False


def known_rooms(items: object, registry: Registry, path: Path, findings: Findings) -> tuple[str, ...]:
    """Return those of `items` that are aliases of rooms, each once; note the others."""
    known: dict[str, None] = {}
    for index, alias in words(items):
        if alias in registry.rooms:
            known[alias] = None
        elif "rooms" not in registry.broken:
            hint = findings.suggest(alias, registry.rooms, otherwise="add the room to `rooms`")
            findings.error((*path, index), f"there is no room {alias!r}", hint)
    return tuple(known)


def _person(alias: str, value: object, position: Position) -> Person | None:
    if isinstance(value, str):
        return Person(alias=alias, union_id=value, position=position)
    if not isinstance(value, dict):
        return None
    given = {name: value[name] for name in _ID_FIELDS if isinstance(value.get(name), str)}
    return Person(alias=alias, position=position, **given) if len(given) == 1 else None


def _room(alias: str, value: object) -> Room | None:
    if isinstance(value, str):
        return Room(alias=alias, id=value)
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        return None
    tags = tuple(tag for _, tag in words(value.get("tags")))
    capacity = value.get("capacity")
    whole = None if capacity is None else int(capacity)
    return Room(alias=alias, id=value["id"], capacity=whole, location=value.get("location"), tags=tags)


def _same_person(people: Mapping[str, Person | None], findings: Findings) -> None:
    seen: dict[tuple[str | None, ...], str] = {}
    for alias, person in people.items():
        if person is not None:
            first = seen.setdefault((person.union_id, person.userid, person.mobile), alias)
            if first != alias:
                findings.warn(("people", alias), f"{alias!r} is the same person as {first!r}", "keep one alias")


def _same_room(rooms: Mapping[str, Room | None], findings: Findings) -> None:
    seen: dict[str, str] = {}
    for alias, room in rooms.items():
        if room is not None:
            first = seen.setdefault(room.id, alias)
            if first != alias:
                # An error: two names would hide that two meetings want the one room.
                findings.error(("rooms", alias), f"{alias!r} is the same room as {first!r}", "keep one alias")


def _groups(
    groups: dict[str, Any], people: Mapping[str, Person | None], findings: Findings, *, complain: bool
) -> dict[str, tuple[str, ...]]:
    for name, members in groups.items():
        if name in people:
            place = findings.document.key(("people", name))
            message = f"{name!r} is a person, too, at {place}"
            findings.error(("groups", name), message, "rename one of them", on_key=True)
        for index, member in words(members):
            if complain and member not in people and member not in groups:
                hint = findings.suggest(member, {*people, *groups}, otherwise="add the person to `people`")
                findings.error(("groups", name, index), f"there is no person or group {member!r}", hint)
    expanded: dict[str, tuple[str, ...]] = {}
    for name in groups:
        _expand(name, groups, people, expanded, findings)
    return expanded


def _expand(
    name: str,
    groups: dict[str, Any],
    people: Mapping[str, Person | None],
    expanded: dict[str, tuple[str, ...]],
    findings: Findings,
) -> None:
    """Put the people of a group and of the groups in it into `expanded`; note where a group contains itself.

    Without recursion, as groups may be nested deeper than Python's stack.
    """
    stack: list[tuple[str, Iterator[tuple[int, str]]]] = [(name, words(groups[name]))]
    found: dict[str, dict[str, None]] = {name: {}}
    while stack:
        group, members = stack[-1]
        for index, member in members:
            if member in people:
                found[group][member] = None
            elif member in expanded:
                found[group].update(dict.fromkeys(expanded[member]))
            elif member in found:
                findings.error(("groups", group, index), f"the group {member!r} contains itself", "take it out")
            elif member in groups:
                found[member] = {}
                stack.append((member, words(groups[member])))
                break
        else:
            stack.pop()
            expanded[group] = tuple(found.pop(group))
            if stack:
                found[stack[-1][0]].update(dict.fromkeys(expanded[group]))
