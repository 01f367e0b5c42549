"""`doctor`: look at everything a run needs, through a reader that can't write. The judgement is `checkup`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler.beijing import beijing_month
from reconciler.config.model import Config, Person
from reconciler.dingtalk import Reader
from reconciler.dingtalk.calls import CALENDAR_READ, CALENDAR_WRITE, CONFERENCE_READ, CONFERENCE_WRITE
from reconciler.dingtalk.robot import robot_from_environment
from reconciler.doctor.checkup import (
    Check,
    Checkup,
    failed,
    fine,
    judge_clock,
    judge_permission,
    judge_person,
    judge_quota,
    judge_rooms,
    unchecked,
)
from reconciler.errors import NO_SUCH, ReconcilerError, StateError, StateLocked
from reconciler.model.state import State
from reconciler.plan.operations import Quota
from reconciler.state.backend import PROGRAM
from reconciler.state.choose import open_store
from reconciler.state.store import Store
from reconciler.workflow.bookkeeping import remember_calls
from reconciler.workflow.counting import calls_made
from reconciler.workflow.people import ask_person, asked_as
from reconciler.workflow.provider import connected_reader


@dataclass(slots=True, kw_only=True)
class Examination:
    """What is looked at, with which clocks: `clock` may be another moment (`--now`), `machine` is this machine's.

    With `lock` False the state is read alone: neither locked nor written. `program` is how to call this program again.
    """

    config: Config
    environment: Mapping[str, str]
    clock: Callable[[], datetime]
    machine: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    lock: bool = True
    program: str = PROGRAM
    progress: Callable[[int, int, str], None] = field(default=lambda _done, _total, _text: None)
    _store: Store | None = field(default=None, init=False)
    _state: State | None = field(default=None, init=False)
    _calls: int = field(default=0, init=False)
    _strangers: set[str] = field(default_factory=set, init=False)  # aliases

    def run(self) -> Checkup:
        """Return all checks. What can't be reached is a check that failed; nothing is raised for it."""
        checks = [*self._look_at_state()]
        try:
            with connected_reader(self.config, self.environment, clock=self.clock) as reader:
                checks = [*self._look_at_dingtalk(reader), *checks]
                self._calls = calls_made(reader)
                checks.append(self._quota())
                if self.lock and self._store is not None and self._state is not None:
                    remember_calls(self._store, reader, now=self.clock())
        except ReconcilerError as error:
            checks.insert(0, failed("credentials", error))
        checks += _robot(self.environment)
        return Checkup(checks=tuple(checks), api_calls=self._calls)

    def _look_at_dingtalk(self, reader: Reader) -> Iterator[Check]:
        try:
            reader.session.login()
        except ReconcilerError as error:
            yield failed("credentials", error)
            if reader.session.server_date is not None:
                yield judge_clock(reader.session.server_date, self.machine())
            return
        yield fine("credentials", f"accepted by {reader.session.endpoint}")
        yield judge_clock(reader.session.server_date, self.machine())
        yield from self._people(reader)
        asking = self._asking(reader)
        if asking is None:
            yield unchecked(
                "permissions",
                "nobody in the config is known to DingTalk, so there is nobody to ask as",
                "correct `people`, then run again",
            )
            return
        rooms = _rooms(reader, asking) if self.config.rooms else None
        yield from _permissions(reader, asking, rooms)
        yield from self._rooms(rooms)

    def _asking(self, reader: Reader) -> str | None:
        """Return the union id of an organiser, or of anybody, in whose name calls can be made."""
        organizers = {meeting.organizer for meeting in self.config.meetings.values()}
        organisers_first = sorted(self.config.people.values(), key=lambda person: person.alias not in organizers)
        people = [one for one in organisers_first if one.alias not in self._strangers]
        known = {**({} if self._state is None else self._state.people), **reader.people.learned}
        return next((found for one in people if (found := one.union_id or known.get(asked_as(one)))), None)

    def _people(self, reader: Reader) -> Iterator[Check]:
        troubles, everybody = 0, self.config.people.values()
        for number, person in enumerate(everybody):
            self.progress(number + 1, len(everybody), "")
            try:
                _ask(person, reader)
            except ReconcilerError as error:
                troubles += 1
                yield judge_person(person.alias, _named(person), error)
                if error.code not in NO_SUCH:  # the others would end alike
                    return
                self._strangers.add(person.alias)
        if not troubles:
            yield fine("people", f"DingTalk knows {'all ' if len(everybody) > 1 else ''}{len(everybody)}")

    def _rooms(self, found: Mapping[str, str] | ReconcilerError | None) -> Iterator[Check]:
        if found is None:
            yield fine("rooms", "none are declared")
        elif isinstance(found, ReconcilerError):
            yield failed("rooms", found)
        else:
            yield from judge_rooms({room.alias: room.id for room in self.config.rooms.values()}, found)

    def _look_at_state(self) -> Iterator[Check]:
        try:
            store = open_store(self.config, self.environment, program=self.program)
            self._state = store.load()
        except StateError as error:
            yield failed("state", error)
            return
        self._store = store
        if store.notice:
            yield unchecked("state", store.notice, "the next apply makes it anew")
        else:
            known = len(self._state.entries)
            yield fine("state", f"{store.backend.where}: serial {self._state.serial}, {known} occurrences")
        if self.lock:
            yield self._lock_of(store)

    def _lock_of(self, store: Store) -> Check:
        try:
            with store.lock.held("doctor", now=self.clock()):
                return fine("lock", "free")
        except StateLocked as error:
            return unchecked("lock", error.what, error.fix)
        except StateError as error:
            return failed("lock", error)

    def _quota(self) -> Check:
        month = beijing_month(self.clock())
        before = 0 if self._state is None else self._state.calls.get(month, 0)
        return judge_quota(Quota(month=month, used=before + self._calls, limit=self.config.provider.monthly_quota))


