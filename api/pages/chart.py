"""Where the park's year stands in the drawing: twelve months below, the running sum above.

Inline SVG instead of a chart library: a dozen rectangles and two lines need no 360 kB of script;
so it is there without script, prints, follows the theme, and its numbers stand in a table beside.
Coordinates are whole units of the view box; figures come from the API as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from ledger.carbon import GRAMS_PER_TONNE

_MONTHS = 12
_TICKS_MAX = 5
_MARK_AFTER = 8  # labels of later months stand to the left of their mark


@dataclass(frozen=True, slots=True)
class Size:
    """A drawing's measures; the lower panel is what the upper leaves."""

    name: str
    width: int
    height: int
    left: int
    upper: int


WIDE = Size("wide", width=1080, height=460, left=64, upper=230)
NARROW = Size("narrow", width=360, height=430, left=46, upper=220)
SIZES = (WIDE, NARROW)
_TOP, _RIGHT, _GAP, _BOTTOM = 34, 12, 44, 24


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale: where, and how many tonnes it stands for."""

    y: int
    tonnes: int


@dataclass(frozen=True, slots=True)
class Column:
    """One month's bar; the internal part is the top of the stack that the park counts once."""

    month: str
    x: int
    width: int
    middle: int
    direct: tuple[int, int]
    indirect: tuple[int, int]
    internal: tuple[int, int]
    sum_y: int
    forecast_y: int
    is_peak: bool
    is_warning: bool
    label_anchor: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything a template draws; pairs are y and height, lines are points of a polyline."""

    size: Size
    columns: tuple[Column, ...]
    labels: tuple[tuple[int, str], ...]
    quota_y: int
    sums: str
    forecasts: str
    upper_ticks: tuple[Tick, ...]
    lower_ticks: tuple[Tick, ...]
    right: int
    floor: int


@dataclass(frozen=True, slots=True)
class _Scale:
    """Grams to y, from the floor up to the greatest."""

    floor: int
    height: int
    most_grams: int

    def y(self, grams: int) -> int:
        return self.floor - self.length(grams)

    def length(self, grams: int) -> int:
        return grams * self.height // self.most_grams

    def ticks(self) -> tuple[Tick, ...]:
        most = self.most_grams // GRAMS_PER_TONNE
        step = _step(most)
        return tuple(
            Tick(self.y(tonnes * GRAMS_PER_TONNE), tonnes) for tonnes in range(0, most + 1, step)
        )


def year_chart(year: Mapping[str, Any], size: Size) -> Chart:
    """The drawing of a park's year as `/v1/park` tells it, months and held quota included."""
    months: Sequence[Mapping[str, Any]] = year["months"]
    held = year["held_tonnes"] * GRAMS_PER_TONNE
    grosses = [month["direct_grams"] + month["indirect_grams"] for month in months]
    sums = list(accumulate(grosses))
    forecasts = [month["forecast_grams"] for month in months]
    upper = _Scale(size.upper, size.upper - _TOP, _headroom([held, *sums, *forecasts]))
    floor = size.height - _BOTTOM
    lower = _Scale(floor, floor - size.upper - _GAP, _headroom(grosses))
    columns = tuple(
        _column(month, running, year=year, size=size, upper=upper, lower=lower)
        for month, running in zip(months, sums, strict=True)
    )
    return Chart(
        size=size,
        columns=columns,
        labels=tuple((_middle(number, size), str(number)) for number in range(1, _MONTHS + 1)),
        quota_y=upper.y(held),
        sums=" ".join(f"{column.middle},{column.sum_y}" for column in columns),
        forecasts=" ".join(f"{column.middle},{column.forecast_y}" for column in columns),
        upper_ticks=upper.ticks(),
        lower_ticks=lower.ticks(),
        right=size.width - _RIGHT,
        floor=floor,
    )


def _column(
    month: Mapping[str, Any],
    running: int,
    *,
    year: Mapping[str, Any],
    size: Size,
    upper: _Scale,
    lower: _Scale,
) -> Column:
    number = int(month["month"][5:])
    width = _slot(size) * 6 // 10
    middle = _middle(number, size)
    direct, indirect = month["direct_grams"], month["indirect_grams"]
    top = lower.y(direct + indirect)
    return Column(
        month=month["month"],
        x=middle - width // 2,
        width=width,
        middle=middle,
        direct=(lower.y(direct), lower.length(direct)),
        indirect=(top, lower.y(direct) - top),
        internal=(top, lower.length(month["internal_grams"])),
        sum_y=upper.y(running),
        forecast_y=upper.y(month["forecast_grams"]),
        is_peak=month["month"] == year["peak_month"],
        is_warning=month["month"] == year["warning_month"],
        label_anchor="end" if number > _MARK_AFTER else "start",
    )


def _slot(size: Size) -> int:
    return (size.width - size.left - _RIGHT) // _MONTHS


def _middle(number: int, size: Size) -> int:
    return size.left + _slot(size) * (number - 1) + _slot(size) // 2


def _headroom(grams: Sequence[int]) -> int:
    """A tenth above the greatest, and at least a tonne, so that nothing divides by zero."""
    return max(max(grams, default=0) * 11 // 10, GRAMS_PER_TONNE)


def _step(most: int) -> int:
    """The smallest of 1, 2, 5, 10, 20 … that needs few lines."""
    power = 1
    while True:
        for digit in (1, 2, 5):
            if most // (digit * power) <= _TICKS_MAX:
                return digit * power
        power *= 10
