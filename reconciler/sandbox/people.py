"""People: the old interface that resolves user ids and mobile numbers, and who is in the organisation."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any

from flask import Blueprint

from reconciler.sandbox.answers import ApiFailure
from reconciler.sandbox.gateway import Api, Call, endpoint, gateway
from reconciler.sandbox.store import Store

blueprint = Blueprint("people", __name__)
USER_GET = Api(name="user.get", counted=False, needs_token=False, plain_errors=True)
USER_UNION_ID = Api(name="user.union_id", counted=False, needs_token=False, plain_errors=True)
USER_MOBILE = Api(name="user.mobile", counted=False, needs_token=False, plain_errors=True)


def display_name(store: Store, union_id: str) -> str | None:
    """Return a person's name; None for nobody of this organisation."""
    found = store.row("SELECT name FROM people WHERE union_id = ?", union_id)
    return None if found is None else str(found[0])


def strangers(store: Store, union_ids: Iterable[str]) -> list[str]:
    """Return those of `union_ids` who are not in the organisation."""
    return [union_id for union_id in union_ids if display_name(store, union_id) is None]


@endpoint(blueprint, "POST", "/topapi/v2/user/get", USER_GET)
def get_user(call: Call) -> dict[str, Any]:
    found = _asked_for(call, "SELECT * FROM people WHERE userid = ?", "userid")
    return _done({"userid": found["userid"], "unionid": found["union_id"], "name": found["name"], "active": True})


@endpoint(blueprint, "POST", "/topapi/v2/user/getbymobile", USER_MOBILE)
def get_user_by_mobile(call: Call) -> dict[str, Any]:
    found = _asked_for(call, "SELECT userid FROM people WHERE mobile = ?", "mobile")
    return _done({"userid": found["userid"]})


@endpoint(blueprint, "POST", "/topapi/user/getbyunionid", USER_UNION_ID)
def get_user_by_union_id(call: Call) -> dict[str, Any]:
    found = _asked_for(call, "SELECT userid FROM people WHERE union_id = ?", "unionid")
    return _done({"contact_type": 0, "userid": found["userid"]})


def _asked_for(call: Call, sql: str, parameter: str) -> sqlite3.Row:
    """Return the person that `sql` finds by a parameter of the call. Raises the refusal of a call without a token."""
    _check_token(call)
    found = call.store.row(sql, _needed(call, parameter))
    if found is None:
        raise ApiFailure(200, "60121", "找不到该用户")
    return found


def _done(result: dict[str, Any]) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", "result": result, "request_id": "sandbox"}


def _needed(call: Call, name: str) -> str:
    value = call.body.data.get(name) or call.query.data.get(name)
    if not value:
        raise ApiFailure(200, "40035", f"缺少参数 {name}")
    return str(value)


def _check_token(call: Call) -> None:
    """Raise unless the request names a valid token, in its query or in its form."""
    token = str(call.query.data.get("access_token") or call.body.data.get("access_token") or "")
    try:
        gateway().check_token(token, call.now)
    except ApiFailure:
        raise ApiFailure(200, "40014", "不合法的access_token") from None
