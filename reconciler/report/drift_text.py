"""Drift for people: by occurrence, what differs, whose doing it is."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.console import Group, RenderableType

from reconciler.diff.drift import Cause, Finding
from reconciler.model.observed import ReadFailure
from reconciler.report.clean import for_terminal, shortened
from reconciler.report.failures_text import failure_lines
from reconciler.report.lines import Line, blank, counted, line
from reconciler.report.names import Names

_STYLE = {Cause.EDITED: "bold magenta", Cause.APPROVAL: "yellow", Cause.DEFAULT: "dim", Cause.OURS: "cyan"}
_LONG = 60
_CAUSE, _LABEL = 9, 13  # least widths of the columns


def _label(one: Finding) -> str:
    return one.path.removeprefix("settings.")


def drift_text(
    findings: Sequence[Finding], failures: Iterable[ReadFailure], names: Names, *, verbose: bool = False
) -> RenderableType:
    """Return the edits by people; `verbose` tells of what is no drift, too."""
    return Group(*_lines(findings, tuple(failures), names, verbose=verbose))


def _lines(
    findings: Sequence[Finding], failures: tuple[ReadFailure, ...], names: Names, *, verbose: bool
) -> Iterator[Line]:
    shown = [one for one in findings if verbose or one.cause is Cause.EDITED]
    width = max([_LABEL, *(len(_label(one)) for one in shown)])
    for key, group in groupby(shown, key=lambda one: one.key):
        yield line((str(key), "bold"))
        for one in group:
            before, after = (_value(value, names, verbose=verbose) for value in (one.expected, one.seen))
            cause, label = f"{one.cause.value:<{_CAUSE}}", f"{_label(one):<{width}} "
            hang = _CAUSE + len(label)
            yield line((cause, _STYLE[one.cause]), label, before, " → ", after, indent=2, hang=hang)
        yield blank()
    if failures:
        yield from failure_lines(failures, names)
        yield blank()
    edited = [one for one in findings if one.cause is Cause.EDITED]
    if edited:
        occurrences = counted(len({one.key for one in edited}), "occurrence")
        yield line(
            ("Drift", "bold magenta"), f": {counted(len(edited), 'field')} of {occurrences} changed in DingTalk."
        )
    elif failures:
        yield line(("Incomplete", "bold red"), ": no drift in what could be read.")
    else:
        yield line(("No drift", "bold green"), ": nobody changed anything in DingTalk.")
    rest = len(findings) - len(edited)
    if rest and not verbose:
        yield line((f"{_others(findings)}; -v lists them.", "dim"))


def _others(findings: Sequence[Finding]) -> str:
    """Return in words what else differs, and is no drift."""
    many = Counter(one.cause for one in findings)
    told = {
        Cause.DEFAULT: counted(many[Cause.DEFAULT], "value") + " that the config does not declare",
        Cause.APPROVAL: counted(many[Cause.APPROVAL], "answer") + " awaited or given",
        Cause.OURS: counted(many[Cause.OURS], "change") + " of the config not applied yet",
    }
    return "Besides: " + ", ".join(text for cause, text in told.items() if many[cause])


def _value(value: object, names: Names, *, verbose: bool) -> str:
    text = for_terminal(names.text(json.loads(json.dumps(value))))
    return text if verbose else shortened(text, _LONG)
