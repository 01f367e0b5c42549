from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config import check, load
from reconciler.config.model import Config, Invitation, Override, Person, ProviderKind, Room
from reconciler.config.pools import fitting
from reconciler.config.yaml import parse
from reconciler.errors import ConfigError, Position, Severity
from reconciler.model.occurrence import ExtensionApp
from reconciler.schedule.model import Change

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
HEAD = """\
version: 1
workspace: acme
defaults: {timezone: Asia/Shanghai, organizer: alice}
people: {alice: A1, bob: {userid: b1}, carol: {mobile: "13800000000"}, dan: D1}
groups: {team: [alice, bob], all: [team, carol, bob]}
rooms: {aurora: {id: R1, capacity: 3, location: 3F, tags: [video]}, borealis: R2, cirrus: {id: R3, capacity: 2}}
meetings:
"""


def meeting(name: str = "weekly", start: str = "2026-12-01T10:00", schedule: str = "", more: str = "") -> str:
    rest = f", {schedule}" if schedule else ""
    extra = f", {more}" if more else ""
    return f"  {name}: {{title: {name}, schedule: {{start: {start}, duration: 1h{rest}}}{extra}}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "meetings.yaml"


def loaded(file: Path, text: str) -> Config:
    file.write_text(HEAD + text, encoding="utf-8")
    return load(file, now=NOW)


def warnings(file: Path, text: str) -> list[str]:
    return [f"{problem.path}: {problem.message}" for problem in loaded(file, text).warnings]


def errors(file: Path, text: str) -> list[str]:
    file.write_text(HEAD + text, encoding="utf-8")
    found = check(file, now=NOW)
    return [problem.message for problem in found if problem.severity is Severity.ERROR]


# --- the example


@pytest.mark.parametrize("year", range(2026, 2031))
def test_example_has_no_warning_on_any_day(year: int) -> None:
    for week in range(0, 53, 4):
        now = datetime(year, 1, 1, tzinfo=UTC) + timedelta(weeks=week)
        assert check(ROOT / "meetings.yaml", now=now) == ()


@pytest.mark.parametrize("month", [3, 10, 11])
def test_example_has_no_warning_while_clocks_change(month: int) -> None:
    for day in range(1, 29, 3):
        assert check(ROOT / "meetings.yaml", now=datetime(2027, month, day, tzinfo=UTC)) == ()


def test_example_declares_settings_of_every_kind() -> None:
    config = load(ROOT / "meetings.yaml", now=NOW)
    names = {name.partition(".")[0] for meeting in config.meetings.values() for name in meeting.settings}
    assert {"host", "cohosts", "mute_on_join", "waiting_room", "apps", "recording", "minutes", "ai_summary"} <= names
    assert len(config.meetings) == 8
    assert config.workspace == "acme-platform"


# --- values


def test_people_and_rooms(file: Path) -> None:
    config = loaded(file, meeting())
    assert config.people["alice"] == Person(alias="alice", union_id="A1")
    assert config.people["bob"] == Person(alias="bob", userid="b1")
    assert config.people["carol"] == Person(alias="carol", mobile="13800000000")
    assert config.rooms["aurora"] == Room(alias="aurora", id="R1", capacity=3, location="3F", tags=("video",))
    assert config.rooms["borealis"] == Room(alias="borealis", id="R2")
    assert config.root == file.parent


def test_what_is_not_declared_is_none(file: Path) -> None:
    one = loaded(file, meeting()).meetings["weekly"]
    assert (one.description, one.attendees, one.rooms, dict(one.settings)) == (None, None, None, {})
    assert (one.notify, one.ui_lock, one.organizer) == (True, False, "alice")
    assert one.position == Position(str(file), 8, 3)


