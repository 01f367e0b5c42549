"""Entries as lines of text: most runs look at a few of them, and keep all others as they stand."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from reconciler.errors import StateError, UnreadableState
from reconciler.model.occurrence import Key, meeting_of
from reconciler.model.state import KEPT_AFTER_END, Entry
from reconciler.state.values import as_instant, decode_entry, lean_entry

_ORGANIZER = re.compile(rb'"organizer": "((?:[^"\\]|\\.)*)"')
_EVENT = re.compile(rb'"event_id": "([^"\\]+)"')
_INTACT = b', "intact": true'
_ENDS = re.compile(rb'"end": "([^"\\]+)"')

_encoded = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


def json_text(value: Any) -> bytes:
    """Return JSON on one line, keys sorted."""
    return _encoded(value).encode()


@contextmanager
def refusing(where: str) -> Iterator[None]:
    """Turn whatever can't be read of a state into UnreadableState."""
    try:
        yield
    except StateError:
        raise
    except Exception as error:
        raise UnreadableState(
            f"the state can't be read: {_reason(error)}",
            where=where,
            fix="move the file away: the next run finds everything again by the markers in DingTalk",
        ) from error


def _reason(error: Exception) -> str:
    """Return what is wrong with a state, in the words of whoever looks into its file."""
    match error:
        case json.JSONDecodeError():
            return f"it is not JSON: line {error.lineno}, column {error.colno}"
        case UnicodeDecodeError():
            return f"it is not text: byte {error.start}"
        case RecursionError():
            return "it is nested too deeply"
        case KeyError():
            return f"{str(error.args[0])[:80]!r} is missing" if error.args else "something is missing"
        case _:
            return "something in it has a value that no state has"


class Lines(Mapping[Key, Entry]):
    """Entries as they stand in the text of a state, by address. Whoever asks for one has all of them read.

    Reading raises UnreadableState, naming `where` they stand, if one of them can't be.
    """

    def __init__(self, texts: Mapping[str, bytes], *, where: str = "") -> None:
        self.texts = texts
        self._where = where
        self._read: dict[Key, Entry] | None = None

    def __getitem__(self, key: Key) -> Entry:
        return self.read()[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self.texts)

    def only(self, is_meant: Callable[[str], bool]) -> Lines:
        """Return the lines of the meetings that are meant, by their names."""
        texts = {address: text for address, text in self.texts.items() if is_meant(meeting_of(address))}
        return Lines(texts, where=self._where)

    def only_texts(self, is_meant: Callable[[bytes], bool]) -> Lines:
        """Return the lines that are meant, by what they say."""
        texts = {address: text for address, text in self.texts.items() if is_meant(text)}
        return Lines(texts, where=self._where)

    def read(self) -> dict[Key, Entry]:
        """Return all entries by their keys."""
        if self._read is None:
            with refusing(self._where):
                found = (decode_entry(json.loads(text), address) for address, text in self.texts.items())
                self._read = {entry.key: entry for entry in found}
        return self._read

    def entry(self, address: str) -> Entry:
        """Return the entry of one line. No other is read."""
        with refusing(self._where):
            return decode_entry(json.loads(self.texts[address]), address)

    def by_event(self) -> dict[str, str]:
        """Return the addresses by the ids of the events, without those of events that two lines have. None is read."""
        found: dict[str, str] = {}
        for address, text in self.texts.items():
            named = _EVENT.search(text)
            if named is not None:
                event = named[1].decode()
                found[event] = "" if event in found else address
        return {event: address for event, address in found.items() if address}

    def intact(self, events: Collection[str]) -> Lines:
        """Return the lines, those of these `events` saying that the event was seen as it was applied."""
        if not events:
            return self
        return Lines({address: _as_intact(text, events) for address, text in self.texts.items()}, where=self._where)

    def by_meeting(self) -> dict[str, list[str]]:
        """Return the addresses of the occurrences by meeting. Nothing is read."""
        found: dict[str, list[str]] = defaultdict(list)
        for address in self.texts:
            found[meeting_of(address)].append(address)
        return found


def _as_intact(text: bytes, events: Collection[str]) -> bytes:
    found = _EVENT.search(text)
    if found is None or found[1].decode() not in events or text.startswith(_INTACT, found.end()):
        return text
    return text[: found.end()] + _INTACT + text[found.end() :]


def organizers(entries: Mapping[Key, Entry], *, besides: frozenset[str], after: datetime) -> frozenset[str]:
    """Return the union ids of all whose events these are, `besides` some, without reading what is not.

    Occurrences that ended before `after` don't count: whoever has no others is organiser no more.
    """
    if not isinstance(entries, Lines):
        coming = (entry for entry in entries.values() if entry.organizer not in besides and not is_over(entry, after))
        return frozenset(entry.organizer for entry in coming)
    named: set[bytes] = set()
    known = {json.dumps(who, ensure_ascii=False)[1:-1].encode() for who in besides}
    for address, text in entries.texts.items():
        some = {*_ORGANIZER.findall(text)} - known - named
        if some and (address.endswith("+") or not _ended(text, after)):
            named |= some
    return frozenset(json.loads(b'"%s"' % name) for name in named)


def is_over(entry: Entry, when: datetime) -> bool:
    """Return whether an occurrence ended before; of a series, and of what was never applied, nothing tells."""
    return entry.applied is not None and not entry.key.series and entry.applied.end <= when


def parted(entries: Mapping[Key, Entry], meetings: Collection[str]) -> tuple[Mapping[Key, Entry], dict[Key, Entry]]:
    """Return the entries of `meetings`, as they stand, and all others, read."""
    if not isinstance(entries, Lines):
        own = {key: entry for key, entry in entries.items() if key.meeting in meetings}
        return own, {key: entry for key, entry in entries.items() if key.meeting not in meetings}
    return entries.only(lambda name: name in meetings), entries.only(lambda name: name not in meetings).read()


def joined(some: Mapping[Key, Entry], others: Mapping[Key, Entry]) -> Lines:
    """Return the entries of both, as a state's text has them."""
    return Lines({**lines_of(some).texts, **lines_of(others).texts})


def lines_of(entries: Mapping[Key, Entry]) -> Lines:
    """Return entries as a state's text has them."""
    if isinstance(entries, Lines):
        return entries
    return Lines({str(key): json_text(lean_entry(entry)) for key, entry in entries.items()})


def meetings(entries: Mapping[Key, Entry]) -> frozenset[str]:
    """Return the names of the meetings that these are occurrences of, without reading what is not."""
    if isinstance(entries, Lines):
        return frozenset(entries.by_meeting())
    return frozenset(key.meeting for key in entries)


def without_past(entries: Mapping[Key, Entry], now: datetime) -> Mapping[Key, Entry]:
    """Return lines without those of occurrences that ended more than a week before `now`; anything else as it is."""
    if not isinstance(entries, Lines):
        return entries
    return entries.only_texts(lambda text: not _is_past(text, now))


def _is_past(text: bytes, now: datetime) -> bool:
    return _ended(text, now - KEPT_AFTER_END)


def _ended(text: bytes, when: datetime) -> bool:
    ends = _ENDS.search(text)
    try:
        return ends is not None and as_instant(ends[1].decode()) <= when
    except ValueError:
        return False
