"""Who the people of the config are, and which meetings have to wait because DingTalk does not know somebody."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.apply.outcome import Failure, Outcome, Result, Status
from reconciler.config.model import Config, Invitation, Meeting, Person
from reconciler.desired import People
from reconciler.dingtalk import ApiError, CredentialsMissing, Reader
from reconciler.errors import NO_SUCH, ReconcilerError
from reconciler.model.observed import ReadFailure
from reconciler.model.settings import SETTINGS, Kind
from reconciler.model.state import State

CODE = "unknown-person"  # of the failure where a meeting needs somebody whom DingTalk does not know
_FIX = "correct the person, or take them out of these meetings; `reconciler doctor` checks everybody"
_MOST = 5  # meetings that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """The union ids of all aliases whom DingTalk knows, and the answers to remember.

    `strangers` are the others, each with what DingTalk said.
    """

    people: People
    known: Mapping[str, str] = field(default_factory=dict)
    strangers: Mapping[str, ReconcilerError] = field(default_factory=dict)

    def union_id(self, alias: str, config: Config) -> str:
        """Return the union id of one person. Raises ReconcilerError where DingTalk does not know them."""
        if (error := self.strangers.get(alias)) is None:
            return self.people[alias]
        raise ReconcilerError(
            f"DingTalk does not know {alias} ({error.what})", where=_place(config.people[alias]), fix=_FIX
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The `meetings` that stay as they are, because they need somebody unknown, and what there is to tell of that."""

    meetings: frozenset[str]
    failures: tuple[ReadFailure, ...]
    warnings: tuple[str, ...]


def resolve_people(config: Config, client: Reader, state: State) -> Resolved:
    """Return who everybody in the config is.

    People named by `userid` or `mobile` are asked for once; these calls are outside of the monthly quota. Who is
    nobody is asked for again the next time. A client without credentials can ask for nobody: who is not known then goes
    by the alias, and is told by `unasked`. Raises ReconcilerError for what is not about one person alone.
    """
    people: dict[str, str] = {}
    known: dict[str, str] = {}
    strangers: dict[str, ReconcilerError] = {}
    for person in config.people.values():
        if person.union_id is not None:
            people[person.alias] = person.union_id
            continue
        name = asked_as(person)
        try:
            known[name] = people[person.alias] = state.people.get(name) or ask_person(person, client)
        except CredentialsMissing:
            people[person.alias] = person.alias
        except ReconcilerError as error:
            if error.code not in NO_SUCH or (isinstance(error, ApiError) and not error.dingtalk_code):
                raise  # a 404 without a code of DingTalk's is a proxy's, and about nobody
            strangers[person.alias] = error
    return Resolved(people=people, known=known, strangers=strangers)


def asked_as(person: Person) -> str:
    """Return how the state names a person that is not known by union id."""
    return f"userid:{person.userid}" if person.userid is not None else f"mobile:{person.mobile}"


def ask_person(person: Person, client: Reader) -> str:
    """Return the union id of a person known by `userid` or `mobile`. Raises ApiError."""
    if person.userid is not None:
        return client.people.union_id_by_userid(person.userid)
    return client.people.by_mobile(person.mobile or "")


def unasked(config: Config, people: People) -> tuple[str, ...]:
    """Return a warning of those who go by their alias, because DingTalk could not be asked who they are."""
    everybody = config.people.values()
    found = [one.alias for one in everybody if one.union_id is None and people.get(one.alias) == one.alias]
    if not found:
        return ()
    told = "without credentials nobody can be asked who they are; what is planned for them may differ"
    return (f"{', '.join(found)}: known by alias alone\n  {told}",)


def named(meeting: Meeting) -> frozenset[str]:
    """Return the aliases of all whom a meeting names: its organiser, who is invited, and those in its settings."""
    invited: Iterable[tuple[Invitation, ...] | None] = (
        meeting.attendees,
        *(override.attendees for override in meeting.overrides.values()),
    )
    found = {meeting.organizer} | {one.person for some in invited for one in some or ()}
    for name, value in meeting.settings.items():
        if SETTINGS[name].kind in {Kind.PERSON, Kind.PEOPLE}:
            found |= {one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, str)}
    return frozenset(found)


