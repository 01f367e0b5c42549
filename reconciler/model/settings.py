"""Every field of `scheduleConfSettingModel` in words: the one table that the config, the wire and the docs share.

A setting has a dotted name (`recording.auto_start`), a kind, and two facts that decide how its drift is judged:
whether DingTalk lets it be read back and whether it can be changed after the creation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from reconciler.model.occurrence import ExtensionApp, Settings, SettingValue


class Kind(StrEnum):
    FLAG = "flag"  # true or false
    CHOICE = "choice"  # one of `choices`
    TEXT = "text"
    PERSON = "person"  # an alias in the config, a union id after it
    PEOPLE = "people"
    APPS = "apps"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting.

    `wire` is its path in `scheduleConfSettingModel`. For a FLAG `codes` are the wire values of (false, true); for a
    CHOICE they are those of `choices`, in their order.
    """

    name: str
    kind: Kind
    wire: tuple[str, ...]
    codes: tuple[int | str | bool, ...] = ()
    choices: tuple[str, ...] = ()
    readable: bool = False
    changeable: bool = True


_EXTRA = "moziConfVirtualExtraSetting"
_RECORD = "moziConfOpenRecordSetting"
_SUMMARY = "aiAgentSummarySetting"
_OFF_ON = (0, 1)
_ON_OFF = (1, 0)  # the wire names the ban, the config what is allowed
_BOOL = (False, True)


def _readable(name: str, kind: Kind, *wire: str, codes: tuple[int | str | bool, ...] = ()) -> Setting:
    return Setting(name=name, kind=kind, wire=wire, codes=codes, readable=True)


def _flag(name: str, *wire: str, codes: tuple[int | str | bool, ...]) -> Setting:
    return Setting(name=name, kind=Kind.FLAG, wire=wire, codes=codes)


def _choice(name: str, *wire: str, **codes: int | str | bool) -> Setting:
    return Setting(name=name, kind=Kind.CHOICE, wire=wire, choices=tuple(codes), codes=tuple(codes.values()))


SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        _readable("host", Kind.PERSON, "hostUnionId"),
        _readable("cohosts", Kind.PEOPLE, "cohostUnionIds"),
        _readable("internal_to", Kind.TEXT, "confAllowedCorpId"),
        _readable("locked", Kind.FLAG, "lockRoom", codes=_OFF_ON),
        _readable("screen_sharing", Kind.FLAG, "screenShareForbidden", codes=_ON_OFF),
        Setting(
            name="mute_on_join",
            kind=Kind.CHOICE,
            wire=("muteOnJoin",),
            choices=("never", "always", "over_6"),
            codes=(0, -1, 6),
            readable=True,
        ),
        _readable("waiting_room", Kind.FLAG, _EXTRA, "waitingRoom", codes=_OFF_ON),
        _readable("join_before_host", Kind.FLAG, _EXTRA, "joinBeforeHost", codes=_OFF_ON),
        _readable("chat", Kind.FLAG, _EXTRA, "enableChat", codes=_OFF_ON),
        _readable("rename", Kind.FLAG, _EXTRA, "lockNick", codes=_ON_OFF),
        _readable("unmute", Kind.FLAG, _EXTRA, "lockMediaStatusMicMute", codes=_ON_OFF),
        _readable("anonymous_web_join", Kind.FLAG, _EXTRA, "enableWebAnonymousJoin", codes=_BOOL),
        _readable("apps", Kind.APPS, _EXTRA, "moziConfExtensionAppSettings"),
        _flag("recording.auto_start", _RECORD, "recordAutoStart", codes=_OFF_ON),
        _choice(
            "recording.auto_start_when",
            _RECORD,
            "recordAutoStartType",
            host_joins=0,
            cohost_joins=1,
            anyone_joins=2,
        ),
        _choice(
            "recording.layout",
            _RECORD,
            "mode",
            **{
                mode: mode
                for mode in (
                    "grid",
                    "speech",
                    "full_screen",
                    "auto_grid",
                    "screen_cast",
                    "p2p",
                    "full_screen_and_speaker",
                )
            },
        ),
        _flag("recording.follow_host", _RECORD, "isFollowHost", codes=_BOOL),
        _flag("recording.share_summary_only", _RECORD, "restrictShareMinutesSummaryOnly", codes=_OFF_ON),
        _flag("recording.push_all", _EXTRA, "pushAllMeetingRecords", codes=_BOOL),
        _flag("recording.push_card", _EXTRA, "pushCloudRecordCard", codes=_BOOL),
        Setting(name="recording.owner", kind=Kind.PERSON, wire=(_EXTRA, "cloudRecordOwnerUnionId")),
        _flag("recording.hide_owner", _EXTRA, "hiddenOwnerNick", codes=_BOOL),
        _flag("minutes.push_card", _EXTRA, "pushMinutesCard", codes=_BOOL),
        Setting(name="minutes.owner", kind=Kind.PERSON, wire=(_EXTRA, "minutesOwnerUnionId")),
        _choice("minutes.template_type", _EXTRA, "minutesSummaryTemplateType", official="0", custom="1"),
        Setting(name="minutes.template_id", kind=Kind.TEXT, wire=(_EXTRA, "minutesSummaryTemplateId")),
        Setting(
            name="minutes.template_version",
            kind=Kind.TEXT,
            wire=(_EXTRA, "minutesSummaryDiyTemplateVersion"),
        ),
        _flag("ai_summary.enabled", _SUMMARY, "value", codes=("disable", "enable")),
        _choice("ai_summary.recipients", _SUMMARY, "receiverType", everyone=0, creator=1),
        _flag("ai_summary.anyone_may_start", _SUMMARY, "allowAllParticipantsStart", codes=_OFF_ON),
        _flag("ai_summary.share_summary_only", _SUMMARY, "restrictShareMinutesSummaryOnly", codes=_OFF_ON),
        _flag("ai_summary.agent", _SUMMARY, "enableAiAgentStatus", codes=_BOOL),
        Setting(
            name="ai_summary.show_agent_record",
            kind=Kind.FLAG,
            wire=(_SUMMARY, "allowParticipantShowAiAgentRecord"),
            codes=_BOOL,
            changeable=False,
        ),
    )
}


def readable(settings: Settings) -> dict[str, SettingValue]:
    """Return those of `settings` that DingTalk lets be read back."""
    return {name: value for name, value in settings.items() if SETTINGS[name].readable}


def write_only(settings: Settings) -> dict[str, SettingValue]:
    """Return those of `settings` that can be changed but never read back."""
    return {
        name: value for name, value in settings.items() if not SETTINGS[name].readable and SETTINGS[name].changeable
    }


def canonical(name: str, value: SettingValue) -> SettingValue:
    """Return `value` as it compares: lists of people and apps have no order."""
    if SETTINGS[name].kind in {Kind.PEOPLE, Kind.APPS}:
        return tuple(sorted(value))  # type: ignore[arg-type,return-value]  # the kind says it is a tuple
    return value


def plain(settings: Settings) -> dict[str, Any]:
    """Return settings as JSON values: lists for tuples, objects for apps."""
    return {name: _plain(value) for name, value in settings.items()}


def _plain(value: SettingValue) -> Any:
    if isinstance(value, tuple):
        return [asdict(one) if isinstance(one, ExtensionApp) else one for one in value]
    return value


def digest(settings: Settings, *, ui_lock: bool) -> str:
    """Return 12 hex digits over all that can be written but not read: the memory that an event's marker carries."""
    values = plain({name: canonical(name, value) for name, value in sorted(write_only(settings).items())})
    text = json.dumps([ui_lock, values], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def flatten(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted name and the value of every leaf of a nested `settings` mapping, in its order."""
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and name not in SETTINGS:
            yield from flatten(value, f"{name}.")
        else:
            yield name, value
