"""Rooms for people: what there is, what is free, what is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from rich.console import Group, RenderableType

from reconciler.report.lines import Line, Part, blank, counted, line
from reconciler.report.names import Names
from reconciler.report.times import clock, day, span
from reconciler.rooms.look import Availability, RoomView, Usage, rules_in_words

_BAR = 24


def rooms_text(rooms: Sequence[RoomView], *, now: datetime, zone: tzinfo) -> RenderableType:
    """Return all rooms with what is known of their rules, times in `zone`."""
    if not rooms:
        return Group(line("There are no rooms."))
    timed = any(room.rules is not None and room.rules.closed_from is not None for room in rooms)
    told = counted(len(rooms), "room") + (f", times in {zone}" if timed else "")
    lines = [line((told, "dim"))]
    for room in rooms:
        lines += [blank(), _head(room)]
        lines += _rules(room, now, zone)
    return Group(*lines)


def free_text(
    found: Sequence[Availability], names: Names, *, start: datetime, end: datetime, zone: tzinfo, why_none: str = ""
) -> RenderableType:
    """Return which rooms can be had, and why the others can't; `why_none` is told where no room would do."""
    local, last = start.astimezone(zone), end.astimezone(zone)
    free = [one for one in found if one.free]
    told = counted(len(free), "room is free", "rooms are free") if found else "No room fits"
    lines = [line((told, "bold"), f", {day(local)} {span(local, last)} ({zone})")]
    lines += [] if found else [line(one, indent=2) for one in why_none.splitlines()]
    lines += [_head(one.room, sign=("✓ ", "green")) for one in free]
    rest = [one for one in found if not one.free]
    lines += [blank()] * bool(rest and free)
    lines += [_taken(one, names, zone) for one in rest]
    return Group(*lines)


def usage_text(found: Sequence[Usage], *, start: datetime, end: datetime, zone: tzinfo) -> RenderableType:
    """Return booked hours by room, the most used first, with a bar to compare them by."""
    first, last = start.astimezone(zone), end.astimezone(zone)
    lines = [line((f"booked from {day(first)} {clock(first)} to {day(last)} {clock(last)} ({zone})", "dim"))]
    most = max((one.hours for one in found), default=0.0)
    wide = max((len(_name(one.room)) for one in found), default=0)
    for one in found:
        bar = "█" * round(_BAR * one.hours / most) if most else ""
        parts: list[Part] = [
            (f"{_name(one.room):<{wide}}", "bold"),
            f"  {one.hours:>7.1f} h  ",
            (f"{bar:<{_BAR}}", "cyan"),
        ]
        parts.append(f"  {counted(one.bookings, 'booking')}")
        if one.pending_hours:
            parts.append((f", {one.pending_hours:.1f} h pending approval", "yellow"))
        lines.append(line(*parts))
    return Group(*lines) if found else Group(line("There are no rooms."))


def _name(room: RoomView) -> str:
    return room.alias or room.name or room.id


def _head(room: RoomView, sign: Part = "") -> Line:
    told = [counted(room.capacity, "seat")] if room.capacity else []
    told += [room.location] if room.location else []
    told += room.tags
    parts: list[Part] = [sign, (_name(room), "bold")]
    if room.alias and room.name.casefold() not in {"", room.alias.casefold()}:
        parts.append(f" “{room.name}”")
    if told:
        parts.append(f"  {' · '.join(told)}")
    parts.append((f"  {room.id}" + ("" if room.alias else "  not in the config"), "dim"))
    return line(*parts)


def _rules(room: RoomView, now: datetime, zone: tzinfo) -> Iterator[Line]:
    if not room.known:
        yield line(("DingTalk does not know it", "red"), indent=2)
    elif room.rules is not None:
        told = list(rules_in_words(room.rules, now=now, zone=zone))
        yield line("; ".join(told) or ("may be booked by everyone", "green"), indent=2)


def _taken(one: Availability, names: Names, zone: tzinfo) -> Line:
    why = one.refused
    if one.until is not None:
        until = one.until.astimezone(zone)
        why = f"{names.person(one.holder)} has it until {day(until)} {clock(until)}" if one.holder else "taken"
    return line(("✗ ", "red"), _name(one.room), (f"  {why}", "dim"))
