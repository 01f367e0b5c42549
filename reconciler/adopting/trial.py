"""Whether what an import would declare can stand: it validates beside the config, and only adopts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from reconciler.adopting.choosing import LeftOut, series_left_out
from reconciler.adopting.declaring import Known, Tree, declare
from reconciler.adopting.grouping import Group
from reconciler.adopting.recurring import Window
from reconciler.adopting.writing import new_text
from reconciler.config import files_of, load
from reconciler.config.model import Config
from reconciler.desired import People, desired
from reconciler.diff.compare import compare
from reconciler.diff.gathering import address_of, gathered, not_to_be_adopted
from reconciler.errors import ConfigError, Problem, ReconcilerError, Severity
from reconciler.model.native import instance_of
from reconciler.model.observed import Observation, Observed
from reconciler.model.occurrence import Key, Occurrence

_OTHER_DATES = "its schedule would have other dates"  # days off, if anything: what all meetings keep clear of
_BEFORE = timedelta(days=2)
_AFTER = timedelta(days=400)  # more than a year after the last event no rule that ends with it can have a date


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What can be declared, and the groups that it would not have been true for."""

    tree: Tree
    groups: tuple[Group, ...]
    refused: tuple[LeftOut, ...]


def tried(
    groups: Sequence[Group], known: Known, people: People, path: Path, *, organizer: str, window: Window
) -> Trial:
    """Return those of `groups` that the config at `path` can declare such that a plan only adopts their events.

    Raises ReconcilerError where the config does not validate with them and none of them is to blame.
    """
    kept = list(groups)
    refused: list[LeftOut] = []
    while True:
        tree, by_name = declare(kept, known, organizer=organizer)
        if not kept:
            return Trial(tree=tree, groups=(), refused=tuple(refused))
        try:
            config = _beside(path, tree, window.now)
        except ConfigError as error:
            reasons = _blamed(error.problems, by_name)
        else:
            everybody = {**people, **tree.get("people", {})}
            series = {name: made for name, made in by_name.items() if made.instances is not None}
            single = {name: made for name, made in by_name.items() if made.instances is None}
            reasons = dict(_untrue(config, everybody, single)) if single else {}
            reasons |= _untrue_series(config, everybody, series, window)
        if not reasons:
            return Trial(tree=tree, groups=tuple(kept), refused=tuple(refused))
        for name, reason in reasons.items():
            made = by_name[name]
            if reason == _OTHER_DATES and not made.every_day:
                kept[kept.index(made)] = replace(made, every_day=True)
            else:
                kept.remove(made)
                refused.append(_left_out(made, reason))


def _beside(path: Path, tree: Tree, now: datetime) -> Config:
    """Return the config at `path` with `tree` in a file of its own beside it."""
    with TemporaryDirectory(prefix="reconciler-") as name:
        folder = Path(name)
        for file in files_of(path):
            shutil.copyfile(file, folder / f"{file.name}.yaml")
        new = next(one for number in range(10**6) if not (one := folder / f"imported-{number}.yaml").exists())
        new.write_text(new_text(tree, ()), encoding="utf-8")
        return load(folder, now=now)


def _blamed(problems: Sequence[Problem], by_name: Mapping[str, Group]) -> dict[str, str]:
    """Return what is wrong with which meeting. Raises ReconcilerError where it is none of them."""
    reasons: dict[str, str] = {}
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    for problem in errors:
        section, _, rest = problem.path.partition(".")
        named = [name for name in by_name if repr(name) in problem.message]
        name = rest.partition(".")[0]
        if section == "meetings" and name in by_name:
            named = [name]
        if named:
            reasons.setdefault(named[0], problem.message)
    if not reasons:
        told = "; ".join(f"{problem.path}: {problem.message}" for problem in errors[:3])
        raise ReconcilerError(f"the config does not validate with what was found: {told}", fix="import less at a time")
    return reasons


def _untrue(config: Config, people: People, by_name: Mapping[str, Group]) -> Iterator[tuple[str, str]]:
    """Yield the meetings that would be more than adopted, and what else would happen."""
    starts = [one.event.start for made in by_name.values() for one in made.members.values()]
    ours = replace(config, meetings={name: config.meetings[name] for name in by_name})
    wanted: dict[str, dict[datetime, Occurrence]] = {name: {} for name in by_name}
    for one in desired(ours, people, after=min(starts) - _BEFORE, before=max(starts) + _AFTER):
        wanted[one.key.meeting][one.key.original] = one
    for name, made in by_name.items():
        if wanted[name].keys() != made.members.keys():
            yield name, _OTHER_DATES
            continue
        paths = {
            field.path
            for original, one in made.members.items()
            for field in compare(
                wanted[name][original], Observed(key=Key(name, original), event=one.event, adopting=True)
            ).fields
        }
        if paths:
            yield name, f"applying would change: {', '.join(sorted(paths))}"


def _untrue_series(
    config: Config, people: People, by_name: Mapping[str, Group], window: Window
) -> Iterator[tuple[str, str]]:
    """Yield the recurring events that would be more than adopted, and what else would happen."""
    for name, made in by_name.items():
        ours = replace(config, meetings={name: config.meetings[name]})
        key = address_of(config.meetings[name])
        (original, one), instances = *made.members.items(), made.instances or ()
        wanted = desired(ours, people, after=window.now, before=window.until)
        starts = {each.start for each in wanted if each.start > window.now}
        if starts != {instance.start for instance in instances}:
            yield name, _OTHER_DATES
        elif key is None or key.original != original:
            yield name, "no recurring event of ours has its pattern"
        else:
            seen = tuple(instance_of(each) for each in instances)
            have = Observed(key=key, event=one.event, adopting=True, instances=seen)
            if told := _more_than_adopted(ours, wanted, have, window.now):
                yield name, told


def _more_than_adopted(config: Config, wanted: Sequence[Occurrence], have: Observed, now: datetime) -> str:
    """Return what the next plan would do with a recurring event besides, "" for nothing."""
    seen = Observation(occurrences={have.key: have})
    found = gathered(wanted, config, seen, now=now, before=now + config.horizon)
    if not_to_be_adopted(found, seen).unresolved:
        return "it would go otherwise"
    if [one.key for one in found if one.start > now] != [have.key]:
        return "some of its dates would become events of their own"
    paths = [field.path for one in found if one.key == have.key for field in compare(one, have).fields]
    return f"applying would change: {', '.join(sorted(paths))}" if paths else ""


def _left_out(made: Group, reason: str) -> LeftOut:
    first = min(made.members.values(), key=lambda one: one.event.start).event
    if made.instances is not None:
        return series_left_out(first.id, made.instances, reason)
    count = len(made.members)
    told = reason if count == 1 else f"{count} events: {reason}"
    return LeftOut(title=made.title, start=first.start, event_id=first.id, reason=told)
