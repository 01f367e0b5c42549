"""From the values of the config to its meetings: defaults resolved, groups expanded, every name known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path as FilePath
from typing import Any

from reconciler.config.adoptions import read_adoptions
from reconciler.config.document import Findings, Path
from reconciler.config.freeze import read_freezes
from reconciler.config.holidays import Holidays, days_off, read_closures, read_holidays
from reconciler.config.invitations import read_attendees
from reconciler.config.model import Config, Meeting, Override, Provider, ProviderKind, Verify
from reconciler.config.moments import read_moment
from reconciler.config.moves import read_moves
from reconciler.config.native import read_link, read_pattern
from reconciler.config.place import read_state
from reconciler.config.pools import read_pool
from reconciler.config.preferences import check_settings, read_settings
from reconciler.config.provider import check_endpoint, read_limiter
from reconciler.config.registry import Registry, known_person, known_rooms, read_registry, section, words
from reconciler.config.texts import check_title, read_text
from reconciler.config.timing import parse_duration, read_schedule, read_zone
from reconciler.model.occurrence import Link, SettingValue
from reconciler.model.settings import SETTINGS
from reconciler.schedule.model import Closure, Schedule

DEFAULT_HORIZON = timedelta(days=28)
MAX_HORIZON = timedelta(days=365)  # the calendar is asked for a year at most


@dataclass(frozen=True, slots=True, kw_only=True)
class _Defaults:
    timezone: str | None
    organizer: str | None
    notify: bool
    ui_lock: bool
    settings: Mapping[str, SettingValue]
    holidays: Holidays
    closures: tuple[Closure, ...]


def without(value: Any, spoilt: Iterable[Path]) -> Any:
    """Return a copy of a tree with None for the values at the paths of `spoilt`: known to be there, but of no use."""
    copied = _copy(value)
    for path in spoilt:
        holder = copied
        for step in path[:-1]:
            holder = holder[step] if holder is not None else None
        if not path:
            return None
        if holder is not None:
            holder[path[-1]] = None
    return copied


def build(tree: dict[str, Any], root: FilePath, findings: Findings) -> Config:
    """Return the config that `tree` says, without what is wrong with it, which is noted.

    It is whole where `findings` has no error.
    """
    registry = read_registry(tree, findings)
    broken = "defaults" in tree and tree["defaults"] is None
    closures = read_closures(tree, findings)
    defaults = _defaults(section(tree, "defaults"), closures, registry, findings, broken=broken)
    meetings = {}
    for name, value in section(tree, "meetings").items():
        if isinstance(value, dict):
            meeting = _meeting(name, value, defaults, registry, findings)
            if meeting is not None:
                meetings[name] = meeting
    return Config(
        root=root,
        workspace=str(tree.get("workspace")),
        provider=_provider(section(tree, "provider"), findings),
        horizon=_horizon(tree.get("horizon"), findings),
        verify=_verify(section(tree, "verify"), findings),
        state=read_state(section(tree, "state"), findings),
        groups=dict(registry.groups),
        people={alias: person for alias, person in registry.people.items() if person is not None},
        rooms={alias: room for alias, room in registry.rooms.items() if room is not None},
        meetings=meetings,
        freezes=read_freezes(tree, defaults.timezone, findings),
        moved=read_moves(tree, section(tree, "meetings"), findings),
    )


def _copy(value: Any) -> Any:
    # What an alias repeats is copied each time: the parser has bounded how much that can be.
    if isinstance(value, dict):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list) else value


def _provider(tree: dict[str, Any], findings: Findings) -> Provider:
    endpoint = tree.get("endpoint")
    if isinstance(endpoint, str):
        check_endpoint(endpoint, ("provider", "endpoint"), findings)
    given = {name: int(tree[name]) for name in ("qps", "monthly_quota") if tree.get(name) is not None}
    kind = ProviderKind(tree.get("kind") or ProviderKind.SANDBOX)
    limiter = read_limiter(section(tree, "limiter"), findings)
    return Provider(kind=kind, endpoint=(endpoint or Provider().endpoint).rstrip("/"), limiter=limiter, **given)


def _horizon(value: object, findings: Findings) -> timedelta:
    if not isinstance(value, str):
        return DEFAULT_HORIZON
    horizon = parse_duration(value)
    if not timedelta(0) < horizon <= MAX_HORIZON:
        message = f"the horizon must be more than nothing and at most {MAX_HORIZON.days} days"
        findings.error(("horizon",), message, "write, for example, 28d")
        return DEFAULT_HORIZON
    return horizon


def _verify(tree: dict[str, Any], findings: Findings) -> Verify:
    every = parse_duration(tree["every"]) if isinstance(tree.get("every"), str) else Verify().every
    if not timedelta(0) < every <= MAX_HORIZON:
        message = f"this must be more than nothing and at most {MAX_HORIZON.days} days"
        findings.error(("verify", "every"), message, "write, for example, 24h")
    budget = tree.get("budget")
    return Verify(every=every, budget=Verify().budget if budget is None else int(budget))


def _defaults(
    tree: dict[str, Any], closures: tuple[Closure, ...], registry: Registry, findings: Findings, *, broken: bool
) -> _Defaults:
    if broken:
        return _Defaults(
            timezone="",
            organizer="",
            notify=True,
            ui_lock=False,
            settings={},
            holidays=Holidays(),
            closures=closures,
        )
    timezone = read_zone(tree.get("timezone"), ("defaults", "timezone"), findings)
    if "timezone" in tree:
        timezone = timezone or ""
    organizer = tree.get("organizer")
    if organizer is not None and not known_person(organizer, registry, ("defaults", "organizer"), findings):
        organizer = None
    settings = read_settings(tree.get("settings"), registry, ("defaults", "settings"), findings)
    check_settings(settings, ("defaults", "settings"), findings)
    return _Defaults(
        timezone=timezone,
        organizer=organizer if "organizer" not in tree else organizer or "",
        notify=tree.get("notify") is not False,
        ui_lock=tree.get("ui_lock") is True,
        settings=settings,
        holidays=read_holidays(tree.get("holidays"), ("defaults", "holidays"), findings),
        closures=closures,
    )


def _meeting(
    name: str, tree: dict[str, Any], defaults: _Defaults, registry: Registry, findings: Findings
) -> Meeting | None:
    path: Path = ("meetings", name)
    title = read_text(tree.get("title"), (*path, "title"), findings)
    organizer = _organizer(tree, defaults, registry, path, findings)
    look = _look(tree, organizer, registry, path, findings)
    times = section(tree, "schedule")
    overrides = _overrides(section(times, "change"), organizer, registry, (*path, "schedule", "change"), findings)
    schedule = _schedule(tree, times, defaults, path, findings) if times else None
    link = read_link(tree, path, findings)
    _check_titles(tree, times, link, path, findings)
    own = read_settings(tree.get("settings"), registry, (*path, "settings"), findings)
    settings = _settings(own, link, defaults, path, findings)
    if title is None or organizer is None or schedule is None:
        return None
    notify, ui_lock = tree.get("notify"), tree.get("ui_lock")
    return Meeting(
        name=name,
        title=title,
        organizer=organizer,
        schedule=schedule,
        position=findings.document.key(path),
        description=look.description,
        attendees=look.attendees,
        rooms=look.rooms,
        pool=look.pool,
        max_conflicts=int(tree.get("max_conflicts") or 0),
        rooms_at=findings.document.key((*path, "rooms")) if "rooms" in tree else None,
        notify=defaults.notify if notify is None else bool(notify),
        ui_lock=defaults.ui_lock if ui_lock is None else bool(ui_lock),
        settings=settings,
        overrides=overrides,
        enabled=tree.get("enabled") is not False,
        protect=tree.get("protect") is True,
        link=link,
        pattern=read_pattern(tree, schedule, path, findings, pooled=_is_pooled(look, overrides)),
        adopt=read_adoptions(tree, (*path, "adopt"), findings),
        ignore=_ignored(tree.get("ignore"), (*path, "ignore"), findings),
    )


def _schedule(
    tree: dict[str, Any], times: dict[str, Any], defaults: _Defaults, path: Path, findings: Findings
) -> Schedule | None:
    holidays = read_holidays(tree.get("holidays"), (*path, "holidays"), findings)
    off = days_off(holidays, defaults.holidays, defaults.closures)
    return read_schedule(times, defaults.timezone, off, (*path, "schedule"), findings)


def _check_titles(tree: dict[str, Any], times: dict[str, Any], link: Link, path: Path, findings: Findings) -> None:
    """Note the titles that are too long for what they name: of the meeting, and of its changed occurrences."""
    check_title(tree.get("title"), link, (*path, "title"), findings)
    for when, change in section(times, "change").items():
        if isinstance(change, dict):
            check_title(change.get("title"), link, (*path, "schedule", "change", when, "title"), findings)


def _settings(
    own: Mapping[str, SettingValue], link: Link, defaults: _Defaults, path: Path, findings: Findings
) -> Mapping[str, SettingValue]:
    """Return the settings of a meeting's conference, its `own` over the defaults; none where it is DingTalk's own."""
    if link is not Link.EVENT:
        if own:
            check_settings({**defaults.settings, **own}, (*path, "settings"), findings)
        return {**defaults.settings, **own}
    if own:
        message = "with link: event the conference is DingTalk's own, and its settings can't be managed"
        findings.error((*path, "settings"), message, "take the settings out, or link: event", on_key=True)
    return {}


def _is_pooled(look: Override, overrides: Mapping[date | datetime, Override]) -> bool:
    return look.pool is not None or any(override.pool is not None for override in overrides.values())


def _ignored(value: object, path: Path, findings: Findings) -> tuple[str, ...]:
    known: list[str] = []
    for index, name in words(value):
        setting = name.removeprefix("settings.")
        if setting != name and setting not in SETTINGS:
            hint = findings.suggest(setting, SETTINGS, otherwise="`reconciler schema` prints what there is")
            findings.error((*path, index), f"there is no setting {setting!r}", hint)
        else:
            known.append(name)
    return tuple(sorted(known))


def _organizer(
    tree: dict[str, Any], defaults: _Defaults, registry: Registry, path: Path, findings: Findings
) -> str | None:
    if "organizer" in tree:
        organizer = tree["organizer"]
        return organizer if known_person(organizer, registry, (*path, "organizer"), findings) else None
    if defaults.organizer is None:
        message, hint = "the meeting has no organizer", "add organizer: with a person, here or in `defaults`"
        findings.error(path, message, hint, on_key=True)
    return defaults.organizer or None


def _look(tree: dict[str, Any], organizer: str | None, registry: Registry, path: Path, findings: Findings) -> Override:
    """Return all that a meeting, and a change of one occurrence, say alike."""
    rooms = tree.get("rooms")
    return Override(
        title=read_text(tree.get("title"), (*path, "title"), findings) if path[2:3] == ("schedule",) else None,
        description=read_text(tree.get("description"), (*path, "description"), findings, lines=True),
        attendees=read_attendees(tree.get("attendees"), organizer, registry, (*path, "attendees"), findings),
        rooms=known_rooms(rooms, registry, (*path, "rooms"), findings) if isinstance(rooms, list) else None,
        pool=read_pool(rooms, registry, (*path, "rooms"), findings),
    )


def _overrides(
    tree: dict[str, Any], organizer: str | None, registry: Registry, path: Path, findings: Findings
) -> dict[date | datetime, Override]:
    overrides = {}
    for key, value in tree.items():
        # A date that no calendar has is noted with the schedule.
        when = read_moment(key, (*path, key), Findings(document=findings.document))
        if isinstance(value, dict) and when is not None:
            overrides[when] = _look(value, organizer, registry, (*path, key), findings)
    return overrides
