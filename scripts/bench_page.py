"""How long the park's page takes in a real browser: first paint, load, bytes, on the demo."""

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from scripts.park_year.place import prepare_directory
from scripts.park_year.play import CLOCK_NAME
from scripts.park_year.processes import Service, run_verb

LOOKS = 10
# Asked as a function: the page's policy lets nobody evaluate a text.
_MEASURED = """async () => {
  const painted = () => performance.getEntriesByName("first-contentful-paint");
  while (!painted().length) await new Promise(requestAnimationFrame);
  const [page] = performance.getEntriesByType("navigation");
  const files = performance.getEntriesByType("resource");
  return {
    first_paint: painted()[0].startTime,
    answered: page.responseStart - page.requestStart,
    loaded: page.loadEventEnd,
    bytes: [page, ...files].reduce((sum, one) => sum + one.transferSize, 0),
  };
}"""


def measure_page() -> dict[str, Any]:
    """Medians of ten cold looks at `/`, in milliseconds; each look has an empty cache."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "demo"
        prepare_directory(directory, is_reset=False)
        run_verb(["demo", "--once", "--dir", str(directory)])
        with (
            Service(directory, directory / CLOCK_NAME) as service,
            sync_playwright() as playwright,
        ):
            url = service.url()
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            looks = [_look(browser, url) for _ in range(LOOKS + 1)][1:]  # the first one warms up
            browser.close()
    return {
        "looks": LOOKS,
        "first_paint_ms": _median(looks, "first_paint"),
        "answered_ms": _median(looks, "answered"),
        "loaded_ms": _median(looks, "loaded"),
        "bytes": _median(looks, "bytes"),
    }


def _look(browser: Browser, url: str) -> dict[str, float]:
    context = browser.new_context()
    page = context.new_page()
    page.goto(url)
    measured: dict[str, float] = page.evaluate(_MEASURED)
    context.close()
    return measured


def _median(looks: list[dict[str, float]], name: str) -> int:
    return round(statistics.median(look[name] for look in looks))
