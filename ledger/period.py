"""Periods: one month or one whole calendar year of the park, as number, text and time.

A number is yyyymm, or yyyy00 for the whole year; a text is "2025-03" or "2025". Facilities live
at +08:00, so a period begins and ends at midnight there.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Self

from ledger.contract_errors import PeriodBad
from ledger.errors import DoorRefusal

PARK_TIME = timezone(timedelta(hours=8))

_TEXT = re.compile(r"(2[0-9]{3})(?:-(0[1-9]|1[0-2]))?")


@dataclass(eq=False)
class PeriodMalformed(DoorRefusal):
    """Not a period: "2025" or "2025-03", of the years 2000 to 2999."""

    value: str


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One month or one whole year; the number is the contract's uint32. Raises PeriodBad."""

    number: int

    def __post_init__(self) -> None:
        if not (2000 <= self.year <= 2999 and self.number % 100 <= 12):
            raise PeriodBad(self.number)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """The period of "2025" or "2025-03". Raises PeriodMalformed."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise PeriodMalformed(text)
        return cls(int(match[1]) * 100 + int(match[2] or 0))

    @property
    def text(self) -> str:
        return str(self.year) if self.is_year else f"{self.year}-{self.number % 100:02}"

    @property
    def year(self) -> int:
        return self.number // 100

    @property
    def is_year(self) -> bool:
        return self.number % 100 == 0

    @property
    def start(self) -> int:
        """Unix seconds of its first moment."""
        return park_midnight(self.year, month=self.number % 100 or 1, day=1)

    @property
    def end(self) -> int:
        """Unix seconds of the first moment after it."""
        if self.is_year or self.number % 100 == 12:
            return park_midnight(self.year + 1, month=1, day=1)
        return Period(self.number + 1).start


def park_midnight(year: int, *, month: int, day: int) -> int:
    """Unix seconds of 00:00 +08:00 of that day."""
    return int(datetime(year, month, day, tzinfo=PARK_TIME).timestamp())


def months_of(year: int) -> tuple[Period, ...]:
    """The twelve months of a year, January first. Raises PeriodBad."""
    return tuple(Period(year * 100 + month) for month in range(1, 13))