def waiting(config: Config, who: Resolved, *, idle: Collection[str] = (), destroy: bool = False) -> Waiting:
    """Return the meetings that can't be planned, as they need one of the strangers, and what to tell of each of them.

    Whoever only `idle` meetings need, of which nothing is done in this run, is no more than a warning. To `destroy` a
    meeting takes nobody but its organiser.
    """
    needs = {
        name: (frozenset({one.organizer}) if destroy else named(one)) & who.strangers.keys()
        for name, one in config.meetings.items()
    }
    failures, warnings = [], []
    for alias, error in who.strangers.items():
        place = _place(config.people[alias])
        lacking = [name for name, aliases in needs.items() if alias in aliases and name not in idle]
        if lacking:
            then = "nobody can look into their calendar" if destroy else _stays(lacking)
            told = f"DingTalk does not know this person, so {then}: {error.what}"
            where = f"people.{alias}"
            # The line stands in the hint: a report that tells problems apart by their message lets them move.
            failures.append(ReadFailure(where=where, code=CODE, message=told, hint=f"{place}: {_FIX}"))
        else:
            told = "DingTalk does not know this person, who is not needed for anything here"
            warnings.append(f"{place}: people.{alias}: {told}")
    meetings = frozenset(name for name, aliases in needs.items() if aliases)
    return Waiting(meetings=meetings, failures=tuple(failures), warnings=tuple(warnings))


def without(config: Config, meetings: Collection[str]) -> Config:
    """Return `config` as if these meetings were not declared."""
    if not meetings:
        return config
    return replace(config, meetings={name: one for name, one in config.meetings.items() if name not in meetings})


def farewells(failures: Iterable[ReadFailure], config: Config, people: People) -> Iterator[ReadFailure]:
    """Yield `failures`, those of organisers whom DingTalk does not know with where they stand, and what that holds up.

    Their union ids are in the config, so nobody has asked who they are.
    """
    aliases = {people[one.alias]: one for one in config.people.values() if one.alias in people}
    for failure in failures:
        person = aliases.get(failure.who)
        own = [name for name, one in config.meetings.items() if person is not None and one.organizer == person.alias]
        if person is None or failure.code not in NO_SUCH or not own:
            yield failure
            continue
        hint = f"if {person.alias} has left, name another organiser ({_place(person)}); until then {_stays(own)}"
        yield replace(failure, hint=hint)


def with_strangers(outcome: Outcome, config: Config, people: People) -> Outcome:
    """Return `outcome` with who is meant, where DingTalk refused something because of a union id that it names."""
    aliases = {people[one.alias]: one for one in config.people.values() if one.alias in people}

    def told(result: Result) -> Result:
        error = result.error
        if result.status is not Status.FAILED or error is None:
            return result
        found = [person for union_id, person in aliases.items() if _names(error, union_id)]
        return replace(result, error=replace(error, hint=_hint(found, config))) if found else result

    return replace(outcome, results=tuple(told(result) for result in outcome.results))


def _names(error: Failure, union_id: str) -> bool:
    return union_id in error.message.replace(",", " ").replace(":", " ").split()


def _hint(strangers: Iterable[Person], config: Config) -> str:
    told = []
    for person in strangers:
        own = sorted(name for name, meeting in config.meetings.items() if person.alias in named(meeting))
        told.append(f"{person.alias} ({_place(person)}; in {_some(own)})")
    return f"DingTalk may not know {', '.join(told)}: {_FIX}"


def _place(person: Person) -> str:
    return str(person.position) if person.position is not None else f"people.{person.alias}"


def _stays(meetings: Collection[str]) -> str:
    return f"{_some(meetings)} {'stays as it is' if len(meetings) == 1 else 'stay as they are'}"


def _some(meetings: Collection[str]) -> str:
    first = sorted(meetings)[:_MOST]
    more = len(meetings) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
