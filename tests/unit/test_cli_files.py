"""Whether a file can be written is told before anything else is done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.cli.files import check_writable
from reconciler.errors import ReconcilerError


@pytest.mark.parametrize(
    ("denied", "replaced", "refused"),
    [
        ("plan.json", False, True),
        ("plan.json", True, False),  # the folder is enough to put another file in its place
        (".", True, True),
        (".", False, False),
    ],
)
def test_what_has_to_be_writable_is_what_will_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, denied: str, *, replaced: bool, refused: bool
) -> None:
    path = tmp_path / "plan.json"
    path.touch()
    monkeypatch.setattr(os, "access", lambda one, mode: mode == os.F_OK or Path(one) != tmp_path / denied)
    if refused:
        with pytest.raises(ReconcilerError, match="can't be written"):
            check_writable(path, replaced=replaced)
    else:
        check_writable(path, replaced=replaced)