def test_groups_expand_in_order_and_required_wins(file: Path) -> None:
    attendees = "[{group: all, optional: true}, {person: dan, optional: true}, bob, {person: bob, optional: true}]"
    one = loaded(file, meeting(more=f"attendees: {attendees}")).meetings["weekly"]
    assert one.attendees == (
        Invitation(person="bob"),
        Invitation(person="carol", optional=True),
        Invitation(person="dan", optional=True),
    )


def test_empty_lists_are_declarations(file: Path) -> None:
    one = loaded(file, meeting(more="attendees: [], rooms: []")).meetings["weekly"]
    assert (one.attendees, one.rooms) == ((), ())


def test_settings_are_laid_over_those_of_the_defaults(file: Path) -> None:
    own = (
        "settings: {recording: {layout: grid}, cohosts: [bob], host: carol,"
        " apps: [{code: X, auto_open: hosts, data: d}, {code: Y}]}"
    )
    text = (HEAD + meeting(more=f"{own}, notify: true, ui_lock: false")).replace(
        "organizer: alice}",
        "organizer: alice, notify: false, ui_lock: true,"
        " settings: {chat: true, recording: {auto_start: true, layout: speech}}}",
    )
    file.write_text(text + meeting("other", "2026-12-02T10:00"), encoding="utf-8")
    config = load(file, now=NOW)
    assert dict(config.meetings["weekly"].settings) == {
        "chat": True,
        "recording.auto_start": True,
        "recording.layout": "grid",
        "cohosts": ("bob",),
        "host": "carol",
        "apps": (ExtensionApp("X", "hosts", "d"), ExtensionApp("Y")),
    }
    one, other = config.meetings["weekly"], config.meetings["other"]
    assert (one.notify, one.ui_lock, other.notify, other.ui_lock) == (True, False, False, True)


def test_provider_and_horizon(file: Path) -> None:
    extra = "provider: {kind: dingtalk, endpoint: 'http://127.0.0.1:8080/', qps: 5, monthly_quota: 9}\nhorizon: 1w3d\n"
    file.write_text(extra + HEAD + meeting(), encoding="utf-8")
    config = load(file, now=NOW)
    assert config.provider.kind is ProviderKind.DINGTALK
    assert (config.provider.endpoint, config.provider.qps, config.provider.monthly_quota) == (
        "http://127.0.0.1:8080",
        5,
        9,
    )
    assert config.horizon == timedelta(days=10)


@pytest.mark.parametrize(
    "endpoint", ["http://localhost:1", "http://[::1]:1/x", "http://127.9.9.9", "https://a.example"]
)
def test_plain_http_is_fine_towards_loopback(file: Path, endpoint: str) -> None:
    file.write_text(f"provider: {{endpoint: '{endpoint}'}}\n{HEAD}{meeting()}", encoding="utf-8")
    assert load(file, now=NOW).provider.endpoint == endpoint


def test_defaults(file: Path) -> None:
    config = loaded(file, meeting())
    assert config.provider.kind is ProviderKind.SANDBOX
    assert config.horizon == timedelta(days=28)


def test_schedule(file: Path) -> None:
    schedule = (
        "timezone: Europe/Berlin, repeat: {every: 2 weeks, on: [tue], until: 2027-03-31}, skip: [2026-12-15T10:00],"
        " add: [2026-12-17T09:00], change: {2026-12-29: {start: 14:00, duration: 30m, title: T, rooms: [aurora]},"
        " 2026-12-17T09:00: {start: 2026-12-18T09:00, attendees: [carol], description: D}}"
    )
    one = loaded(file, meeting(schedule=schedule)).meetings["weekly"]
    moved, added = date(2026, 12, 29), datetime(2026, 12, 17, 9)  # noqa: DTZ001  # local
    assert one.schedule.timezone == "Europe/Berlin"
    assert one.schedule.rule == "FREQ=WEEKLY;INTERVAL=2;UNTIL=20270331T235959;BYDAY=TU"
    assert one.schedule.skip == (datetime(2026, 12, 15, 10),)  # noqa: DTZ001  # local
    assert one.schedule.add == (added,)
    assert one.schedule.changes == {
        moved: Change(start=time(14), duration=timedelta(minutes=30)),
        added: Change(start=datetime(2026, 12, 18, 9)),  # noqa: DTZ001  # local
    }
    assert one.overrides == {
        moved: Override(title="T", rooms=("aurora",)),
        added: Override(description="D", attendees=(Invitation(person="carol"),)),
    }


