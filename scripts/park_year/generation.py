"""Readings for meters that bring no file: from a fixed seed, the same for ever.

Integers only, so that no machine's floating point can change a digit: each interval's weight is
season × week × hour × noise, and the year's quantity is shared out by weight.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ledger.evidence.readings import MonthOfReadings
from ledger.period import months_of
from scripts.park_year.cast import CHEMICALS, ELECTRICITY, ELECTRONICS, GAS, SOLAR, STEAM, STEEL

QUARTER_HOUR, HOUR = 900, 3600
_SECONDS_PER_DAY = 86_400
_NOISE_BITS, _NOISE_LEAST = 7, 936  # 936 to 1,063 permille


@dataclass(frozen=True, slots=True)
class Shape:
    """How a year's quantity spreads; tables in permille by month, weekday (Monday first), hour.

    `quantity` is the year's, in the meter's unit; `decimals` are those of a reading.
    """

    seed: int
    quantity: int
    decimals: int
    step_seconds: int
    season: tuple[int, ...]
    week: tuple[int, ...]
    day: tuple[int, ...]


# Lowest at the Spring Festival, highest under summer's cooling.
_SEASON = (920, 800, 970, 1000, 1050, 1120, 1200, 1180, 1010, 950, 910, 890)
_SUNNY = (600, 700, 900, 1050, 1250, 1200, 1300, 1250, 1050, 950, 750, 600)
_SHIFTS = (1000, 1000, 1000, 1000, 1000, 850, 600)
_EVERY_DAY = (1000,) * 7
_WORKDAY = (500,) * 6 + (700, 900) + (1200,) * 4 + (1000,) + (1250,) * 5 + (1000, 800) + (600,) * 4
_FURNACE = (
    (1150,) * 6 + (1000,) * 2 + (850,) * 4 + (900,) * 2 + (850,) * 4 + (1000,) * 2 + (1100,) * 4
)
_STEADY = (970,) * 6 + (1030,) * 12 + (1000,) * 6
_DAYLIGHT = (
    (0,) * 6 + (100, 350, 650, 900, 1150, 1300) + (1300, 1200, 950, 650, 350, 100) + (0,) * 6
)

SHAPES = {
    (STEEL, ELECTRICITY): Shape(20230101, 1_490_000, 2, QUARTER_HOUR, _SEASON, _SHIFTS, _FURNACE),
    (CHEMICALS, ELECTRICITY): Shape(
        20230102, 1_100_000, 2, QUARTER_HOUR, _SEASON, _EVERY_DAY, _STEADY
    ),
    (CHEMICALS, GAS): Shape(20230103, 180_000, 2, HOUR, _SEASON, _EVERY_DAY, _STEADY),
    (ELECTRONICS, ELECTRICITY): Shape(
        20230104, 1_590_000, 2, QUARTER_HOUR, _SEASON, _SHIFTS, _WORKDAY
    ),
    (ELECTRONICS, STEAM): Shape(20230105, 2_400, 3, HOUR, _SEASON, _EVERY_DAY, _STEADY),
    (ELECTRONICS, SOLAR): Shape(20230106, 210_000, 2, HOUR, _SUNNY, _EVERY_DAY, _DAYLIGHT),
}


def generated_months(shape: Shape, *, year: int) -> tuple[MonthOfReadings, ...]:
    """Every interval of a year, by month; the same shape and year give the same digits."""
    weights = list(_weights(shape, year))
    scale, total = 10**shape.decimals, sum(weight for _, weight in weights)
    months: dict[str, list[tuple[str, int]]] = {month.text: [] for month in months_of(year)}
    for stamp, weight in weights:
        months[stamp[:7]].append((stamp, shape.quantity * scale * weight // total))
    return tuple(
        MonthOfReadings(
            period=month,
            step_seconds=shape.step_seconds,
            stamps=tuple(stamp for stamp, _ in months[month.text]),
            quantities=tuple(
                _decimal_text(scaled, shape.decimals) for _, scaled in months[month.text]
            ),
            total=Decimal(sum(scaled for _, scaled in months[month.text])).scaleb(-shape.decimals),
        )
        for month in months_of(year)
    )


def _weights(shape: Shape, year: int) -> Iterator[tuple[str, int]]:
    """The stamp and weight of each interval."""
    noise = random.Random(shape.seed)  # noqa: S311 - it shapes a curve and guards nothing
    times = [
        (
            f"T{second // 3600:02}:{second // 60 % 60:02}:00+08:00",
            shape.day[second // 3600],
        )
        for second in range(0, _SECONDS_PER_DAY, shape.step_seconds)
    ]
    day = date(year, 1, 1)
    while day.year == year:
        of_day = shape.season[day.month - 1] * shape.week[day.weekday()]
        for time, of_hour in times:
            deviation = _NOISE_LEAST + noise.getrandbits(_NOISE_BITS)
            yield f"{day}{time}", of_day * of_hour * deviation
        day += timedelta(days=1)


def _decimal_text(scaled: int, decimals: int) -> str:
    whole, fraction = divmod(scaled, 10**decimals)
    return f"{whole}.{fraction:0{decimals}}"
