"""The last line of an event's description, from which everything can be found again.

    reconciler:1/<workspace>/<meeting>/<occurrence>?conference=<id>&revision=<n>&applied=<digest>

`applied` is the digest over what can be written but never read (`reconciler.model.settings.digest`), `revision`
counts the events that were made for the occurrence: a new one is needed when a person deleted the last. `series=1`
marks a recurring event, which is all occurrences of its meeting from that one on.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qs, quote

from reconciler.model.occurrence import Key, parse_local
from reconciler.model.spelling import one_line_end

_LINE = re.compile(
    r"reconciler:1/(?P<workspace>[a-z0-9][a-z0-9-]{0,39})/(?P<meeting>[a-z0-9][a-z0-9-]{0,59})"
    r"/(?P<original>\d{4}-\d\d-\d\dT\d\d:\d\d)(?:\?(?P<query>\S*))?"
)
_NEWER = re.compile(r"^\s*reconciler:([2-9]|[1-9]\d{1,3})/([a-z0-9-]{1,40})/", re.MULTILINE)
_PREFIX = "econciler:1/"  # telephones write the first letter of a line large
_LAST = "&applied="  # of a marker that is not cut short
LINK = "Video conference: "
_ESCAPED = re.compile(r"reconciler:1/[^\s?]+\?[^\s&]*&(?:amp|#38|#x26);")
_BREAK = re.compile(r"<br ?/?>\n?", re.IGNORECASE)
_BROKEN = re.compile(r"<br ?/?>\n?(Video conference: |reconciler:1/)", re.IGNORECASE)
_BLOCK = r"(?:p|div|li)"
_BLOCKS = re.compile(rf"<{_BLOCK}\b[^<>]*>(?:<span\b[^<>]*>)?(?:Video conference: |reconciler:1/)", re.IGNORECASE)
_END = re.compile(rf"</{_BLOCK}>\n?", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:{_BLOCK}|ul|ol|span|font|a)\b[^<>]*>", re.IGNORECASE)
_INVISIBLE = str.maketrans(dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff", ""))
_BULLETS = " \t•·*–—-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    workspace: str
    key: Key
    conference: str = ""
    revision: int = 0
    applied: str = ""

    def __str__(self) -> str:
        occurrence = f"{self.key.meeting}/{self.key.original.isoformat(timespec='minutes')}"
        query = f"conference={quote(self.conference, safe='')}&revision={self.revision}&applied={self.applied}"
        return f"reconciler:1/{self.workspace}/{occurrence}?{query}{'&series=1' if self.key.series else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An event's description in its parts: what people wrote, the join link, and our marker."""

    body: str
    link: str = ""
    marker: Marker | None = None

    def __str__(self) -> str:
        ours = ([f"{LINK}{self.link}"] if self.link else []) + ([str(self.marker)] if self.marker else [])
        return "\n\n".join(part for part in (self.body, "\n".join(ours)) if part)


def ends_with(text: str, marker: Marker) -> bool:
    """Return whether `marker` is the last line of an event's description. In paragraphs of an editor it is not."""
    last = str(marker)
    return _last_line(text) == last or (not _BLOCKS.search(text) and _last_line(_as_written(text)) == last)


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].lstrip()


def _as_written(text: str) -> str:
    """Return a description as it was written, where our own lines show that a server has made HTML of it."""
    text = one_line_end(text)
    if _BLOCKS.search(text):
        text = _TAG.sub("", _END.sub("\n", _BREAK.sub("\n", text)))
    elif _BROKEN.search(text):
        text = _BREAK.sub("\n", text)
    return html.unescape(text) if _ESCAPED.search(text) else text


def parse_marker(line: str) -> Marker | None:
    """Return the marker that `line` is, or None. Parameters that we don't know are passed over."""
    line = line.strip()
    match = _LINE.fullmatch(line[:1].lower() + line[1:])
    if match is None:
        return None
    try:
        original = parse_local(match["original"])
    except ValueError:
        return None
    query = parse_qs(match["query"] or "")
    revision = query.get("revision", ["0"])[-1]
    return Marker(
        workspace=match["workspace"],
        key=Key(match["meeting"], original, series=query.get("series", [""])[-1] == "1"),
        conference=query.get("conference", [""])[-1],
        revision=int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else 0,  # noqa: PLR2004  # no int() of a megabyte
        applied=query.get("applied", [""])[-1],
    )


def newer_format(text: str, workspace: str) -> int:
    """Return the format of a marker of `workspace` that only a newer program can read; 0 where there is none."""
    return max((int(number) for number, whose in _NEWER.findall(text) if whose == workspace), default=0)


def managed_by(text: str) -> str:
    """Return the workspace whose marker an event's description bears, of a newer format, too; "" for none."""
    marker = parse_description(text).marker
    return marker.workspace if marker is not None else next((whose for _, whose in _NEWER.findall(text)), "")


def _visible(line: str) -> str:
    """Return a line of ours without the characters that editors put in and nobody sees."""
    return line if line.isascii() else line.translate(_INVISIBLE).replace("\xa0", " ")


def _with_marker(line: str) -> Description | None:
    """Return what a line holds that ends with a marker, None where there is none.

    Before it there may be a bullet, or what an editor has joined to it. Anything else there makes it a quotation.
    """
    at = max(line.find(_PREFIX) - 1, 0)
    before, marker = line[:at].strip(_BULLETS), parse_marker(line[at:])
    body, led, link = before.rpartition(LINK)
    if marker is None or (before and (not led or len(link.split()) != 1)):
        return None
    return Description(body=body.strip(), link=link.strip(), marker=marker)


def _unbroken(lines: list[str]) -> Iterator[str]:
    """Yield lines, with a marker in one piece that an editor has broken into two lines."""
    rest = iter(lines)
    for line in rest:
        if _PREFIX not in line or _LAST in line:
            yield line
            continue
        following = next(rest, None)
        more = _visible(following or "").strip()
        whole = _visible(line).rstrip() + more
        if _LAST in more and _PREFIX not in more and parse_marker(whole) is not None:
            yield whole
        else:
            yield line
            if following is not None:
                yield following


@lru_cache(maxsize=1 << 16)
def parse_description(text: str) -> Description:
    """Return the parts of an event's description, wherever a person or an editor may have moved our lines to."""
    body: list[str] = []
    link, marker = "", None
    for line in _unbroken(_as_written(text).split("\n")):
        ours = _with_marker(_visible(line)) if _PREFIX in line else None
        if ours is not None:
            marker, link = ours.marker, ours.link or link
            body += [ours.body] if ours.body else []
        elif "conference:" in line and _visible(line).startswith(LINK):
            link = _visible(line).removeprefix(LINK).strip()
        else:
            body.append(line)
    return Description(body="\n".join(body).strip(), link=link, marker=marker)