def test_repeat_with_count_and_whole_number_written_as_float(file: Path) -> None:
    one = loaded(file, meeting(schedule="repeat: {every: day, count: 3.0}")).meetings["weekly"]
    assert one.schedule.rule == "FREQ=DAILY;COUNT=3"


# --- warnings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (meeting(schedule="repeat: {every: week, on: [wed]}"), "is not a date of the rule"),
        (meeting(schedule="repeat: {every: 2 weeks, on: [wed]}"), "is not a date of the rule"),
        (meeting(schedule="rrule: 'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO'"), "is not a date of the rule"),
        (
            meeting(schedule="repeat: {every: 2 weeks, on: [tue], anchor: 2026-W50}"),
            "Tuesday 2026-12-01T10:00 is not a date of the rule",
        ),
        (meeting(schedule="repeat: {every: week}, add: [2026-12-08T10:00]"), "is an occurrence already"),
        (meeting(schedule="add: [2026-12-01T10:00]"), "is an occurrence already"),
        (
            meeting(schedule="repeat: {every: week}, skip: [2026-12-08], add: [2026-12-08T15:00]"),
            "meetings.weekly.schedule.add[0]: 2026-12-08T15:00 is skipped, as all of that day is",
        ),
        (meeting(more="rooms: [aurora], attendees: [all, dan]"), "the room seats 3, and 4 people are invited"),
        (meeting(more="rooms: [cirrus], attendees: [all]"), "the room seats 2, and 3 people"),
        (
            meeting(more="rooms: [aurora], attendees: [all]", schedule="change: {2026-12-01: {rooms: [cirrus]}}"),
            "meetings.weekly.schedule.change.2026-12-01.rooms: the room seats 2",
        ),
        (
            meeting(more="rooms: [cirrus], attendees: [bob]", schedule="change: {2026-12-01: {attendees: [all]}}"),
            "meetings.weekly.schedule.change.2026-12-01.attendees: the room seats 2",
        ),
        (meeting() + meeting("x", "2026-12-01T10:30"), "alice has x on 2026-12-01T10:30, and weekly from"),
        (
            meeting(schedule="repeat: {every: week}") + meeting("x", "2026-12-01T10:30", "repeat: {every: week}"),
            ", and on 4 more dates",
        ),
        (
            meeting(schedule="repeat: {every: week, count: 2}") + meeting("x", schedule="repeat: {every: week}"),
            ", and on 1 more date",
        ),
        (
            meeting(schedule="timezone: Europe/Berlin") + meeting("x", "2026-12-01T17:30"),
            "alice has x on 2026-12-01T17:30, and weekly from 2026-12-01T17:00 in Asia/Shanghai (",
        ),
        (meeting(more="settings: {host: bob, cohosts: [bob]}"), "is the host already"),
        (meeting(more="settings: {recording: {auto_start: false, auto_start_when: host_joins}}"), "start by itself"),
        (
            meeting(more="settings: {minutes: {template_type: official, template_version: '1', template_id: x}}"),
            "version",
        ),
        (meeting(more="settings: {minutes: {template_type: custom}}"), "no template is named"),
        (meeting(more="settings: {ai_summary: {enabled: false, recipients: creator}}"), "no AI summary is made"),
    ],
)
def test_warning(file: Path, text: str, expected: str) -> None:
    (found,) = warnings(file, text)
    assert expected in found


