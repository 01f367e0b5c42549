"""The endpoint: secrets go there, so it must be one that nobody listens in on."""

from __future__ import annotations

from urllib.parse import urlsplit

from reconciler.config.document import Findings, Path
from reconciler.loopback import is_loopback


def check_endpoint(url: str, path: Path, findings: Findings) -> None:
    """Note an endpoint that is no URL, or plain http towards anything but this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        findings.error(path, f"{url!r} is no URL", "write, for example, https://api.dingtalk.com")
    elif url.startswith("http:") and not is_loopback(host):
        findings.error(path, "the credentials would travel in clear text", f"write https://{url[7:]}")
