"""The ways through the program: what a command does, from the config to a plan, and from a plan to an outcome.

Everything here can be called without a command line: it reads and writes what it is given, and prints nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from reconciler import apply as applying
from reconciler.config.model import Config
from reconciler.desired import People, desired
from reconciler.diff import diff
from reconciler.dingtalk import Client
from reconciler.errors import UsageError
from reconciler.models import Key, Occurrence
from reconciler.observe import Refresh, Scope, observe, remembered
from reconciler.observed import Observation, Observed
from reconciler.operations import Plan
from reconciler.outcome import Outcome
from reconciler.plan import plan
from reconciler.provider import resolve_people
from reconciler.settings import readable
from reconciler.state.local import LocalStore
from reconciler.state.model import State, pruned

SLACK = timedelta(days=31)  # how far around what was seen the schedule is expanded, so that old finds its new


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a plan is asked for. `targets` are names of meetings, none: all. `destroy` wants nothing to be left."""

    refresh: Refresh = Refresh.AUTO
    targets: frozenset[str] = frozenset()
    destroy: bool = False
    parallelism: int = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with what it was made from. `names` are people and rooms as the config calls them, by their ids."""

    plan: Plan
    state: State
    people: People
    names: Mapping[str, str] = field(default_factory=dict)


def make_plan(
    config: Config,
    client: Client,
    store: LocalStore,
    question: Question,
    *,
    now: datetime,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Planned:
    """Return what has to be done as of `now`. Reads DingTalk and the state, writes neither.

    Raises UsageError for a target that is no meeting, StateError, and ApiError where people can't be resolved.
    """
    _check_targets(config, store, question.targets)
    state = store.load()
    people, known = resolve_people(config, client, state)
    state = replace(state, people=known)
    until = now + config.horizon
    expected = () if question.destroy else desired(config, people, after=now, before=until)
    scope = _scope(config, people, expected, question)
    seen = observe(client, state, scope, now=now, parallelism=question.parallelism, progress=progress)
    wanted = () if question.destroy else _wanted(config, people, seen, now=now, until=until)
    found = diff(wanted, seen, now=now, create_before=until, targets=question.targets)
    made = plan(found, seen, workspace=config.workspace, now=now, until=until)
    warnings = tuple(str(problem) for problem in config.warnings)
    return Planned(plan=replace(made, warnings=warnings), state=state, people=people, names=names_of(config, people))


def apply_plan(
    planned: Planned,
    client: Client,
    store: LocalStore,
    *,
    clock: Callable[[], datetime],
    parallelism: int = 16,
    stop: applying.Stop | None = None,
    progress: applying.Progress = applying.untold,
) -> Outcome:
    """Carry out a plan, and save what is known afterwards."""
    before = sum(client.session.calls.values())
    outcome = applying.apply(
        planned.plan,
        client,
        store.journal,
        clock=clock,
        names=planned.names,
        parallelism=parallelism,
        stop=stop,
        progress=progress,
    )
    store.save(pruned(applying.remembered(planned.state, planned.plan, outcome), clock()))
    return replace(outcome, api_calls=sum(client.session.calls.values()) - before)


def names_of(config: Config, people: People) -> dict[str, str]:
    """Return the aliases of people and rooms by their ids."""
    return {union_id: alias for alias, union_id in people.items()} | {
        room.id: room.alias for room in config.rooms.values()
    }


def _check_targets(config: Config, store: LocalStore, targets: frozenset[str]) -> None:
    known = config.meetings.keys() | {key.meeting for key in store.load().entries} if targets else frozenset()
    for target in sorted(targets - known):
        raise UsageError(f"there is no meeting {target!r}", fix=f"choose of: {', '.join(sorted(config.meetings))}")


def _scope(config: Config, people: People, expected: tuple[Occurrence, ...], question: Question) -> Scope:
    organizers = {meeting.name: people[meeting.organizer] for meeting in config.meetings.values()}
    meetings = {} if question.destroy else organizers
    return Scope(
        workspace=config.workspace,
        meetings=meetings,
        organizers=frozenset(organizers.values()),
        with_settings=frozenset(name for name in meetings if readable(config.meetings[name].settings)),
        with_attendees=frozenset(
            name
            for name in meetings
            if config.meetings[name].attendees is not None
            or any(override.attendees is not None for override in config.meetings[name].overrides.values())
        ),
        expected=frozenset(occurrence.key for occurrence in expected),
        refresh=question.refresh,
    )


def _wanted(
    config: Config, people: People, seen: Observation, *, now: datetime, until: datetime
) -> tuple[Occurrence, ...]:
    """Return the declared occurrences of a window that is wide enough for all that was seen to find its own."""
    originals = [key.original.replace(tzinfo=UTC) for key in seen.occurrences]
    first = min([now, *originals]) - timedelta(days=2)
    last = max([until, *originals]) + SLACK
    return desired(config, people, after=first, before=last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agenda:
    """What is declared in a window, and what the state remembers of it."""

    wanted: tuple[Occurrence, ...]
    observed: Mapping[Key, Observed]
    people: People


def remembered_agenda(config: Config, store: LocalStore, *, now: datetime, until: datetime) -> Agenda:
    """Return the declared occurrences that are on at `now` or start before `until`, and our memory of them.

    Asks nobody: a person whose union id was never resolved goes by the alias.
    """
    state = store.load()
    people = {
        person.alias: person.union_id
        or state.people.get(f"userid:{person.userid}")
        or state.people.get(f"mobile:{person.mobile}")
        or person.alias
        for person in config.people.values()
    }
    wanted = desired(config, people, after=now - timedelta(days=1), before=until)
    return Agenda(
        wanted=tuple(occurrence for occurrence in wanted if occurrence.end > now),
        observed=remembered(state),
        people=people,
    )
