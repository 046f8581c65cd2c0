"""Pages in a real browser: quiet, self-contained, accessible, in every size, and without script."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.pages.browser import Look, chromium, looking, overflow, violations
from tests.pages.conftest import Stage

# A browser starts, and looks for a second at each of two dozen pages.
pytestmark = [pytest.mark.browser, pytest.mark.slow]
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (390, 1366, 1920)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def _path(stage: Stage, name: str) -> str:
    reports = {"report": stage.told.right, "wrong report": stage.told.wrong}
    return f"/reports/{reports[name]}" if name in reports else name


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", ["/", "report"])
def test_look_at_page_finds_nothing_wrong_when_language_theme_and_width_vary(
    browser: Browser,
    stage: Stage,
    name: str,
    *,
    language: str,
    theme: Literal["light", "dark"],
    width: int,
) -> None:
    look = Look(language, theme, width, stage.park.headers("enterprise 1"))
    with looking(browser, stage.url + _path(stage, name), look) as looked:
        assert looked.complaints == []
        assert [one for one in looked.asked if not one.startswith(stage.url)] == []
        assert violations(looked.page) == []
        assert overflow(looked.page) == 0


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize(
    "name", ["wrong report", "/?year=2021", "/problems/QuotaInsufficient", "/docs"]
)
def test_look_at_page_finds_nothing_wrong_when_it_is_seldom_seen(
    browser: Browser, stage: Stage, name: str, theme: Literal["light", "dark"]
) -> None:
    look = Look("zh", theme, 390, stage.park.headers("enterprise 1"))
    with looking(browser, stage.url + _path(stage, name), look) as looked:
        if name == "/docs":
            looked.page.locator("#operations-tag-park").wait_for()
        assert looked.complaints == []
        assert [one for one in looked.asked if not one.startswith(stage.url)] == []
        # What Swagger UI draws inside its own element is not ours to mend.
        assert violations(looked.page, without="#documentation" if name == "/docs" else None) == []
        assert overflow(looked.page) == 0


def test_show_documentation_opens_an_operation_when_it_is_clicked(
    browser: Browser, stage: Stage
) -> None:
    with looking(browser, f"{stage.url}/docs", Look()) as looked:
        looked.page.locator("#operations-tag-park .expand-operation").click()
        looked.page.locator("#operations-park-get_park").click()
        assert "period" in looked.page.locator(".parameters").first.inner_text()
        assert looked.complaints == []
        assert [one for one in looked.asked if not one.startswith(stage.url)] == []


def test_read_page_has_all_its_figures_when_scripts_are_off(browser: Browser, stage: Stage) -> None:
    year = stage.park.get("/v1/park/88/PARK.0001?period=2023", by="park")
    look = Look(headers=stage.park.headers("park"), has_scripts=False)
    with looking(browser, f"{stage.url}/", look) as looked:
        assert f"{year['net_tonnes']:,}" in looked.page.locator(".card.net").inner_text()
        assert looked.page.locator("svg.chart.wide rect.indirect").count() == 12
        assert looked.page.locator("table.months tbody tr").count() == 12


@pytest.mark.parametrize(
    ("width", "shown", "hidden"), [(390, "narrow", "wide"), (1366, "wide", "narrow")]
)
def test_draw_year_shows_one_chart_when_the_window_is_narrow_or_wide(
    browser: Browser, stage: Stage, width: int, *, shown: str, hidden: str
) -> None:
    look = Look(width=width, headers=stage.park.headers("park"))
    with looking(browser, f"{stage.url}/", look) as looked:
        assert looked.page.locator(f"svg.{shown}").is_visible()
        assert not looked.page.locator(f"svg.{hidden}").is_visible()
        assert looked.page.locator(f"svg.{shown} text.mark", has_text="warning").is_visible()
        assert looked.page.locator(f"svg.{shown} text.mark", has_text="peak").is_visible()


def test_walk_page_by_keyboard_reaches_a_report_when_only_tab_and_enter_are_used(
    browser: Browser, stage: Stage
) -> None:
    look = Look(headers=stage.park.headers("enterprise 1"))
    with looking(browser, f"{stage.url}/", look) as looked:
        page = looked.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        for _ in range(40):
            page.keyboard.press("Tab")
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid", page.evaluate("document.activeElement.outerHTML")
            if "/reports/" in (page.evaluate("document.activeElement.href") or ""):
                break
        page.keyboard.press("Enter")
        page.wait_for_url("**/reports/0x*")
        assert "Report 88.111.1/FAC.0001" in page.locator("h1").inner_text()


def test_switch_language_keeps_the_place_when_a_report_is_open(
    browser: Browser, stage: Stage
) -> None:
    url = f"{stage.url}/reports/{stage.told.right}"
    with looking(browser, url, Look(headers=stage.park.headers("enterprise 1"))) as looked:
        looked.page.get_by_role("link", name="中文").click()
        assert looked.page.url.split("?")[0] == url
        assert "排放报告" in looked.page.locator("h1").inner_text()
        looked.page.get_by_role("link", name="返回园区年度").click()
        assert "园区" in looked.page.locator("h1").inner_text()


def test_print_page_leaves_out_what_paper_cannot_use_when_it_becomes_a_pdf(
    browser: Browser, stage: Stage
) -> None:
    look = Look(theme="dark", headers=stage.park.headers("park"))
    with looking(browser, f"{stage.url}/", look) as looked:
        assert looked.page.pdf(format="A4").startswith(b"%PDF-")
        looked.page.emulate_media(media="print")
        assert not looked.page.locator("nav").is_visible()
        ground = looked.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
