"""`scheduleConfSettingModel` to our settings and back, driven by the table in `reconciler.model.settings`."""

from __future__ import annotations

from typing import Any

from reconciler.dingtalk.wire import Answer, items, part, text, texts
from reconciler.model.occurrence import ExtensionApp, Settings, SettingValue
from reconciler.model.settings import SETTINGS, Kind, Setting

_AUTO_OPEN = ("never", "hosts", "everyone")  # 0, 1, 2 on the wire
_OFF_TOO = {("waiting_room", "2")}  # one page of DingTalk's documentation has 2 for off


def encode(settings: Settings) -> dict[str, Any]:
    """Return `settings` as `scheduleConfSettingModel`: what is absent is not sent, so DingTalk leaves it alone."""
    model: dict[str, Any] = {}
    for name, value in settings.items():
        *parents, last = SETTINGS[name].wire
        place = model
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = _encoded(SETTINGS[name], value)
    return model


def decode(model: Answer) -> dict[str, SettingValue]:
    """Return the readable settings in `model`, by our names; what is absent or not understood is left out."""
    found: dict[str, SettingValue] = {}
    for setting in SETTINGS.values():
        if setting.readable and (value := _decoded(setting, model)) is not None:
            found[setting.name] = value
    return found


def _encoded(setting: Setting, value: SettingValue) -> object:
    if setting.kind is Kind.FLAG:
        return setting.codes[bool(value)]
    if setting.kind is Kind.CHOICE:
        return setting.codes[setting.choices.index(str(value))]
    if isinstance(value, tuple):
        return [_encoded_app(item) if isinstance(item, ExtensionApp) else item for item in value]
    return value


def _encoded_app(app: ExtensionApp) -> dict[str, object]:
    return {
        "coolAppCode": app.code,
        "autoOpenMode": _AUTO_OPEN.index(app.auto_open),
        "extensionAppBizData": app.data,
    }


def _decoded(setting: Setting, model: Answer) -> SettingValue | None:
    *parents, last = setting.wire
    for parent in parents:
        model = part(model, parent)
    if model.get(last) is None:
        return None
    match setting.kind:
        case Kind.FLAG:
            return _flag(setting, model[last])
        case Kind.CHOICE:
            index = _index(setting, model[last])
            return None if index is None else setting.choices[index]
        case Kind.PEOPLE:
            return texts(model, last) if isinstance(model[last], list) else None
        case Kind.APPS:
            return tuple(_app(item) for item in items(model, last)) if isinstance(model[last], list) else None
        case Kind.TEXT | Kind.PERSON:
            return text(model, last) or None


def _flag(setting: Setting, value: object) -> bool | None:
    if (setting.name, _plain(value)) in _OFF_TOO:
        return False
    index = _index(setting, value)
    return None if index is None else bool(index)


def _index(setting: Setting, value: object) -> int | None:
    codes = [_plain(code) for code in setting.codes]
    return codes.index(_plain(value)) if _plain(value) in codes else None


def _plain(value: object) -> str:
    """Return a code as it compares: 1, "1", true and "true" are the same."""
    spelled = str(value).lower()
    return {"true": "1", "false": "0"}.get(spelled, spelled)


def _app(item: Answer) -> ExtensionApp:
    mode = text(item, "autoOpenMode")  # a text in answers, a number in requests
    return ExtensionApp(
        code=text(item, "coolAppCode"),
        auto_open=_AUTO_OPEN[int(mode)] if mode in {"0", "1", "2"} else "never",
        data=text(item, "extensionAppBizData"),
    )
