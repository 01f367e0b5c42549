"""The token call."""

from __future__ import annotations

import secrets

from flask import Blueprint

from reconciler.sandbox.answers import ApiFailure
from reconciler.sandbox.gateway import Api, Call, endpoint, gateway

blueprint = Blueprint("auth", __name__)
LIFE_S = 7200
TOKEN = Api(name="token", counted=False, needs_token=False, wrong="invalidParameter")  # a name


@endpoint(blueprint, "POST", "/v1.0/oauth2/accessToken", TOKEN)
def fetch_token(call: Call) -> dict[str, object]:
    """Return the app's token: within its life the same one, renewed."""
    server = gateway()
    key, secret = call.body.text("appKey"), call.body.text("appSecret")
    if not (key == server.app_key and secrets.compare_digest(secret.encode(), server.app_secret.encode())):
        raise ApiFailure(400, "invalidClientIdOrSecret", "Invalid clientId or clientSecret.")
    known = call.store.row("SELECT token FROM tokens WHERE app_key = ? AND expires > ?", key, call.now_ms)
    token = str(known[0]) if known else secrets.token_hex(16)
    call.store.run("REPLACE INTO tokens VALUES (?, ?, ?)", token, key, call.now_ms + LIFE_S * 1000)
    return {"accessToken": token, "expireIn": LIFE_S}