def test_a_pool_that_names_a_small_room_is_a_warning_and_takes_it_last(file: Path) -> None:
    text = meeting(more="attendees: [bob, carol, dan], rooms: {any: [cirrus, aurora, borealis]}")
    assert warnings(file, text) == ["meetings.weekly.rooms: the room cirrus seats fewer, and 3 people are invited"]
    config = loaded(file, text)
    pool = config.meetings["weekly"].pool
    assert pool is not None
    assert [room.alias for room in fitting(pool, config.rooms, 3)] == ["aurora", "borealis", "cirrus"]


def test_max_conflicts_in_a_pool_is_told_its_place(file: Path) -> None:
    file.write_text(HEAD + meeting(more="rooms: {any: [aurora], max_conflicts: 1}"), encoding="utf-8")
    (problem,) = check(file, now=NOW)
    assert problem.hint == "it belongs to the meeting, beside its `rooms`"


def test_a_described_room_seats_the_attendees_without_the_organizer(file: Path) -> None:
    assert not warnings(file, meeting(more="attendees: [team, carol, dan], rooms: {tags: [video]}"))


def test_two_aliases_of_one_person_are_a_warning(file: Path) -> None:
    file.write_text((HEAD + meeting()).replace("dan: D1", "dan: A1"), encoding="utf-8")
    (problem,) = load(file, now=NOW).warnings
    assert problem.message == "'dan' is the same person as 'alice'"


def test_several_rooms_seat_people_together_and_unknown_seats_are_enough(file: Path) -> None:
    assert not warnings(file, meeting(more="rooms: [aurora, cirrus], attendees: [all, dan]"))
    assert not warnings(file, meeting(more="rooms: [cirrus, borealis], attendees: [all, dan]"))
    assert not warnings(
        file, meeting(schedule="change: {2026-12-01: {title: x}}", more="rooms: [aurora], attendees: [bob]")
    )


# --- clashes


def test_one_room_error_for_a_pair_and_no_warning_about_the_organizer(file: Path) -> None:
    text = meeting(schedule="repeat: {every: week}", more="rooms: [aurora]") + meeting(
        "x", "2026-12-01T10:30", "repeat: {every: week}", "rooms: [aurora]"
    )
    file.write_text(HEAD + text, encoding="utf-8")
    (problem,) = check(file, now=NOW)
    assert "x wants the room aurora on 2026-12-01T10:30, when weekly has it from 2026-12-01T10:00" in problem.message
    assert f"({file}:8:" in problem.message
    assert problem.message.endswith(", and on 4 more dates")
    assert problem.position.line == 9


def test_meetings_that_follow_each_other_do_not_clash(file: Path) -> None:
    text = meeting(more="rooms: [aurora]") + meeting("x", "2026-12-01T11:00", more="rooms: [aurora]")
    assert not warnings(file, text)


def test_a_meeting_that_is_not_enabled_is_in_nobodys_way(file: Path) -> None:
    other = meeting("x", "2026-12-01T10:30", more="rooms: [aurora], enabled: false")
    assert not warnings(file, meeting(more="rooms: [aurora]") + other)


def test_a_long_meeting_clashes_with_every_one_inside_it(file: Path) -> None:
    text = "".join(
        [
            "  long: {title: long, schedule: {start: 2026-12-01T08:00, duration: 12h}, rooms: [aurora]}\n",
            *(
                meeting(f"m{hour}", f"2026-12-01T{hour}:00", more="rooms: [aurora], organizer: bob")
                for hour in (10, 13, 16)
            ),
        ]
    )
    assert [message.split()[0] for message in errors(file, text)] == ["m10", "m13", "m16"]


def test_a_change_that_moves_to_another_room_frees_its_own(file: Path) -> None:
    text = meeting(schedule="change: {2026-12-01: {rooms: [borealis]}}", more="rooms: [aurora]") + meeting(
        "x", more="rooms: [aurora], organizer: bob"
    )
    assert not warnings(file, text)


def test_a_change_without_rooms_keeps_them(file: Path) -> None:
    text = meeting(schedule="change: {2026-12-01: {title: y}}", more="rooms: [aurora]") + meeting(
        "x", more="rooms: [aurora], organizer: bob"
    )
    assert len(errors(file, text)) == 1


