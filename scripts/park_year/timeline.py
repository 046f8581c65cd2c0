"""When what happens: the moments of one played year, in unix seconds at +08:00."""

from dataclasses import dataclass

from ledger.period import Period, months_of, park_midnight
from scripts.park_year.refusals import DemoRefused

# The chain begins with the year 2000; the December before it would be older than its genesis.
FIRST_YEAR = 2001
_HOUR = 3600
_OFFICE_OPENS = 9 * _HOUR
_KEY_YEARS = 30
_RECOVERY_DAYS = 4  # one more than the delay of three: the block's time runs a little ahead


@dataclass(frozen=True, slots=True)
class Timeline:
    """The story's calendar for the readings of one year."""

    year: int

    @property
    def period(self) -> Period:
        return Period(self.year * 100)

    @property
    def founding(self) -> int:
        return self._morning(self.year - 1, month=12, day=1)

    @property
    def second_person_starts(self) -> int:
        """After the recovery delay, counted from the founding."""
        return self._morning(self.year - 1, month=12, day=1 + _RECOVERY_DAYS)

    @property
    def settling_in(self) -> int:
        """The enterprises register what they have, while the delay runs."""
        return self._morning(self.year - 1, month=12, day=2)

    @property
    def keys_end(self) -> int:
        return park_midnight(self.year + _KEY_YEARS, month=1, day=1)

    @property
    def allocation(self) -> int:
        return self._morning(self.year, month=1, day=10)

    def evidence(self, month: Period) -> int:
        """The fifth of the month after."""
        return month.end + 4 * 24 * _HOUR + _OFFICE_OPENS

    @property
    def report(self) -> int:
        return self._morning(self.year + 1, month=3, day=10)

    @property
    def finding(self) -> int:
        return self._morning(self.year + 1, month=5, day=8)

    @property
    def correction(self) -> int:
        return self._morning(self.year + 1, month=5, day=15)

    @property
    def verification(self) -> int:
        return self._morning(self.year + 1, month=5, day=22)

    @property
    def confirmation(self) -> int:
        return self._morning(self.year + 1, month=7, day=10)

    @property
    def purchase(self) -> int:
        return self._morning(self.year + 1, month=10, day=16)

    @property
    def surrender(self) -> int:
        return self._morning(self.year + 1, month=11, day=20)

    def closing(self, *, now: int) -> int:
        """The second of January after the compliance year, but never a moment yet to come."""
        return min(now, self._morning(self.year + 2, month=1, day=2))

    @property
    def months(self) -> tuple[Period, ...]:
        return months_of(self.year)

    @staticmethod
    def _morning(year: int, *, month: int, day: int) -> int:
        return park_midnight(year, month=month, day=day) + _OFFICE_OPENS


def timeline_of(year: int, *, now: int) -> Timeline:
    """The calendar of a year whose compliance year is over; raises DemoRefused."""
    if year < FIRST_YEAR:
        raise DemoRefused("YearTooEarly", year=year, first=FIRST_YEAR)
    if Period((year + 1) * 100).end > now:
        raise DemoRefused("YearNotOver", year=year, following=year + 1)
    return Timeline(year)
