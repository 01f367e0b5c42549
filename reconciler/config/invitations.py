"""From the attendees that a meeting declares to the people who are invited."""

from __future__ import annotations

from reconciler.config.document import Findings, Path
from reconciler.config.model import Invitation
from reconciler.config.registry import Registry, known_person

MAX_ATTENDEES = 500


def read_attendees(
    items: object, organizer: str | None, registry: Registry, path: Path, findings: Findings
) -> tuple[Invitation, ...] | None:
    """Return who is invited, groups expanded, in order; None where nothing is declared.

    Who is named twice is invited once, as required if one of them says so. The organiser is left out.
    """
    if not isinstance(items, list):
        return None
    optional: dict[str, bool] = {}
    for index, item in enumerate(items):
        for person, may_miss in _people(item, registry, (*path, index), findings):
            optional[person] = optional.get(person, True) and may_miss
    optional.pop(organizer or "", None)
    if len(optional) > MAX_ATTENDEES:
        message = f"{len(optional)} people are invited; {MAX_ATTENDEES} is the maximum"
        findings.error(path, message, "invite fewer, or split the meeting")
    return tuple(Invitation(person=person, optional=may_miss) for person, may_miss in optional.items())


def _people(item: object, registry: Registry, path: Path, findings: Findings) -> list[tuple[str, bool]]:
    if isinstance(item, str):
        return [(person, False) for person in _named(item, registry, path, findings)]
    if not isinstance(item, dict):
        return []
    optional = item.get("optional") is True
    if isinstance(item.get("group"), str):
        return [(person, optional) for person in _group(item["group"], registry, (*path, "group"), findings)]
    person = item.get("person")
    return [(str(person), optional)] if known_person(person, registry, (*path, "person"), findings) else []


def _named(name: str, registry: Registry, path: Path, findings: Findings) -> tuple[str, ...]:
    if name in registry.people:
        return (name,)
    if name in registry.groups:
        return registry.groups[name]
    if registry.broken & {"people", "groups"}:
        return ()
    known = {*registry.people, *registry.groups}
    hint = findings.suggest(name, known, otherwise="add the person to `people`, or the group to `groups`")
    findings.error(path, f"there is no person or group {name!r}", hint)
    return ()


def _group(name: str, registry: Registry, path: Path, findings: Findings) -> tuple[str, ...]:
    if name not in registry.groups and "groups" not in registry.broken:
        hint = findings.suggest(name, registry.groups, otherwise="add the group to `groups`")
        findings.error(path, f"there is no group {name!r}", hint)
    return registry.groups.get(name, ())
