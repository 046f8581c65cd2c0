"""The year's readings of every meter: the steel works' from a file where one is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ledger.evidence.readings import MonthOfReadings, YearOfReadings, read_year_file
from ledger.period import months_of
from scripts.park_year.cast import ELECTRICITY, ENTERPRISES, STEEL
from scripts.park_year.generation import SHAPES, generated_months
from scripts.park_year.refusals import DemoRefused

GENERATED_YEAR = 2023

MeterMonths = tuple[MonthOfReadings, ...]


@dataclass(frozen=True, slots=True)
class Readings:
    """Twelve months of each meter, by the meter's full identifier."""

    year: int
    by_meter: Mapping[str, MeterMonths]

    def month(self, meter: str, number: int) -> MonthOfReadings:
        """A meter's month; January is 1."""
        return self.by_meter[meter][number - 1]

    @property
    def count(self) -> int:
        return sum(len(month.stamps) for months in self.by_meter.values() for month in months)


def read_file(path: Path) -> YearOfReadings:
    """The steel works' readings; raises ReadingsMalformed, DemoRefused."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DemoRefused("FileUnreadable", path=str(path), reason=error.strerror) from None
    return read_year_file(content)


def readings_of(file: YearOfReadings | None) -> Readings:
    """Everybody's readings of the file's year, or of the generated one."""
    year = GENERATED_YEAR if file is None else file.period.year
    by_meter: dict[str, MeterMonths] = {}
    for enterprise in ENTERPRISES:
        for meter in enterprise.meters:
            is_filed = file is not None and (enterprise.name, meter.carrier) == (STEEL, ELECTRICITY)
            by_meter[enterprise.meter_name(meter)] = (
                _months_of_file(file)
                if file is not None and is_filed
                else generated_months(SHAPES[enterprise.name, meter.carrier], year=year)
            )
    return Readings(year, by_meter)


def _months_of_file(file: YearOfReadings) -> MeterMonths:
    return tuple(file.month(month) for month in months_of(file.period.year))
