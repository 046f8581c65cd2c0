"""A real headless Chromium that looks at pages and notes what it must never do."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

_AXE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
_HEIGHT = 900


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at: language, theme, width in pixels, bearer's headers, scripts."""

    language: str = "en"
    theme: Literal["light", "dark"] = "light"
    width: int = 1366
    headers: dict[str, str] = field(default_factory=dict)
    has_scripts: bool = True


@dataclass(frozen=True, slots=True)
class Looked:
    """A page with all it asked for and everything it complained about."""

    page: Page
    asked: list[str]
    complaints: list[str]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; its sandbox needs a user who is not root."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        browser.close()


@contextmanager
def looking(browser: Browser, url: str, look: Look) -> Iterator[Looked]:
    """A page opened in a context of its own, with ears for console, errors and requests."""
    context = browser.new_context(
        viewport={"width": look.width, "height": _HEIGHT},
        color_scheme=look.theme,
        locale="zh-CN" if look.language == "zh" else "en-US",
        extra_http_headers=look.headers,
        java_script_enabled=look.has_scripts,
    )
    looked = Looked(context.new_page(), [], [])
    looked.page.on("request", lambda request: looked.asked.append(request.url))
    looked.page.on("console", lambda message: looked.complaints.append(_told(message)))
    looked.page.on("pageerror", lambda error: looked.complaints.append(str(error)))
    looked.page.goto(url)
    yield looked
    context.close()


def _told(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text}"


def violations(page: Page, *, without: str | None = None) -> list[str]:
    """What axe finds wrong in the page, outside of one element if that is named."""
    page.evaluate(_AXE.read_text("utf-8"))
    context: dict[str, Any] = {"exclude": [[without]]} if without else {}
    found = page.evaluate("context => axe.run(context.exclude ? context : document)", context)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width
