"""Who may drive the sandbox: this machine, and no web page of another origin that reaches for it."""

from __future__ import annotations

import ipaddress

from flask import request

from reconciler.sandbox.answers import ApiFailure

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


def only_from_here() -> None:
    """Refuse other machines, and names that a web page has made point here (DNS rebinding)."""
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    local = ipaddress.ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104  # what is unknown is not local
    if not local or host not in LOOPBACK_HOSTS:
        raise ApiFailure(403, "forbidden", "The sandbox is controlled from its own machine alone.")


def only_own_forms() -> None:
    """Refuse what another site's page sends (CSRF): browsers name the origin of every form that is posted."""
    if request.method == "POST" and request.headers.get("Origin") != request.host_url.rstrip("/"):
        raise ApiFailure(403, "forbidden", "Only the sandbox's own page may do this.")
