from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.dingtalk import UnreadableAnswer, calls
from reconciler.dingtalk.wire import from_ms, from_time, to_event, to_ms, to_time
from reconciler.dingtalk.wire_settings import decode, encode
from reconciler.model.occurrence import Attendee, Event, ExtensionApp, RoomBooking, RoomStatus, SettingValue
from reconciler.model.settings import SETTINGS, Kind, readable

START = {"dateTime": "2026-12-01T10:00:00+08:00", "timeZone": "Asia/Shanghai"}
SHANGHAI = ZoneInfo("Asia/Shanghai")


def _event(**fields: Any) -> Event:
    answer = {"id": "e1", "start": START, **fields}
    return to_event(answer, organizer="alice", call=calls.EVENT_GET, max_attendees=3)


def test_an_event_is_read_whole() -> None:
    event = _event(
        summary="Sync",
        description="text\nmarker",
        end={"dateTime": "2026-12-01T10:45:00+08:00", "timeZone": "Asia/Shanghai"},
        attendees=[{"id": "bob", "isOptional": True}, {"id": "alice", "self": True}],
        organizer={"id": "alice"},
        meetingRooms=[{"roomId": "r1", "responseStatus": "tentative", "displayName": "Aurora"}],
        onlineMeetingInfo={"type": "dingtalk", "conferenceId": "c9"},
        seriesMasterId="s1",
    )
    assert event.start == datetime(2026, 12, 1, 10, tzinfo=SHANGHAI)
    assert event.end - event.start == timedelta(minutes=45)
    assert event.attendees == (Attendee("bob", optional=True),)
    assert event.attendees_complete
    assert event.rooms == (RoomBooking("r1", RoomStatus.TENTATIVE, "Aurora"),)
    assert (event.own_conference, event.series, event.timezone) == ("c9", "s1", "Asia/Shanghai")


def test_as_many_attendees_as_asked_for_may_be_cut() -> None:
    assert not _event(attendees=[{"id": "a"}, {"id": "b"}, {"id": "c"}]).attendees_complete


@pytest.mark.parametrize("status", ["cancelled", "CANCELLED", "canceled", "deleted"])
def test_a_deleted_event_may_have_nothing_but_its_id(status: str) -> None:
    event = to_event({"id": "e1", "status": status}, organizer="a", call=calls.EVENT_LIST, max_attendees=1)
    assert event.cancelled


@pytest.mark.parametrize("start", [None, {}, "soon", {"dateTime": "soon"}, {"dateTime": 5}, {"date": "2026-13-01"}])
def test_an_event_without_a_usable_start_is_refused(start: object) -> None:
    with pytest.raises(UnreadableAnswer, match="start"):
        _event(start=start)


@pytest.mark.parametrize("event_id", [None, "", [], {}])
def test_an_event_without_an_id_is_refused(event_id: object) -> None:
    with pytest.raises(UnreadableAnswer, match="id"):
        _event(id=event_id)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = [
    "summary",
    "description",
    "status",
    "end",
    "attendees",
    "organizer",
    "meetingRooms",
    "recurrence",
    "isAllDay",
]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(_FIELDS), _JSON))
def test_fields_of_wrong_types_are_passed_over(fields: dict[str, Any]) -> None:
    if not isinstance(fields.get("description"), str | int | None):
        with pytest.raises(UnreadableAnswer):  # it may have held our marker
            _event(**fields)
        return
    assert _event(**fields).id == "e1"


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ({"dateTime": "2026-12-01T02:00:00Z"}, datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ({"dateTime": "2026-12-01T10:00:00.000+08:00"}, datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ({"dateTime": "2026-12-01T10:00", "timeZone": "Asia/Shanghai"}, datetime(2026, 12, 1, 2, tzinfo=UTC)),
        ({"dateTime": "2026-12-01T10:00", "timeZone": "../../etc"}, datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ({"date": "2026-12-01", "timeZone": "Asia/Shanghai"}, datetime(2026, 11, 30, 16, tzinfo=UTC)),
        ({"date": "2026-12-01"}, datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_every_way_to_write_a_time_is_read(value: dict[str, str], moment: datetime) -> None:
    assert from_time(value) == moment


_ZONES = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "UTC", "Asia/Kathmandu"])
_MOMENTS = st.integers(946_684_800, 4_102_444_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@settings(deadline=None)
@given(moment=_MOMENTS, zone=_ZONES)
def test_a_time_comes_back_as_it_was_written(moment: datetime, zone: str) -> None:
    assert from_time(to_time(moment, zone)) == moment
    assert from_ms({"t": to_ms(moment)}, "t") == moment


@pytest.mark.parametrize("value", [None, "x", 10**30, [], float("nan"), True])
def test_milliseconds_that_are_none_are_none(value: object) -> None:
    assert from_ms({"t": value}, "t") in {None, datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=UTC)}


_TEXT = st.text(min_size=1, max_size=8)
_APPS = st.builds(ExtensionApp, _TEXT, st.sampled_from(["never", "hosts", "everyone"]), _TEXT)
_VALUES = {
    Kind.FLAG: st.booleans(),
    Kind.TEXT: _TEXT,
    Kind.PERSON: _TEXT,
    Kind.PEOPLE: st.lists(_TEXT).map(tuple),
    Kind.APPS: st.lists(_APPS).map(tuple),
}
_SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        name: st.sampled_from(setting.choices) if setting.kind is Kind.CHOICE else _VALUES[setting.kind]
        for name, setting in SETTINGS.items()
    },
)


@settings(deadline=None)
@given(_SETTINGS)
def test_settings_that_can_be_read_come_back_as_they_were_written(wanted: dict[str, SettingValue]) -> None:
    assert decode(encode(wanted)) == readable(wanted)


def test_settings_are_read_however_they_are_spelled() -> None:
    extra: dict[str, object] = {
        "waitingRoom": 2,
        "joinBeforeHost": "1",
        "enableChat": True,
        "enableWebAnonymousJoin": 1,
        "lockNick": 9,
    }
    extra["moziConfExtensionAppSettings"] = [{"clientId": "x", "coolAppCode": "A", "autoOpenMode": "2"}]
    model = {"muteOnJoin": "-1", "lockRoom": None, "hostUnionId": "", "moziConfVirtualExtraSetting": extra, "new": 1}
    assert decode(model) == {
        "mute_on_join": "always",
        "waiting_room": False,
        "join_before_host": True,
        "chat": True,
        "anonymous_web_join": True,
        "apps": (ExtensionApp("A", "everyone"),),
    }


def test_a_closed_waiting_room_is_written_as_zero() -> None:
    assert encode({"waiting_room": False}) == {"moziConfVirtualExtraSetting": {"waitingRoom": 0}}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted({setting.wire[0] for setting in SETTINGS.values()})), _JSON))
def test_settings_of_wrong_types_are_passed_over(model: dict[str, Any]) -> None:
    decode(model)