def test_the_past_does_not_clash(file: Path) -> None:
    text = meeting(start="2026-10-01T10:00", more="rooms: [aurora]") + meeting(
        "x", "2026-10-01T10:00", more="rooms: [aurora]"
    )
    assert not warnings(file, text)


def test_repeat_that_ends_before_its_first_date_is_an_error(file: Path) -> None:
    text = meeting(schedule="repeat: {every: week, on: [mon], until: 2026-12-03}")
    assert errors(file, text) == ["the rule has ended before its first date"]


def test_all_errors_at_once_in_file_order(file: Path) -> None:
    file.write_text(
        HEAD
        + "  a: {titel: x, rooms: [auora], attendees: [nobody], schedule: {start: 2026-12-01T10:00, duration: 45}}\n"
        + "  b: {title: b, organizer: 5, schedule: {start: 2026-02-30T10:00, duration: 0m, timezone: Mars}}\n"
        + "  a: {}\n",
        encoding="utf-8",
    )
    found = check(file, now=NOW)
    assert [problem.path for problem in found] == [
        "meetings.a.titel",
        "meetings.a.rooms[0]",
        "meetings.a.attendees[0]",
        "meetings.a.schedule.duration",
        "meetings.b.organizer",
        "meetings.b.schedule.start",
        "meetings.b.schedule.duration",
        "meetings.b.schedule.timezone",
        "meetings.a",
    ]


def test_broken_sections_are_not_missed_elsewhere(file: Path) -> None:
    text = HEAD + meeting(
        more="attendees: [team, {group: team}, {person: bob}], rooms: [aurora], settings: {host: bob}"
    )
    for section in ("people", "groups", "rooms", "defaults"):
        lines = [f"{section}: 5" if line.startswith(section) else line for line in text.split("\n")]
        file.write_text("\n".join(lines), encoding="utf-8")
        assert [problem.path for problem in check(file, now=NOW)] == [section]


def test_broken_parts_of_lists_and_entries_are_reported_once(file: Path) -> None:
    text = (
        HEAD + meeting(more="attendees: [1, {person: 2}, {person: bob}], settings: {apps: [{code: 1}], host: 3}")
    ).replace("dan: D1", "dan: {union_id: 5}")
    file.write_text(text.replace("borealis: R2", "borealis: {id: 4}"), encoding="utf-8")
    assert sorted(problem.path for problem in check(file, now=NOW)) == [
        "meetings.weekly.attendees[0]",
        "meetings.weekly.attendees[1].person",
        "meetings.weekly.settings.apps[0].code",
        "meetings.weekly.settings.host",
        "people.dan.union_id",
        "rooms.borealis.id",
    ]


