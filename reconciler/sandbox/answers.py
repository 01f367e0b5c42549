"""What an endpoint says: a document, or a failure in DingTalk's form."""

from __future__ import annotations

import secrets
from typing import Any


class ApiFailure(Exception):
    """A refusal: HTTP status, DingTalk's code, a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def failure_body(failure: ApiFailure) -> dict[str, Any]:
    return {"code": failure.code, "message": failure.message, "requestid": request_id()}


def request_id() -> str:
    return secrets.token_hex(16).upper()


def invalid(message: str) -> ApiFailure:
    """Return the calendar's 400 for a wrong field."""
    return ApiFailure(400, "invalidParameter", message)


def not_found(message: str = "item not found") -> ApiFailure:
    return ApiFailure(404, "itemNotFound", message)


def system_error() -> ApiFailure:
    return ApiFailure(500, "systemError", "system error")
