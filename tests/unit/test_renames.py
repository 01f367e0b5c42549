"""Who renames a meeting without saying so is told what that would do, and how to keep its events."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from builders import NOW, UNTIL, booked, observation, occurrence

from reconciler.diff.changes import diff
from reconciler.diff.renames import unsaid_renames
from reconciler.model.occurrence import Occurrence

DATES = ("2026-12-02T10:00", "2026-12-09T10:00", "2026-12-16T10:00")


def told(*wanted: Occurrence) -> tuple[str, ...]:
    """Return the warnings where the meeting `old` was booked on three dates, and now `wanted` is declared."""
    seen = [booked(occurrence(date, meeting="old"), number=at) for at, date in enumerate(DATES)]
    return unsaid_renames(diff(wanted, observation(*seen), now=NOW, create_before=UNTIL), {"new", "a", "b"})


def test_a_meeting_under_a_new_name_is_recognised_by_its_times() -> None:
    (warning,) = told(*(occurrence(date, meeting="new") for date in DATES))
    assert "old is no longer declared, and new looks like it" in warning
    assert warning.endswith("add moved: {from: old, to: new}")
    assert told(*(occurrence(date, meeting="new") for date in DATES[1:]))


def test_another_meeting_is_no_renamed_one() -> None:
    new = [occurrence(date, meeting="new") for date in DATES]
    assert told() == ()
    assert told(new[0]) == ()
    assert told(*(replace(one, organizer="union-else") for one in new)) == ()
    assert told(*(replace(one, start=one.start + timedelta(hours=1)) for one in new)) == ()


def test_what_goes_is_the_other_name_of_one_meeting_alone() -> None:
    first = [occurrence(date, meeting="a") for date in DATES]
    other = [occurrence(date, meeting="b") for date in DATES]
    assert len(told(*first, *other)) == 1
