"""A look: both sides of a comparison, as far as there is anything to compare."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from reconciler.apply.daily import events_left
from reconciler.config.model import Config
from reconciler.config.words import choose_from
from reconciler.desired import People, desired
from reconciler.diff.gathering import address_of, gathered, not_to_be_adopted
from reconciler.diff.guard import disabled
from reconciler.diff.sharing import AHEAD
from reconciler.dingtalk import Reader
from reconciler.dingtalk.errors import ApiError
from reconciler.errors import UsageError
from reconciler.model.observed import Changes, Observation, Told
from reconciler.model.occurrence import Key, Link, Occurrence
from reconciler.model.settings import readable
from reconciler.model.state import State
from reconciler.observe import Heard, Refresh, Scope, listen, look_again, observe
from reconciler.plan.operations import Plan
from reconciler.plan.policy import verification_budget
from reconciler.schedule.expand import expand, next_slots
from reconciler.schedule.model import Schedule
from reconciler.state.edit import moves, without_undone
from reconciler.state.lines import meetings as meetings_of
from reconciler.state.remembering import as_applied, with_intact
from reconciler.state.store import Store
from reconciler.workflow.counting import quota_of
from reconciler.workflow.settled import Settled, settle

SLACK = timedelta(days=31)  # how far around what was seen the schedule is expanded, so that old finds its new
NEAR = timedelta(days=93)  # most meetings have their next dates by then: it saves looking further
_MOST_BACK = timedelta(days=200)  # in search of a series: for longer it hardly pauses
FARTHEST = timedelta(days=732)  # beyond, nothing seen is looked for: a marker is but text, and may name any year


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a plan is asked for.

    `targets` are names of meetings, none: all; or all but those `excluded`. `destroy` wants nothing to be left.
    `forget` goes by the markers alone, as if there were no state, and looks for them in the calendars of all people.
    With `foresight` it is asked what will come of each booking.
    """

    refresh: Refresh = Refresh.AUTO
    targets: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    destroy: bool = False
    forget: bool = False
    foresight: bool = True
    parallelism: int = 64

    def is_about(self, meeting: str) -> bool:
        """Return whether the meeting is one of those that were asked for."""
        return meeting not in self.excluded and (not self.targets or meeting in self.targets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan with what it was made from. `names` are people and rooms as the config calls them, by their ids."""

    plan: Plan
    state: State
    people: People
    names: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, Told] = field(default_factory=dict)  # what the calendars told, by organiser
    settled: Settled = field(default_factory=Settled)  # what needs no look, and is kept in the state as it stands
    intact: frozenset[str] = frozenset()  # ids of events that were told of, and are as they were applied
    held: frozenset[str] = frozenset()  # meetings that name somebody whom DingTalk does not know
    moved: Mapping[str, str] = field(default_factory=dict)  # old names of meetings → the names that they have now


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """What the calendars told, without the events that are `intact`, and which meetings therefore need no look.

    `state` knows of those events that they are as they were applied. `heard` is None where nobody was listened to.
    """

    state: State
    heard: Heard | None = None
    settled: Settled = field(default_factory=Settled)
    intact: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both sides of a comparison: what is wanted before `until` (and as far around as was seen), and what is there."""

    wanted: tuple[Occurrence, ...]
    seen: Observation
    until: datetime
    scope: Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a look goes by: what is declared, whom to ask, what is remembered, and what is asked for as of `now`.

    `progress` is told the number of reads that are done, and of those known to be needed.
    """

    config: Config
    reader: Reader
    state: State
    people: People
    question: Question
    now: datetime
    progress: Callable[[int, int], None]


def look_at(on: Ground, heard: Heard | None = None, settled: frozenset[str] = frozenset()) -> Sides:
    """Return what is wanted of the config and what is there of it, with all that is asked about it.

    `heard` is what the calendars have told already. `settled` are meetings that are left out of the config because
    they need no look.
    """
    config, reader, state, people, question, now = on.config, on.reader, on.state, on.people, on.question, on.now
    until = now + config.horizon
    expected = () if question.destroy else _expected(config, people, now=now, until=until)
    scope = scope_of(config, people, expected, question)
    spend = verification_budget(config.verify, quota_of(config, state, reader, now), now)
    spent = frozenset(who for who, left in events_left(state, now).items() if not left)
    scope = replace(scope, budget=spend, every=config.verify.every, until=until, presume=heard is not None, spent=spent)
    scope = replace(scope, settled=settled)
    scope = replace(scope, organizers=frozenset(people.values())) if question.forget else trusting(scope, people, state)
    scope = reaching_back(scope, config, state, now=now)
    seen = observe(reader, state, scope, now=now, heard=heard, parallelism=question.parallelism, progress=on.progress)
    return _look_of(on, seen, scope, until=until)


def trusting(scope: Scope, people: People, state: State) -> Scope:
    """Return `scope` with whom an invitation may show to have been an organiser, where nobody remembers who was.

    A state of which nothing was ever applied remembers none, even if a look has counted its calls in it. Where nobody
    organises anything today either, there is nobody whose calendar could show it, so everybody's is asked for.
    """
    if state.organizers:
        return scope
    everybody = frozenset(people.values())
    return replace(scope, trusted=everybody, organizers=scope.organizers or everybody)


def reaching_back(scope: Scope, config: Config, state: State, *, now: datetime) -> Scope:
    """Return `scope` with the way back to the last two instances of each series, where a calendar is not remembered.

    To two of them, because the last one may have been taken out by what the config said until now.
    """
    if scope.organizers <= state.calendars.keys() and not scope.trusted:
        return scope
    series = (meeting.schedule for meeting in config.meetings.values() if meeting.pattern is not None)
    return replace(scope, back=max([scope.back, *(_back_to(schedule, now) for schedule in series)]))


def _back_to(schedule: Schedule, now: datetime) -> timedelta:
    """Return how long ago the last two dates were that a series had itself, nothing if it is over."""
    if not next_slots(schedule, 1, after=now):
        return timedelta()
    slots = expand(schedule, after=now - _MOST_BACK, before=now)
    own = [one for one in slots if one.change is None and not one.holiday and one.original not in schedule.add]
    return now - own[-2:][0].start if own else timedelta()


def _look_of(on: Ground, seen: Observation, scope: Scope, *, until: datetime) -> Sides:
    wanted = () if on.question.destroy else _wanted(on.config, on.people, seen, now=on.now, until=until)
    wanted = gathered(wanted, on.config, seen, now=on.now, before=until)
    seen = not_to_be_adopted(wanted, seen)
    seen = replace(seen, failures=tuple(dict.fromkeys(seen.failures)))  # another look tells of some again
    return Sides(wanted=wanted, seen=seen, until=until, scope=scope)


def shortened(look: Sides, config: Config, people: People, latest: Mapping[str, datetime], *, now: datetime) -> Sides:
    """Return `look` with recurring events that end where their rooms can't be booked any more.

    `latest` says of rooms, by their ids, until when they can be.
    """
    wanted = _wanted(config, people, look.seen, now=now, until=look.until)
    return replace(look, wanted=gathered(wanted, config, look.seen, now=now, before=look.until, latest=latest))


def looked_again(on: Ground, heard: Heard, sides: Sides) -> Sides:
    """Return both sides where the recurring events in doubt are looked at: nothing is written on a presumption."""
    seen = look_again(
        on.reader,
        on.state,
        sides.scope,
        sides.seen,
        heard=heard,
        now=on.now,
        parallelism=on.question.parallelism,
        progress=on.progress,
    )
    return _look_of(on, seen, sides.scope, until=sides.until)


def heard_of(on: Ground) -> Hearing:
    """Return what the calendars tell. Raises UnreadableState where a line of the state can't be read."""
    config, reader, state, people, question, now = on.config, on.reader, on.state, on.people, on.question, on.now
    if question.refresh is not Refresh.AUTO or question.destroy or question.forget:
        return Hearing(state=state)
    scope = trusting(scope_of(config, people, (), question), people, state)
    scope = reaching_back(scope, config, state, now=now)
    heard = listen(reader, state, scope, now=now, parallelism=question.parallelism, progress=on.progress)
    budget = verification_budget(config.verify, quota_of(config, state, reader, now), now)
    intact = as_applied(state, heard)
    state = with_intact(state, intact)
    heard = {who: _without(one, intact) for who, one in heard.items()}
    settled = settle(config, people, state, heard, now=now, budget=budget)
    return Hearing(state=state, heard=heard, settled=settled, intact=intact)


def _without(answer: Changes | Told | ApiError, events: frozenset[str]) -> Changes | Told | ApiError:
    if not events or not isinstance(answer, Changes):
        return answer
    return replace(answer, events=tuple(event for event in answer.events if event.id not in events))


def with_names_of_today(config: Config, store: Store, question: Question) -> Question:
    """Return `question` with the names that its meetings have now, where it knows them by old ones.

    Raises UsageError where it is about a meeting that is none.
    """
    if question.targets and question.excluded:
        raise UsageError("--target and --exclude can't be used together", fix="use one of the two")
    named = question.targets | question.excluded
    if not named:
        return question
    state = without_undone(store.load(unread=True), config.meetings)
    names = moves(config, state)
    known = config.meetings.keys() | meetings_of(state.entries) | names.keys()
    for name in sorted(named - known):
        raise UsageError(f"there is no meeting {name!r}", fix=choose_from(name, config.meetings))

    def today(some: frozenset[str]) -> frozenset[str]:
        return frozenset(names.get(name, name) for name in some)

    return replace(question, targets=today(question.targets), excluded=today(question.excluded))


def idle(config: Config, question: Question) -> frozenset[str]:
    """Return the declared meetings with which nothing is done."""
    return frozenset(name for name in config.meetings if not question.is_about(name)) | disabled(config)


def scope_of(config: Config, people: People, expected: tuple[Occurrence, ...], question: Question) -> Scope:
    """Return what a look is about, with the `expected` occurrences."""
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
        expected=frozenset(occurrence.key for occurrence in expected if not occurrence.serial)
        | _series_of(config, expected),
        lasting=frozenset(one.key.meeting for one in expected if config.meetings[one.key.meeting].link is Link.STABLE),
        refresh=question.refresh,
        adopt={
            event_id: Key(name, original, series=config.meetings[name].pattern is not None)
            for name in meetings
            for original, event_id in config.meetings[name].adopt.items()
        },
        moved=config.moved,
    )


