"""A browser tab as a reader has it, which remembers what must not have happened in it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SCREENSHOTS = os.environ.get("DOCCHU_TEST_SCREENSHOTS")


class Tab:
    """A page at an address, with its console errors and the hosts that it asked."""

    def __init__(self, browser: Browser, address: str, **options: object) -> None:
        settings = {"locale": "vi-VN", "viewport": {"width": 1280, "height": 900}} | options
        self.address = address
        self.context: BrowserContext = browser.new_context(**settings)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.errors: list[str] = []
        self.requests: list[Request] = []
        self.expected_statuses: set[int] = set()
        self.expects_cuts = False
        self.page.on(
            "console", lambda m: m.type == "error" and self.errors.append(f"{m.text} {m.location}")
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request))

    def open(self, path: str = "/") -> Page:
        """Go somewhere, and wait until the page has begun."""
        self.page.goto(f"{self.address}{path}")
        expect(self.page.locator("html.ready")).to_be_attached()
        return self.page

    def screenshot(self, folder: Path, name: str) -> None:
        """Keep what is seen: among the test's files, and where the developer wants it."""
        for target in filter(None, (folder, _SCREENSHOTS)):
            self.page.screenshot(path=Path(target) / f"{name}.png")

    def close(self) -> None:
        """Close it; nothing may have gone wrong in it, and nobody else may have been asked."""
        self.context.close()
        own = urlsplit(self.address).netloc
        hosts = {urlsplit(r.url).netloc for r in self.requests if not r.url.startswith("blob:")}
        assert hosts <= {own}, hosts
        # Chromium reports every answer from 400 up as an error of the console.
        expected = [rf"status of {status}\b" for status in self.expected_statuses]
        if self.expects_cuts:
            expected += ["net::ERR_", "Failed to fetch"]
        unexpected = [e for e in self.errors if not any(re.search(p, e) for p in expected)]
        assert not unexpected, unexpected
