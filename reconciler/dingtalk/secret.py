"""Keeping secrets out of what people and logs see."""

from __future__ import annotations

import json
import re
import threading
from urllib.parse import quote

HIDDEN = "[hidden]"
_SHORTEST = 6  # a shorter "secret" would blot out ordinary words
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


class Secret:
    """A text that shows itself only to who asks for it with `reveal`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN!r})"

    def __str__(self) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Redactor:
    """Takes the secrets it knows out of texts. Safe to share between threads."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def learn(self, secret: Secret) -> None:
        if len(text := secret.reveal()) >= _SHORTEST:
            with self._lock:
                self._known |= {text, quote(text, safe=""), json.dumps(text)[1:-1]}  # as URLs and JSON spell it

    def redact(self, text: str) -> str:
        """Return `text` with every known secret replaced."""
        with self._lock:
            known = sorted(self._known, key=len, reverse=True)
        for secret in known:
            text = text.replace(secret, HIDDEN)
        return text


def clean(text: str, limit: int = 200) -> str:
    """Return text from remote fit to print: no control or direction characters, one line, at most `limit` long."""
    flat = _CONTROL.sub(" ", text[: limit * 8]).strip()
    return flat if len(flat) <= limit else f"{flat[: limit - 1]}…"