def _rooms(reader: Reader, asking: str) -> Mapping[str, str] | ReconcilerError:
    """Return the names of all rooms by their ids, or why they can't be had."""
    try:
        return {room.id: room.name for room in reader.rooms.list(asking)}
    except ReconcilerError as error:
        return error


def _permissions(reader: Reader, asking: str, rooms: Mapping[str, str] | ReconcilerError | None) -> Iterator[Check]:
    """Yield a check for each permission; where the rooms were asked for, that call tells of its own."""
    if rooms is None:
        yield _permission(CONFERENCE_READ, lambda: reader.probes.conference_read(asking))
    else:
        yield judge_permission(CONFERENCE_READ, rooms if isinstance(rooms, ReconcilerError) else None)
    yield _permission(CONFERENCE_WRITE, reader.probes.conference_write)
    yield _permission(CALENDAR_READ, lambda: reader.probes.calendar_read(asking))
    yield _permission(CALENDAR_WRITE, lambda: reader.probes.calendar_write(asking))


def _permission(permission: str, probe: Callable[[], None]) -> Check:
    try:
        probe()
    except ReconcilerError as error:
        return judge_permission(permission, error)
    return judge_permission(permission, None)


def _robot(environment: Mapping[str, str]) -> Iterator[Check]:
    """Yield a check of the group robot's address where there is one; nothing is sent."""
    try:
        if robot_from_environment(environment) is not None:
            yield fine("robot", "has an address; nothing was sent to it")
    except ReconcilerError as error:
        yield unchecked("robot", error.what, error.fix)


def _ask(person: Person, reader: Reader) -> None:
    if person.union_id is not None:
        reader.people.userid_by_union_id(person.union_id)
    else:
        ask_person(person, reader)


def _named(person: Person) -> str:
    return "union_id" if person.union_id is not None else "userid" if person.userid is not None else "mobile"
