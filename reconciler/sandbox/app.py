"""The sandbox as a Flask app."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, current_app, jsonify
from werkzeug.exceptions import HTTPException

from reconciler.sandbox import attendees, auth, conferences, control, desk, events, instant, listing, people, rooms
from reconciler.sandbox.answers import ApiFailure, failure_body, system_error
from reconciler.sandbox.clock import Clock, MovableClock, utc_now
from reconciler.sandbox.gateway import Gateway
from reconciler.sandbox.limits import Gate, Limits
from reconciler.sandbox.store import Store

APP_KEY = "dingsandboxapp"
APP_SECRET = "sandbox-secret"  # noqa: S105  # it opens nothing but the sandbox
API_FAMILIES = (auth, people, conferences, instant, events, attendees, listing, rooms)


def create_app(path: Path, *, clock: Clock = utc_now, limits: Limits | None = None) -> Flask:
    """Return the app over the file at `path`, which is made where there is none.

    `clock` returns aware UTC datetimes. The app's gateway is `app.extensions["sandbox"]`.
    """
    app = Flask("reconciler.sandbox", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the default provider has it
    app.extensions["sandbox"] = Gateway(
        Store(path), MovableClock(clock), Gate(limits or Limits()), app_key=APP_KEY, app_secret=APP_SECRET
    )
    for family in (*API_FAMILIES, control, desk):
        app.register_blueprint(family.blueprint)
    app.register_error_handler(HTTPException, _no_such_api)
    app.register_error_handler(ApiFailure, _refuse)
    app.register_error_handler(Exception, _break)
    return app


def _refuse(failure: ApiFailure) -> tuple[Response, int]:
    return jsonify(failure_body(failure)), failure.status


def _no_such_api(error: HTTPException) -> tuple[Response, int]:
    message = "Specified api is not found, please check your url and method."
    return jsonify(failure_body(ApiFailure(error.code or 404, "InvalidAction.NotFound", message))), error.code or 404


def _break(error: Exception) -> tuple[Response, int]:
    """Answer a mistake of the sandbox's own as DingTalk would, and keep it where tests can find it."""
    current_app.extensions["sandbox-errors"] = [*current_app.extensions.get("sandbox-errors", ()), error]
    return jsonify(failure_body(system_error())), 500
