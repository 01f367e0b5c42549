"""The `provider` block: an endpoint that nobody listens in on, and with whom the pace is shared."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from reconciler.config.document import Findings, Path
from reconciler.config.model import LimiterKind, LimiterSettings
from reconciler.loopback import is_loopback


def check_endpoint(url: str, path: Path, findings: Findings) -> None:
    """Note an endpoint that is no URL, or plain http towards anything but this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        findings.error(path, f"{url!r} is not a URL", "write, for example, https://api.dingtalk.com")
    elif url.startswith("http:") and not is_loopback(host):
        findings.error(path, "the credentials would travel in clear text", f"write https://{url[7:]}")


def read_limiter(tree: dict[str, Any], findings: Findings) -> LimiterSettings:
    """Return with whom the pace is shared; note a path that means nothing to the kind."""
    kind = LimiterKind(tree.get("kind") or LimiterKind.LOCAL)
    if "path" in tree and kind is not LimiterKind.FILE:
        message = f"path means nothing to kind {kind}"
        findings.error(("provider", "limiter", "path"), message, "write kind: file, or leave it out", on_key=True)
        return LimiterSettings(kind=kind)
    return LimiterSettings(kind=kind, path=tree.get("path") or "")