# --- files and folders


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def test_folder_is_read_as_one(tmp_path: Path) -> None:
    write(tmp_path, a=HEAD + meeting(), b="version: 1\nworkspace: acme\nmeetings:\n" + meeting("x", "2026-12-02T10:00"))
    (tmp_path / "c.yml").write_text("people: {erin: E1}\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("[", encoding="utf-8")
    config = load(tmp_path, now=NOW)
    assert list(config.meetings) == ["weekly", "x"]
    assert config.meetings["x"].position == Position(str(tmp_path / "b.yaml"), 4, 3)
    assert "erin" in config.people
    assert config.root == tmp_path


def test_name_in_two_files_names_both_places(tmp_path: Path) -> None:
    write(tmp_path, a=HEAD + meeting(), b="workspace: other\nmeetings:\n" + meeting())
    found = check(tmp_path, now=NOW)
    assert [(problem.position, problem.message) for problem in found] == [
        (Position(str(tmp_path / "b.yaml"), 1, 12), f"workspace differs from {tmp_path / 'a.yaml'}:2:12"),
        (Position(str(tmp_path / "b.yaml"), 3, 3), f"'weekly' is also in {tmp_path / 'a.yaml'}:8:3"),
    ]


def test_section_that_is_no_mapping_in_one_of_the_files(tmp_path: Path) -> None:
    write(tmp_path, a=HEAD + meeting(), b="people: [alice]\n")
    (problem,) = check(tmp_path, now=NOW)
    assert problem.path == "people"


def test_hidden_files_of_a_folder_belong_to_others(tmp_path: Path) -> None:
    write(tmp_path, a=HEAD + meeting())
    (tmp_path / ".gitlab-ci.yml").write_text("stages: [plan]\n", encoding="utf-8")
    (tmp_path / ".pre-commit-config.yaml").write_text("repos: []\n", encoding="utf-8")
    (tmp_path / "._a.yaml").write_bytes(b"\0\5\x16\7\0")  # what macOS leaves on other file systems
    assert check(tmp_path, now=NOW) == ()
    (tmp_path / "a.yaml").rename(tmp_path / ".a.yaml")
    (problem,) = check(tmp_path, now=NOW)
    assert problem.message == "this folder has no *.yaml"


def test_broken_file_in_a_folder_is_reported_and_what_it_holds_not_missed(tmp_path: Path) -> None:
    write(tmp_path, a="meetings:\n" + meeting(more="rooms: [aurora]"), b="rooms: [", c="- x\n")
    found = check(tmp_path, now=NOW)
    assert [Path(problem.position.file).name for problem in found] == ["b.yaml", "c.yaml"]


def test_folder_without_config_and_missing_file(tmp_path: Path) -> None:
    (problem,) = check(tmp_path, now=NOW)
    assert "no *.yaml" in problem.message
    missing = tmp_path / "gone.yaml"
    with pytest.raises(ConfigError) as caught:
        load(missing, now=NOW)
    (problem,) = caught.value.problems
    assert problem.position == Position(str(missing), 1, 1)
    assert "there is no such file" in problem.message


@pytest.mark.parametrize(
    ("asked", "meant"), [("meetings.yaml", "meetings.yml"), ("meeting.yml", "meetings.yml"), ("team", "teams")]
)
def test_a_config_that_is_named_a_little_otherwise_is_suggested(tmp_path: Path, asked: str, meant: str) -> None:
    (tmp_path / "meetings.yml").touch()
    (tmp_path / "meetings.txt").touch()
    (tmp_path / "teams").mkdir()
    (problem,) = check(tmp_path / asked, now=NOW)
    assert problem.message == "there is no such file or folder"
    assert problem.hint.startswith(f"did you mean {str(tmp_path / meant)!r}? ")
    (problem,) = check(tmp_path / "elsewhere" / "x.yaml", now=NOW)
    assert problem.hint == "create it, or name another file or folder with -c"


def test_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    (problem,) = check(tmp_path, now=NOW)
    assert "Permission denied" in problem.message
    assert problem.hint.startswith("let this user read it")


def test_warnings_come_with_errors(file: Path) -> None:
    file.write_text(HEAD + meeting(more="rooms: [cirrus, x], attendees: [all]"), encoding="utf-8")
    found = check(file, now=NOW)
    assert {problem.severity for problem in found} == {Severity.ERROR, Severity.WARNING}


# --- anything at all

_WORDS = """version workspace people groups rooms meetings title schedule start duration repeat every on until count
skip add change attendees settings host apps defaults timezone organizer alice team aurora weekly 1 45m week true
2026-12-01 2026-12-01T10:00 Asia/Shanghai FREQ=DAILY rrule optional person group [] {} ~ recording layout provider"""
WORDS = st.sampled_from(_WORDS.split())
TEXTS = st.text(max_size=80) | st.lists(
    st.tuples(st.sampled_from(["", "  ", "    ", "- "]), WORDS, st.sampled_from([": ", ":", "", ": [", ": {"]), WORDS),
    max_size=12,
).map(lambda rows: "\n".join("".join(row) for row in rows))


@given(text=TEXTS, head=st.booleans())
def test_arbitrary_text_never_raises_anything_else(
    tmp_path_factory: pytest.TempPathFactory, text: str, head: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes((HEAD * head + text).encode("utf-8", "surrogatepass"))
    _survives(path)


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_never_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz-bytes.yaml"
    path.write_bytes(data)
    _survives(path)


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@given(
    tree=st.fixed_dictionaries({}, optional=dict.fromkeys(["people", "groups", "rooms", "meetings", "defaults"], TREES))
)
def test_arbitrary_trees_never_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    import json

    path = tmp_path_factory.getbasetemp() / "fuzz-tree.yaml"
    path.write_text(json.dumps({"version": 1, "workspace": "acme", **dict(tree)}), encoding="utf-8")  # type: ignore[call-overload]  # a mapping
    _survives(path)


SCHEDULES = st.fixed_dictionaries(
    {"start": WORDS | st.just("2026-12-01T10:00"), "duration": WORDS | st.just("45m")},
    optional=dict.fromkeys(("repeat", "rrule", "skip", "add", "change", "timezone"), TREES),
)
MEETINGS = st.fixed_dictionaries(
    {"title": st.just("x"), "schedule": SCHEDULES},
    optional=dict.fromkeys(("attendees", "rooms", "settings", "organizer", "description"), TREES),
)


@given(one=MEETINGS)
def test_arbitrary_meetings_never_raise_anything_else(tmp_path_factory: pytest.TempPathFactory, one: object) -> None:
    import json

    path = tmp_path_factory.getbasetemp() / "fuzz-meeting.yaml"
    path.write_text(f"{HEAD}  weekly: {json.dumps(one)}\n", encoding="utf-8")
    _survives(path)


def _survives(path: Path) -> None:
    found = check(path, now=NOW)
    assert all(problem.hint and problem.position.line >= 1 and problem.position.column >= 1 for problem in found)
    try:
        config = load(path, now=NOW)
    except ConfigError as error:
        assert error.problems == found  # noqa: PT017  # both ways are right
    else:
        document: Any = parse(path.read_bytes(), str(path))[0].value
        assert config.meetings.keys() == document.get("meetings", {}).keys()


def test_thousands_of_unknown_names_are_all_reported(file: Path) -> None:
    names = ", ".join(f"alicia{n}" for n in range(3000))
    file.write_text(f"{HEAD}{meeting(more=f'attendees: [{names}]')}", encoding="utf-8")
    found = check(file, now=NOW)
    assert len(found) == 3000
    assert found[0].hint == "did you mean 'alice'?"
    assert found[-1].hint


def test_a_meeting_without_a_conference_of_ours_may_have_a_long_title(tmp_path: Path) -> None:
    path = tmp_path / "meetings.yaml"
    change = "change: {2026-12-08: {title: TITLE}}"
    schedule = f"schedule: {{start: 2026-12-01T10:00, duration: 1h, repeat: {{every: week}}, {change}}}"
    text = f"""\
version: 1
workspace: acme
defaults: {{timezone: Asia/Shanghai, organizer: alice}}
people: {{alice: A1}}
meetings:
  sync: {{title: TITLE, {schedule}LINK}}
"""
    day = datetime(2026, 11, 21, tzinfo=UTC)
    path.write_text(text.replace("TITLE", "x" * 2048).replace("LINK", ", link: event"), encoding="utf-8")
    assert check(path, now=day) == ()
    path.write_text(text.replace("TITLE", "x" * 2049).replace("LINK", ", link: event"), encoding="utf-8")
    assert ["2048 is the maximum" in problem.message for problem in check(path, now=day)] == [True, True]
    path.write_text(text.replace("TITLE", "x" * 51).replace("LINK", ""), encoding="utf-8")
    assert ["50 is the maximum" in problem.message for problem in check(path, now=day)] == [True, True]
