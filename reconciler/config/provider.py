"""The endpoint: secrets go there, so it must be one that nobody listens in on."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from reconciler.config.document import Findings, Path


def check_endpoint(url: str, path: Path, findings: Findings) -> None:
    """Note an endpoint that is no URL, or plain http towards anything but this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        findings.error(path, f"{url!r} is no URL", "write, for example, https://api.dingtalk.com")
    elif url.startswith("http:") and not _loopback(host):
        findings.error(path, "the credentials would travel in clear text", f"write https://{url[7:]}")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
