"""What the author of a config can't do with it: read other files, run code, eat the machine, drive a terminal."""

from __future__ import annotations

import os
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.config.load import check
from reconciler.config.yaml import MAX_BYTES

NOW = datetime(2026, 11, 29, tzinfo=UTC)
CONFIG = """\
version: 1
workspace: acme
defaults: {timezone: Asia/Shanghai, organizer: alice}
people: {alice: union-alice}
meetings:
  sync:
    title: TITLE
    schedule: {start: 2026-12-01T10:00, duration: 1h}
"""


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Return a file that the config's author may not read, beside the folder of the config."""
    path = tmp_path / "secrets.yaml"
    path.write_text("db_password: hunter2\n", encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "repository"
    made.mkdir()
    (made / "meetings.yaml").write_text(CONFIG, encoding="utf-8")
    assert check(made, now=NOW) == ()
    return made


def told(path: Path) -> str:
    return "\n".join(map(str, check(path, now=NOW)))


def test_a_link_out_of_the_folder_is_not_followed(folder: Path, secret: Path) -> None:
    (folder / "more.yaml").symlink_to(secret)
    found = told(folder)
    assert "more.yaml:1:1: this is a link to a file outside of its folder" in found
    assert "password" not in found
    assert "hunter2" not in found


def test_a_config_that_is_itself_such_a_link_is_not_followed(folder: Path, secret: Path) -> None:
    (folder / "meetings.yaml").unlink()
    (folder / "meetings.yaml").symlink_to(secret)
    for path in (folder, folder / "meetings.yaml"):
        assert "outside of its folder" in told(path)
        assert "password" not in told(path)


def test_a_link_through_a_linked_folder_is_not_followed(folder: Path, secret: Path) -> None:
    (folder / "up").symlink_to(secret.parent)
    (folder / "more.yaml").symlink_to(Path("up") / "secrets.yaml")
    assert "password" not in told(folder)


def test_a_link_within_the_folder_is_fine(folder: Path) -> None:
    # This is how Kubernetes mounts a ConfigMap.
    (folder / "..data").mkdir()
    (folder / "meetings.yaml").rename(folder / "..data" / "meetings.yaml")
    (folder / "meetings.yaml").symlink_to(Path("..data") / "meetings.yaml")
    assert check(folder, now=NOW) == ()
    assert check(folder / "meetings.yaml", now=NOW) == ()


def test_links_in_a_circle_and_devices_are_told_and_not_read(folder: Path) -> None:
    (folder / "a.yaml").symlink_to("b.yaml")
    (folder / "b.yaml").symlink_to("a.yaml")
    (folder / "zero.yaml").symlink_to("/dev/zero")
    (folder / ".#meetings.yaml").symlink_to("somebody@somewhere.1234")  # while Emacs edits
    problems = check(folder, now=NOW)
    assert [Path(one.position.file).name for one in problems] == ["a.yaml", "b.yaml", "zero.yaml"]
    assert "can't be read" in told(folder / "a.yaml") or "outside" in told(folder / "a.yaml")
    assert "outside of its folder" in told(folder / "zero.yaml")


@pytest.mark.parametrize(
    "title",
    [
        "!!python/object/apply:os.system ['touch MARK']",
        "!!python/object/new:subprocess.Popen [['touch', 'MARK']]",
        "!!python/name:os.environ",
        "!include ../secrets.yaml",
        "!ENV ${HOME}",
        "!file ../secrets.yaml",
    ],
)
def test_a_tag_does_nothing_but_fail(folder: Path, secret: Path, title: str) -> None:
    mark = folder / "mark"
    text = CONFIG.replace("TITLE", title.replace("MARK", str(mark)))
    (folder / "meetings.yaml").write_text(text, encoding="utf-8")
    assert "means nothing here" in told(folder)
    assert "hunter2" not in told(folder)
    assert secret.exists()
    assert not mark.exists()


@pytest.mark.parametrize("title", ["${DINGTALK_APP_SECRET}", "$(id)", "`id`", "{{ secret }}", "%(x)s", "{0.__class__}"])
def test_nothing_is_put_in_place_of_words(folder: Path, title: str) -> None:
    from reconciler.config import load

    (folder / "meetings.yaml").write_text(CONFIG.replace("TITLE", f"'{title}'"), encoding="utf-8")
    assert load(folder, now=NOW).meetings["sync"].title == title


def bombs() -> dict[str, bytes]:
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    laughs += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    merges = "a0: &a0 {k: 1}\n" + "".join(
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
    )
    return {
        "fifty megabytes": b"# " + b"x" * 50_000_000,
        "a billion laughs": laughs.encode(),
        "merged laughs": merges.encode(),
        "deep lists": b"[" * 1_000_000,
        "deep mappings": b"{a: " * 300_000,
        "deep blocks": b"- " * 500_000,
        "a list without end": b"[" + b"x, " * 300_000,
        "a long number": b"version: " + b"9" * 4_000_000,
        "a long key": b"x" * 4_000_000 + b": 1",
        "many documents": b"---\nx\n" * 500_000,
        "many anchors": b"".join(b"- &a%d x\n" % n for n in range(50_000)),
        "many tags": b"- !a x\n" * 20_000,
    }


@pytest.mark.parametrize("name", bombs())
def test_a_bomb_is_refused_before_it_fills_the_memory(folder: Path, name: str) -> None:
    file = folder / "meetings.yaml"
    file.write_bytes(bombs()[name])
    problems = check(file, now=NOW)
    assert problems
    assert all(len(problem.message) < 10_000 for problem in problems)


def test_no_more_of_a_file_is_read_than_a_config_may_have(folder: Path) -> None:
    file = folder / "meetings.yaml"
    with file.open("wb") as stream:
        stream.truncate(50_000_000_000)  # a hole: it takes no room on the disk
    tracemalloc.start()
    try:
        assert "larger than" in told(file)
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY",
        "FREQ=DAILY;INTERVAL=999999999",
        "FREQ=DAILY;COUNT=999999999",
    ],
)
def test_a_rule_that_never_fires_or_always_does_ends(folder: Path, rule: str) -> None:
    from reconciler.errors import ReconcilerError

    schedule = f"{{start: 1970-12-01T10:00, duration: 1h, rrule: {rule}}}"
    text = CONFIG.replace("{start: 2026-12-01T10:00, duration: 1h}", schedule)
    (folder / "meetings.yaml").write_text(text, encoding="utf-8")
    try:
        check(folder, now=NOW)
    except ReconcilerError as error:
        pytest.fail(f"raised {error!r}")


@pytest.mark.parametrize("value", ["314159", '"314159\\n"', "[314159]", '"314159é"'])
def test_the_value_of_a_header_is_not_repeated(folder: Path, value: str) -> None:
    state = f"state: {{kind: http, headers: {{X-Token: {value}}}}}\n"
    (folder / "meetings.yaml").write_text(CONFIG + state, encoding="utf-8")
    found = told(folder)
    assert "the header X-Token" in found
    assert "314159" not in found


def test_a_pipe_in_a_folder_of_configs_is_told_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "meetings.yaml").write_text("version: 1\n", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.yaml")
    told = {(Path(one.position.file).name, one.message) for one in check(tmp_path, now=NOW)}
    assert ("pipe.yaml", "this is not a plain file") in told
