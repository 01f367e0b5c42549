"""The `settings` of a meeting: flattened, typed, and consistent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.config.document import Findings, Path
from reconciler.config.registry import Registry, known_person, words
from reconciler.model.occurrence import ExtensionApp, SettingValue
from reconciler.model.settings import SETTINGS, Kind, flatten


def read_settings(tree: object, registry: Registry, path: Path, findings: Findings) -> dict[str, SettingValue]:
    """Return the declared settings by their dotted names; note people in them who are unknown."""
    settings: dict[str, SettingValue] = {}
    if isinstance(tree, dict):
        for name, value in flatten(tree):
            setting = SETTINGS.get(name)
            if setting is not None and value is not None:
                settings[name] = _typed(setting.kind, value, registry, (*path, *name.split(".")), findings)
    return settings


def check_settings(settings: Mapping[str, SettingValue], path: Path, findings: Findings) -> None:
    """Note settings that contradict each other."""
    for name, message, hint in _contradictions(settings):
        findings.warn((*path, *name.split(".")), message, hint)


def _typed(kind: Kind, value: Any, registry: Registry, path: Path, findings: Findings) -> SettingValue:
    match kind:
        case Kind.PERSON:
            known_person(value, registry, path, findings)
            return str(value)
        case Kind.PEOPLE:
            return tuple(alias for at, alias in words(value) if known_person(alias, registry, (*path, at), findings))
        case Kind.APPS:
            apps = (app for app in value if isinstance(app, dict) and isinstance(app.get("code"), str))
            return tuple(
                ExtensionApp(app["code"], app.get("auto_open") or "never", app.get("data") or "") for app in apps
            )
        case Kind.FLAG:
            return bool(value)
        case Kind.CHOICE | Kind.TEXT:
            return str(value)


def _contradictions(settings: Mapping[str, SettingValue]) -> Iterator[tuple[str, str, str]]:
    cohosts = settings.get("cohosts", ())
    if isinstance(cohosts, tuple) and settings.get("host") in cohosts:
        yield "cohosts", f"{settings['host']!r} is the host already", "take the host out of the co-hosts"
    if settings.get("recording.auto_start") is False and "recording.auto_start_when" in settings:
        yield "recording.auto_start_when", "the recording doesn't start by itself", "write auto_start: true, or drop it"
    if settings.get("minutes.template_type") == "official" and "minutes.template_version" in settings:
        yield (
            "minutes.template_version",
            "only a custom template has a version",
            "write template_type: custom, or drop it",
        )
    if "minutes.template_id" not in settings and "minutes.template_type" in settings:
        yield "minutes.template_type", "no template is named", "add template_id, or drop it"
    if settings.get("ai_summary.enabled") is False and "ai_summary.recipients" in settings:
        yield "ai_summary.recipients", "no AI summary is made", "write enabled: true, or drop it"
