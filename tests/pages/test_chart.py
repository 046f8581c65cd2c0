"""Where things stand in the drawing of a year."""

from typing import Any

import pytest

from api.pages.chart import NARROW, SIZES, WIDE, Size, year_chart
from api.pages.figures import exact_tonnes, number, park_time, short, tonnes

TONNE = 1_000_000


def _year(*grosses: int, held: int = 1000, internal: int = 1) -> dict[str, Any]:
    """A year with these tonnes by month, a tenth of each direct."""
    months = [
        {
            "month": f"2023-{index:02}",
            "direct_grams": gross * TONNE // 10,
            "indirect_grams": gross * TONNE * 9 // 10,
            "internal_grams": internal * TONNE,
            "forecast_grams": sum(grosses[:index]) * TONNE * 12 // index,
        }
        for index, gross in enumerate(grosses, start=1)
    ]
    marks = {"peak_month": "2023-02", "warning_month": "2023-03"}
    return {"months": months, "held_tonnes": held} | marks


@pytest.mark.parametrize("size", SIZES)
def test_draw_year_stays_inside_when_months_are_many_or_few(size: Size) -> None:
    for year in (_year(*range(50, 170, 10)), _year(1), _year(0, 0), _year(5, held=0)):
        chart = year_chart(year, size)
        assert 0 <= chart.quota_y <= size.upper
        for column in chart.columns:
            assert size.left <= column.x and column.x + column.width <= chart.right
            assert 0 < column.sum_y <= size.upper and 0 < column.forecast_y <= size.upper
            assert size.upper < column.internal[0] <= chart.floor
            assert sum(column.direct) == chart.floor


def test_draw_year_stacks_indirect_on_direct_when_a_month_has_both() -> None:
    column = year_chart(_year(100, 200, 300), WIDE).columns[2]
    assert sum(column.indirect) == column.direct[0]
    assert column.indirect[1] == pytest.approx(9 * column.direct[1], abs=9)
    assert column.internal[0] == column.indirect[0]


def test_draw_year_marks_peak_and_warning_when_the_api_names_them() -> None:
    columns = year_chart(_year(100, 200, 300), NARROW).columns
    assert [column.is_peak for column in columns] == [False, True, False]
    assert [column.is_warning for column in columns] == [False, False, True]


def test_draw_year_crosses_the_quota_when_the_sum_is_greater() -> None:
    chart = year_chart(_year(600, 600, held=1000), WIDE)
    assert chart.columns[0].sum_y > chart.quota_y > chart.columns[1].sum_y


def test_draw_scale_has_few_lines_when_figures_are_small_or_great() -> None:
    for most in (0, 1, 7, 99, 12_345, 9_000_000):
        ticks = year_chart(_year(most, held=0), WIDE).lower_ticks
        assert 1 <= len(ticks) <= 6
        assert ticks[0].tonnes == 0


def test_write_figure_keeps_every_digit_when_it_is_for_people() -> None:
    assert number(1234567) == "1,234,567"
    assert number("1491319.290") == "1,491,319.290"
    assert number("11/3") == "11/3"
    assert number(None) == "–"
    assert tonnes(1_234_567_499) == "1,234.567"
    assert tonnes(1_234_567_500) == "1,234.568"
    assert exact_tonnes(9_007_199_254_740_991) == "9,007,199,254.740991"
    assert short("0x11fcfc5f3bc0bdbe") == "0x11fcfc5f…"
    assert park_time("2024-12-31T16:00:00Z") == "2025-01-01 00:00"
