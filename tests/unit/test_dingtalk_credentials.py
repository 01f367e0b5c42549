from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.dingtalk import Secret, from_environment
from reconciler.errors import ReconcilerError


@pytest.mark.parametrize(("key", "secret"), [("APP_KEY", "APP_SECRET"), ("CLIENT_ID", "CLIENT_SECRET")])
def test_credentials_come_under_either_name(key: str, secret: str) -> None:
    found = from_environment({f"DINGTALK_{key}": "k", f"DINGTALK_{secret}": " s3cret\n"})
    assert found.app_key == "k"
    assert found.app_secret.reveal() == "s3cret"


def test_credentials_come_from_files(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret\n", encoding="utf-8")
    found = from_environment({"DINGTALK_APP_KEY": "k", "DINGTALK_APP_SECRET_FILE": str(file)})
    assert found.app_secret == Secret("s3cret")


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DINGTALK_APP_KEY": "k"},
        {"DINGTALK_APP_KEY": "k", "DINGTALK_APP_SECRET": ""},
        {"DINGTALK_APP_KEY": "k", "DINGTALK_APP_SECRET_FILE": "/does/not/exist"},
        {"DINGTALK_APP_KEY": "k\nevil", "DINGTALK_APP_SECRET": "s"},
    ],
)
def test_missing_or_unusable_credentials_say_how_to_set_them(environment: dict[str, str]) -> None:
    with pytest.raises(ReconcilerError) as caught:
        from_environment(environment)
    assert "DINGTALK_APP_SECRET" in caught.value.fix
    assert "evil" not in str(caught.value)


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("s3cret-text")
    assert "s3cret" not in f"{secret} {secret!r} {[secret]}"
    with pytest.raises(TypeError):
        json.dumps(secret)
