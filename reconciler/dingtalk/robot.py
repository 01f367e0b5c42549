"""A group's custom robot, which takes messages at a webhook. Source: DingTalk's "custom robot", security by signature.

Its URL holds a token, so URL and secret come from the environment alone and are shown nowhere.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from reconciler.dingtalk.credentials import given
from reconciler.dingtalk.errors import ApiError
from reconciler.dingtalk.secret import Redactor, Secret, clean
from reconciler.dingtalk.transport import Limits, Request, Transport, is_loopback
from reconciler.errors import ReconcilerError

WEBHOOK, SECRET = "RECONCILER_ROBOT_WEBHOOK", "RECONCILER_ROBOT_SECRET"  # names
_CALL = "POST robot/send"
_FIX = f"set {WEBHOOK} to the robot's address, https://oapi.dingtalk.com/robot/send?access_token=…, and {SECRET}"
_LIMITS = Limits(connect_s=5.0, read_s=10.0, whole_s=15.0, size=64 * 1024)


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """Where to send messages. `secret` is None where the robot is secured by a keyword or by addresses."""

    webhook: Secret
    secret: Secret | None = None

    def send(self, title: str, markdown: str, *, now: datetime) -> None:
        """Send a message, once: `now`, by the real clock, must be within an hour of DingTalk's. Raises ReconcilerError.

        What the group sees of it in a notification is the title.
        """
        parts = urlsplit(self.webhook.reveal())
        query = {**dict(parse_qsl(parts.query)), **signature(self.secret, now)}
        request = Request(
            method="POST",
            url=urlunsplit(parts._replace(query="")),
            call=_CALL,
            headers={},
            query=query,
            json={"msgtype": "markdown", "markdown": {"title": title, "text": markdown}},
        )
        response = Transport(_LIMITS).send(request, fresh=True)
        self._check(response.status, response.body, tuple(query.values()))

    def _check(self, status: int, body: bytes, secrets: tuple[str, ...]) -> None:
        try:
            answer = json.loads(body)
            code, told = answer.get("errcode"), str(answer.get("errmsg", ""))
        except (ValueError, AttributeError, RecursionError):
            code, told = None, ""
        if code == 0:
            return
        redactor = Redactor()
        for secret in (*secrets, *([self.secret.reveal()] if self.secret else [])):
            redactor.learn(Secret(secret))
        reason = clean(redactor.redact(told)) or f"HTTP {status}"
        raise ApiError(
            f"the robot refused the message: {reason}", call=_CALL, status=status, dingtalk_code=str(code), fix=_FIX
        )


def signature(secret: Secret | None, now: datetime) -> dict[str, str]:
    """Return what a signed request has in its query besides the token; nothing without a secret."""
    if secret is None:
        return {}
    timestamp = str(round(now.timestamp() * 1000))
    text = f"{timestamp}\n{secret.reveal()}"
    signed = hmac.new(secret.reveal().encode(), text.encode(), hashlib.sha256).digest()
    return {"timestamp": timestamp, "sign": base64.b64encode(signed).decode()}


def robot_from_environment(environment: Mapping[str, str]) -> Robot | None:
    """Return the robot that `environment` names, if any. Raises ReconcilerError where its address is of no use."""
    webhook = given(environment, (WEBHOOK,), fix=_FIX)
    if not webhook:
        return None
    _check_webhook(webhook)
    secret = given(environment, (SECRET,), fix=_FIX)
    return Robot(webhook=Secret(webhook), secret=Secret(secret) if secret else None)


def _check_webhook(url: str) -> None:
    """Raise for an address that is none or would show its token; the message does not repeat it."""
    no_robot = ReconcilerError(f"{WEBHOOK} is not the address of a robot", fix=_FIX)
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and parts.scheme in {"http", "https"} and (parts.port is None or parts.port > 0)
    except ValueError:
        raise no_robot from None
    if not usable or parts.username is not None or parts.password is not None:
        raise no_robot
    if parts.scheme == "http" and not is_loopback(url):
        raise ReconcilerError(f"{WEBHOOK} is not encrypted", fix="use https; http is for loopback only")
