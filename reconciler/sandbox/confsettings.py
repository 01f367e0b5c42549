"""`scheduleConfSettingModel`: its fields, their checks, and what of it can be read back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.answers import ApiFailure
from reconciler.sandbox.fields import Fields
from reconciler.sandbox.people import strangers
from reconciler.sandbox.store import Store

_SWITCH = (0, 1)
_FLAG = (False, True)
_MODES = ("grid", "speech", "full_screen", "auto_grid", "screen_cast", "p2p", "full_screen_and_speaker")
_EXTRA = "moziConfVirtualExtraSetting"
_APPS = "moziConfExtensionAppSettings"

# What each field may hold; None: any text.
_TOP: Mapping[str, tuple[Any, ...] | None] = {
    "hostUnionId": None,
    "confAllowedCorpId": None,
    "lockRoom": _SWITCH,
    "screenShareForbidden": _SWITCH,
    "muteOnJoin": (-1, 0, 6),
}
_BLOCKS: Mapping[str, Mapping[str, tuple[Any, ...] | None]] = {
    _EXTRA: {
        "waitingRoom": (0, 1, 2),  # one page of the documentation says 2 for off
        "joinBeforeHost": _SWITCH,
        "enableChat": _SWITCH,
        "lockNick": _SWITCH,
        "lockMediaStatusMicMute": _SWITCH,
        "enableWebAnonymousJoin": _FLAG,
        "pushAllMeetingRecords": _FLAG,
        "pushMinutesCard": _FLAG,
        "pushCloudRecordCard": _FLAG,
        "minutesOwnerUnionId": None,
        "cloudRecordOwnerUnionId": None,
        "minutesSummaryTemplateType": ("0", "1"),
        "minutesSummaryTemplateId": None,
        "minutesSummaryDiyTemplateVersion": None,
        "hiddenOwnerNick": _FLAG,
    },
    "moziConfOpenRecordSetting": {
        "recordAutoStart": _SWITCH,
        "recordAutoStartType": (0, 1, 2),
        "mode": _MODES,
        "isFollowHost": _FLAG,
        "restrictShareMinutesSummaryOnly": _SWITCH,
    },
    "aiAgentSummarySetting": {
        "value": ("enable", "disable"),
        "receiverType": _SWITCH,
        "allowAllParticipantsStart": _SWITCH,
        "restrictShareMinutesSummaryOnly": _SWITCH,
        "enableAiAgentStatus": _FLAG,
        "allowParticipantShowAiAgentRecord": _FLAG,
    },
}
_CREATE_ONLY = ("aiAgentSummarySetting", "allowParticipantShowAiAgentRecord")
_PEOPLE = ("hostUnionId", "minutesOwnerUnionId", "cloudRecordOwnerUnionId")
_READ_DEFAULTS = {"confAllowedCorpId": "", "lockRoom": 0, "screenShareForbidden": 0, "muteOnJoin": 0}
_READ_EXTRA_DEFAULTS = {
    "waitingRoom": 0,
    "joinBeforeHost": 1,
    "enableChat": 1,
    "lockNick": 0,
    "lockMediaStatusMicMute": 0,
    "enableWebAnonymousJoin": False,
}

Model = dict[str, Any]


def read_settings(store: Store, fields: Fields | None, *, stranger_code: str, app_code: str, create: bool) -> Model:
    """Return the settings that a request gives, checked; unknown fields are dropped, as DingTalk does."""
    if fields is None:
        return {}
    model = _read_block(fields, _TOP)
    if fields.has("cohostUnionIds"):
        model["cohostUnionIds"] = fields.texts("cohostUnionIds")
    for name, allowed in _BLOCKS.items():
        block = fields.block(name)
        if block is not None:
            model[name] = _read_block(block, allowed)
            if name == _EXTRA and block.has(_APPS):
                model[name][_APPS] = [_read_app(app, app_code) for app in block.blocks(_APPS)]
    if not create:
        model.get(_CREATE_ONLY[0], {}).pop(_CREATE_ONLY[1], None)
    named = [*model.get("cohostUnionIds", ()), *(model[name] for name in _PEOPLE if name in model)]
    named += [model.get(_EXTRA, {})[name] for name in _PEOPLE if name in model.get(_EXTRA, {})]
    if unknown := strangers(store, named):
        raise ApiFailure(400, stranger_code, f"not in the organization: {', '.join(unknown)}")
    return model


def merge_settings(old: Model, new: Model) -> Model:
    """Return `old` with the fields of `new`; what `new` does not name stays."""
    merged = dict(old)
    for name, value in new.items():
        merged[name] = {**old.get(name, {}), **value} if name in _BLOCKS else value
    return merged


def readable_settings(model: Model, *, creator: str, app_key: str) -> Model:
    """Return what DingTalk answers of `model`: recording, summary, minutes and push settings are never read back."""
    extra = model.get(_EXTRA, {})
    apps = [
        {
            "clientId": app_key,
            "coolAppCode": app["coolAppCode"],
            "autoOpenMode": str(app["autoOpenMode"]),
            "extensionAppBizData": app["extensionAppBizData"],
        }
        for app in extra.get(_APPS, ())
    ]
    shown = {name: model.get(name, default) for name, default in _READ_DEFAULTS.items()}
    shown_extra = {name: extra.get(name, default) for name, default in _READ_EXTRA_DEFAULTS.items()}
    return {
        "hostUnionId": model.get("hostUnionId", creator),
        "cohostUnionIds": model.get("cohostUnionIds", []),
        **shown,
        _EXTRA: {**shown_extra, _APPS: apps},
    }


def _read_block(fields: Fields, allowed: Mapping[str, tuple[Any, ...] | None]) -> Model:
    model: Model = {}
    for name, values in allowed.items():
        if fields.has(name):
            model[name] = fields.optional_text(name) if values is None else fields.one_of(name, values)
    return model


def _read_app(fields: Fields, code: str) -> Model:
    app = Fields(fields.data, code, fields.path)
    mode = app.one_of("autoOpenMode", (0, 1, 2)) if app.has("autoOpenMode") else 0
    return {
        "coolAppCode": app.text("coolAppCode"),
        "autoOpenMode": mode,
        "extensionAppBizData": app.optional_text("extensionAppBizData") or "",
    }
