from __future__ import annotations

from datetime import UTC, datetime

import pytest

from reconciler.model.spelling import alike, same_zone, shown

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    "seen", ["One,\r\n  two.", "One,\rtwo.".replace("two", "  two"), "One, \n  two.\n", "\nOne,\n\xa0 two.\t"]
)
def test_what_nobody_sees_of_a_text_is_no_difference(seen: str) -> None:
    assert shown(seen) == shown("One,\n  two.")


@pytest.mark.parametrize("seen", ["One,\ntwo.", "One,\n\n  two.", "One,  two.", "one,\n  two."])
def test_what_is_seen_of_a_text_is_a_difference(seen: str) -> None:
    assert shown(seen) != shown("One,\n  two.")


def test_a_title_may_come_back_trimmed_or_escaped() -> None:
    assert alike("R&D <sync>", "R&amp;D &lt;sync&gt; ")
    assert alike("R&amp;D", "R&amp;D")
    assert not alike("R&amp;D", "R&D")
    assert not alike("R&D sync", "R&D")


@pytest.mark.parametrize(
    ("wanted", "seen", "same"),
    [
        ("Asia/Shanghai", "Asia/Shanghai", True),
        ("Asia/Shanghai", "PRC", True),
        ("Asia/Kolkata", "Asia/Calcutta", True),
        ("Asia/Shanghai", "GMT+08:00", True),
        ("Asia/Shanghai", "../../etc/passwd", True),
        ("Asia/Shanghai", "UTC", False),
        ("Europe/London", "UTC", False),
        ("Europe/Berlin", "Africa/Lagos", False),
    ],
)
def test_a_zone_is_the_same_by_whatever_name(wanted: str, seen: str, *, same: bool) -> None:
    assert same_zone(wanted, seen, NOW) is same
