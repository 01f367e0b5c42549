"""Every broken file says on its first line where its fault is and a part of what must be said about it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.config import check, load
from reconciler.errors import ConfigError, Severity

BROKEN = sorted(Path(__file__).with_name("broken").glob("*.yaml"))
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_fault_is_located_and_explained(path: Path) -> None:
    first = path.read_bytes().split(b"\n", 1)[0].decode()
    place, _, fragment = first.removeprefix("# expect: ").partition(" ")
    line, column = map(int, place.split(":"))
    found = check(path, now=NOW)
    assert any(
        fragment in problem.message
        and (problem.position.file, problem.position.line, problem.position.column) == (str(path), line, column)
        and problem.severity is Severity.ERROR
        for problem in found
    ), "\n".join(map(str, found))
    assert list(found) == sorted(set(found))
    assert all(problem.hint for problem in found)
    with pytest.raises(ConfigError) as caught:
        load(path, now=NOW)
    assert caught.value.problems == found


def test_there_are_two_hundred_of_them() -> None:
    assert len(BROKEN) >= 200
