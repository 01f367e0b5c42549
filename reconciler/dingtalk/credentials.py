"""Credentials from the environment. They are never part of the config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.dingtalk.secret import Secret
from reconciler.errors import ReconcilerError

_KEY = ("DINGTALK_APP_KEY", "DINGTALK_CLIENT_ID")
_SECRET = ("DINGTALK_APP_SECRET", "DINGTALK_CLIENT_SECRET")
_FIX = (
    "set DINGTALK_APP_KEY and DINGTALK_APP_SECRET (or DINGTALK_CLIENT_ID and DINGTALK_CLIENT_SECRET), or the same "
    "names with _FILE for files that hold them; DingTalk's developer console "
    "shows both on the app's page"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The app key (Client ID) and app secret (Client Secret) of a DingTalk app."""

    app_key: str
    app_secret: Secret
    missing: CredentialsMissing | None = None  # instead of them: with what the first call is refused


class CredentialsMissing(ReconcilerError):
    """DingTalk can't be asked: nobody has said by which app."""

    code = "credentials-missing"


def from_environment(environment: Mapping[str, str]) -> Credentials:
    """Return the credentials that `environment` names. Raises ReconcilerError where one is missing or unreadable."""
    return Credentials(app_key=_first(environment, _KEY), app_secret=Secret(_first(environment, _SECRET)))


def if_any(environment: Mapping[str, str]) -> Credentials:
    """Return the credentials that `environment` names; where one is missing, those that refuse the first call."""
    try:
        return from_environment(environment)
    except CredentialsMissing as error:
        return Credentials(app_key="", app_secret=Secret(""), missing=error)


def given(environment: Mapping[str, str], names: tuple[str, ...], *, fix: str) -> str:
    """Return the text of the first of `names` that is set, or of the file that the same name with _FILE names; else "".

    Raises ReconcilerError where it can't be read or holds what no credential does.
    """
    for name in names:
        if value := environment.get(name, "").strip():
            return _printable(value, name, fix)
        if file := environment.get(f"{name}_FILE", "").strip():
            return _printable(_read(file, f"{name}_FILE", fix), f"{name}_FILE", fix)
    return ""


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    if found := given(environment, names, fix=_FIX):
        return found
    raise CredentialsMissing(f"no DingTalk credentials: {' or '.join(names)} is not set", fix=_FIX)


def _read(file: str, name: str, fix: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ReconcilerError(f"the file that {name} names can't be read: {why}", where=file, fix=fix) from error


def _printable(value: str, name: str, fix: str) -> str:
    if not value.isascii() or not value.isprintable() or not value:
        raise ReconcilerError(f"{name} is empty or holds characters that no credential has", fix=fix)
    return value
