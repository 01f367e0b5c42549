"""What `doctor` found, as values, and the judgement on each thing found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from reconciler.errors import NO_SUCH, ReconcilerError
from reconciler.plan.operations import Quota

CLOCK_OFF = timedelta(seconds=60)  # less is the network, and a header that knows whole seconds
QUOTA_LOW = 10  # per cent
# DingTalk asks for the permission before it looks at anything else: whoever gets an answer of these statuses has it.
_PAST_PERMISSION = {200, 400, 404}
_DENIED = {"permission-missing", "ip-not-allowed", "authentication-failed", "token-rejected", "quota-exhausted"}


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"  # could not be checked, or will become a fault
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at. `fix` says what to do; "" where all is well."""

    name: str
    verdict: Verdict
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkup:
    """All that was looked at. `api_calls` of the monthly quota were made for it."""

    checks: tuple[Check, ...]
    api_calls: int = 0

    @property
    def sound(self) -> bool:
        return not self.count(Verdict.FAILED)

    def count(self, verdict: Verdict) -> int:
        """Return how many checks came out like this."""
        return sum(check.verdict is verdict for check in self.checks)


def fine(name: str, message: str) -> Check:
    return Check(name=name, verdict=Verdict.OK, message=message)


def unchecked(name: str, message: str, fix: str) -> Check:
    return Check(name=name, verdict=Verdict.WARNING, message=message, fix=fix)


def failed(name: str, error: ReconcilerError, *, otherwise: str = "run again; -vv tells every call") -> Check:
    """Return the check that ended with `error`."""
    return Check(name=name, verdict=Verdict.FAILED, message=error.what, fix=error.fix or otherwise)


def judge_clock(server: datetime | None, ours: datetime) -> Check:
    """Judge our clock by the `Date` of DingTalk's last answer; both aware."""
    if server is None:
        return unchecked("clock", "DingTalk's answers carry no date", "check this machine's clock by hand")
    off = ours - server
    seconds = round(abs(off).total_seconds())
    if abs(off) <= CLOCK_OFF:
        return fine("clock", "the same as DingTalk's" if seconds < 2 else f"within {seconds} s of DingTalk's")  # noqa: PLR2004  # what the header can't tell
    way = "ahead of" if off > timedelta(0) else "behind"
    fix = "set the clock, or turn on NTP: which meetings have started and how many calls are left depend on it"
    return Check(name="clock", verdict=Verdict.FAILED, message=f"{seconds} s {way} DingTalk's", fix=fix)


def judge_permission(permission: str, error: ReconcilerError | None) -> Check:
    """Judge by what a harmless call that needs `permission` answered; None: it succeeded."""
    name = f"permission {permission}"
    if error is not None and error.code in _DENIED:
        return failed(name, error)
    if error is None or getattr(error, "status", 0) in _PAST_PERMISSION:
        return fine(name, "granted")
    return unchecked(name, f"could not be checked: {error.what}", error.fix or "run again")


def judge_rooms(declared: Mapping[str, str], found: Mapping[str, str]) -> Iterable[Check]:
    """Judge the rooms of the config (ids by alias) by those that DingTalk lists (names by id)."""
    missing = {alias: room for alias, room in declared.items() if room not in found}
    for alias, room in missing.items():
        alike = [one for one, name in found.items() if name.casefold() == alias.casefold()]
        fix = f"is it {alike[0]}? " if len(alike) == 1 else ""
        yield Check(
            name=f"room {alias}",
            verdict=Verdict.FAILED,
            message=f"DingTalk has no room {room} that the organiser may see",
            fix=f"{fix}correct rooms.{alias} in the config; DingTalk's admin console shows the ids",
        )
    if not missing:
        yield fine("rooms", f"{len(declared)} of {len(declared)} exist" if declared else "none are declared")


def judge_person(alias: str, named: str, error: ReconcilerError) -> Check:
    """Judge a person, `named` by a `union_id`, `userid` or `mobile`, whom DingTalk could not tell."""
    name = f"person {alias}"
    if error.code in NO_SUCH:
        fix = f"correct people.{alias} in the config, and make sure that the app may see this person"
        return Check(name=name, verdict=Verdict.FAILED, message=f"no such {named}: {error.what}", fix=fix)
    if error.code == "permission-missing" and named == "union_id":  # nothing but doctor needs to ask for these
        return unchecked(name, "could not be checked", "to have union ids checked, grant the app qyapi_get_member")
    return failed(name, error)


def judge_quota(quota: Quota) -> Check:
    """Judge what is left of this month's calls, as far as we know: other programs of the organisation call, too."""
    told = f"{quota.left:,} of {quota.limit:,} calls left in {quota.month}, by our own count"
    if quota.left * 100 > quota.limit * QUOTA_LOW:
        return fine("quota", told)
    verdict = Verdict.WARNING if quota.left else Verdict.FAILED
    fix = "plan less often, with --target or --refresh calendar, or buy more calls; the count starts again next month"
    return Check(name="quota", verdict=verdict, message=told, fix=fix)
