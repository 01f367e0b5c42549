"""The measured numbers: kept in benchmarks/results.json, and told in docs/performance.md."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from measure import Median, machine

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "performance.md"


def keep(section: str, medians: Sequence[Median], **more: Any) -> dict[str, Any]:
    """Write a section of the results, the other as it was; return it."""
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    cases = {one.name: {name: _short(value) for name, value in asdict(one).items()} for one in medians}
    measured = datetime.now(UTC).date().isoformat()
    known[section] = {"measured": measured, "machine": machine(), "cases": cases, **more}
    RESULTS.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    return dict(known[section])


def _short(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _short(one) for name, one in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def tell(section: str, lines: Sequence[str]) -> None:
    """Write the lines between the marks of a section of the page, and print them."""
    begin, end = f"<!-- begin: {section} (generated) -->", f"<!-- end: {section} -->"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    text = "\n".join(lines)
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")
    print(text)


def heading(found: Mapping[str, Any]) -> list[str]:
    """Return what the table is of."""
    return [f"Measured on {found['measured']} with {found['machine']}.", ""]
