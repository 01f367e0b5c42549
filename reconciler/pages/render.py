"""Pages → HTML. Everything that is not the template's own is made visible and escaped."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reconciler.pages.page import Page
from reconciler.visible import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A page as text, and the Content-Security-Policy that it needs: its own style and script, and nothing else."""

    html: str
    policy: str


def agenda_page(page: Page) -> str:
    """Return a whole HTML document that needs no network, and no script to be read."""
    return _environment().get_template("agenda.html").render(page=page, policy=_policy(), style=_asset("style.css"))


def live_page(page: Page, **live: Any) -> Rendered:
    """Return the page that the sandbox serves: with forms, and with a log that follows the calls."""
    policy = f"{_policy('live.js')}; connect-src 'self'; form-action 'self'"
    html = _environment().get_template("live.html").render(
        page=page, policy=policy, style=_asset("style.css"), script=_asset("live.js"), **live
    )  # fmt: skip
    return Rendered(html=html, policy=f"{policy}; frame-ancestors 'none'")


def fragment(template: str, **values: Any) -> str:
    """Return a part of a page, such as the rows of the log."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("reconciler.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_visible,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.tests["web"] = _is_web
    return made


def _visible(value: object) -> object:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _is_web(url: str) -> bool:
    """Return whether a link is one to follow: text from DingTalk may hold any scheme."""
    return url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")) and visible(url) == url


@cache
def _asset(name: str) -> Markup:
    """Return a file of ours to stand in a page as it is."""
    text = files("reconciler.pages").joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text.strip())  # noqa: S704  # ours


@cache
def _policy(script: str = "") -> str:
    told = f"default-src 'none'; style-src {_digest('style.css')}; img-src data:; base-uri 'none'"
    return f"{told}; script-src {_digest(script)}" if script else f"{told}; form-action 'none'"


def _digest(name: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(_asset(name).encode()).digest()).decode()}'"
