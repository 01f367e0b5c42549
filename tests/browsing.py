"""A browser for tests: Debian's Chromium, without a window, driven by Playwright; and axe-core to look for barriers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).parent / "data" / "axe" / "axe.min.js"
NARROW, PHONE, DESKTOP = (320, 640), (390, 844), (1440, 900)
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """Run one, with a new profile. Without Chromium on this machine the test is skipped, in CI it fails."""
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        _give_up("there is no Chromium here: apt-get install chromium")
        return
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, headless=True, args=list(_OPTIONS))
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Tab:
    """A page in a browser, with what went wrong on it and what it asked the network for."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def barriers(self) -> list[str]:
        """Return what axe-core finds that keeps people from using the page: rule, and where."""
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: list[dict[str, Any]] = self.page.evaluate(
            "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"
        )
        return [
            f"{one['id']} ({one['impact']}): {one['nodes'][0]['target']} {one['nodes'][0]['failureSummary']}"
            for one in found
        ]


@contextmanager
def a_tab(
    browser: Browser, *, size: tuple[int, int] = DESKTOP, dark: bool = False, script: bool = True
) -> Iterator[Tab]:
    """Open a tab of its own: nothing of an earlier one is left in it."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
    context.set_default_timeout(10_000)
    tab = Tab(context.new_page())
    tab.page.on("console", lambda told: tab.complaints.append(told.text) if told.type in {"error", "warning"} else None)
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.page.on("request", lambda request: tab.requests.append(request.url))
    try:
        yield tab
    finally:
        context.close()


def _give_up(why: str) -> None:
    if os.environ.get("CI") or os.environ.get("TESTS_NEED_CHROMIUM"):
        pytest.fail(why)
    pytest.skip(why)