def _series_of(config: Config, expected: Iterable[Occurrence]) -> frozenset[Key]:
    """Return the keys of the recurring events that have one of the expected dates."""
    names = {one.key.meeting for one in expected if one.serial}
    return frozenset(key for name in names if (key := address_of(config.meetings[name])) is not None)


def _wanted(
    config: Config, people: People, seen: Observation, *, now: datetime, until: datetime
) -> tuple[Occurrence, ...]:
    """Return the declared occurrences of a window that is wide enough for all that was seen to find its own."""
    originals = [key.original.replace(tzinfo=UTC) for key in seen.occurrences if not key.series]
    series = (one.event for one in seen.occurrences.values() if one.key.series)
    originals += [event.start for event in series if event is not None and event.start > now]  # it has not begun yet
    near = [one for one in originals if now - FARTHEST < one < until + FARTHEST]
    first = min([now, *near]) - timedelta(days=2)
    last = max([until, *near]) + SLACK
    return (*desired(config, people, after=first, before=last), *_far(config, people, after=last, until=now + FARTHEST))


def _expected(config: Config, people: People, *, now: datetime, until: datetime) -> tuple[Occurrence, ...]:
    """Return what is to be booked: what is declared before `until`, and what is booked however far away it is.

    Its meeting may pause for longer than the horizon reaches, and yet the link is to be the same afterwards.
    """
    return (
        *desired(config, people, after=now, before=until),
        *_far(config, people, after=until, until=now + FARTHEST),
    )


def _far(config: Config, people: People, *, after: datetime, until: datetime) -> Iterator[Occurrence]:
    """Yield the next occurrences beyond a window, of meetings that book them however far away they are."""
    for name, meeting in config.meetings.items():
        if meeting.link is Link.STABLE or meeting.pattern is not None:
            alone = replace(config, meetings={name: meeting})
            near = desired(alone, people, after=after, before=min(after + NEAR, until))
            found = near if len(near) >= AHEAD else desired(alone, people, after=after, before=until)
            yield from found[:AHEAD]
