"""Readings of one meter from a file: every interval of a month or year exactly once.

CSV of two formats, told apart by their header: a meter's export (`date,Usage_kWh,…`, further
columns not read) and our own (`stamp,quantity`); or NDJSON of the same two names. Stamps are the
start of their interval at +08:00, rows ascend. Nothing here repairs: the first line that is wrong
refuses the file.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal, Inexact, localcontext
from itertools import chain, islice, repeat
from typing import NamedTuple

from ledger.errors import DoorRefusal
from ledger.period import Period
from ledger.strict_json import parse_strict

STEP_SECONDS_MIN = 60
MONTH_BYTES_MAX = 8 * 2**20  # a month of minutes with an export's eleven columns has 5 MB
YEAR_BYTES_MAX = 64 * 2**20  # twelve of those

_SECONDS_PER_DAY = 86_400
_GZIP = b"\x1f\x8b"
_QUANTITY = re.compile(r"(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,6})?")
_TIME = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_STAMP = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T{_TIME}\+08:00")
_OWN_HEADER = ["stamp", "quantity"]
_OBJECT_BYTES_MAX = 256
_EXPORT_HEADER = ["date", "Usage_kWh"]


@dataclass(eq=False)
class ReadingsMalformed(DoorRefusal):
    """A file of readings that is not taken; `line` counts from 1, 0 is the whole file.

    `reason` is one of size, compression, encoding, header, columns, stamp, quantity, period
    (outside it), gap (the line after it), duplicate, step (changing, or not of whole days).
    """

    reason: str
    line: int


class Reading(NamedTuple):
    """One interval: RFC 3339 stamp of its start with +08:00, quantity as in the file."""

    stamp: str
    quantity: str


@dataclass(frozen=True, slots=True)
class MonthOfReadings:
    """Every interval of one month; `total` is the exact sum in the meter's unit."""

    period: Period
    step_seconds: int
    stamps: tuple[str, ...]
    quantities: tuple[str, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class YearOfReadings:
    """Every interval of one year, ascending."""

    period: Period
    step_seconds: int
    readings: tuple[Reading, ...]

    def month(self, period: Period) -> MonthOfReadings:
        """One of its months."""
        assert not period.is_year and period.year == self.period.year, "a month of this year"
        readings = [entry for entry in self.readings if entry.stamp.startswith(period.text)]
        return _month(period, self.step_seconds, readings)


class _Row(NamedTuple):
    line: int
    reading: Reading


def parse_month(data: bytes, *, period: Period, step_seconds: int) -> MonthOfReadings:
    """The readings of an upload that claims one month at one step. Raises ReadingsMalformed."""
    assert not period.is_year, "readings are uploaded by month"
    _check_step(step_seconds, line=0)
    rows = _rows(data, bytes_max=MONTH_BYTES_MAX)
    return _month(period, step_seconds, _readings(rows, _grid(period, step_seconds)))


def read_year_file(data: bytes) -> YearOfReadings:
    """The readings of a file that begins with a year; its first two rows tell the step.

    Raises ReadingsMalformed.
    """
    rows = _rows(data, bytes_max=YEAR_BYTES_MAX)
    head = list(islice(rows, 2))
    if len(head) < 2:
        raise ReadingsMalformed("gap", len(head) + 2)
    first, second = (_time(row) for row in head)
    if not 2000 <= first.year <= 2999:
        raise ReadingsMalformed("period", head[0].line)
    period, step_seconds = Period(first.year * 100), int((second - first).total_seconds())
    if step_seconds == 0:
        raise ReadingsMalformed("duplicate", head[1].line)
    _check_step(step_seconds, line=head[1].line)
    readings = _readings(chain(head, rows), _grid(period, step_seconds))
    return YearOfReadings(period, step_seconds, tuple(readings))


def month_csv(month: MonthOfReadings) -> bytes:
    """The month in our own format, as `parse_month` reads it."""
    lines = [",".join(_OWN_HEADER)]
    lines += map(",".join, zip(month.stamps, month.quantities, strict=True))
    return "\n".join([*lines, ""]).encode()


def _month(period: Period, step_seconds: int, readings: Sequence[Reading]) -> MonthOfReadings:
    stamps, quantities = zip(*readings, strict=True)
    with localcontext(Context(prec=40, traps=[Inexact])):  # 44,640 readings of 18 digits fit
        total = sum(map(Decimal, quantities), Decimal(0))
    return MonthOfReadings(period, step_seconds, stamps, quantities, total)


def _check_step(step_seconds: int, *, line: int) -> None:
    """A step divides the day, so that days begin with a reading."""
    is_of_days = step_seconds >= STEP_SECONDS_MIN and _SECONDS_PER_DAY % step_seconds == 0
    if not is_of_days:
        raise ReadingsMalformed("step", line)


def _rows(data: bytes, *, bytes_max: int) -> Iterator[_Row]:
    """The rows in file order, each well formed by itself; lazily, so the first fault is told."""
    lines = _text(data, bytes_max=bytes_max).split("\n")
    if lines[-1] == "":
        lines.pop()
    rows = _objects(lines) if lines and lines[0].startswith("{") else _cells(lines)
    yield from rows


def _objects(lines: Sequence[str]) -> Iterator[_Row]:
    """The rows of NDJSON: an object of stamp and quantity, both texts, on each line."""
    for number, line in enumerate(lines, start=1):
        try:
            row = parse_strict(line.encode(), limit_bytes=_OBJECT_BYTES_MAX, depth=1)
        except DoorRefusal:
            raise ReadingsMalformed("columns", number) from None
        is_row = isinstance(row, dict) and row.keys() == set(_OWN_HEADER)
        if not is_row or not all(isinstance(value, str) for value in row.values()):
            raise ReadingsMalformed("columns", number)
        yield _row(number, Reading(**row))


def _cells(lines: Sequence[str]) -> Iterator[_Row]:
    """The rows of CSV: a meter's export or our own, told apart by the header."""
    header = lines[0].removesuffix("\r").split(",") if lines else []
    is_export = header[:2] == _EXPORT_HEADER
    if not is_export and header != _OWN_HEADER:
        raise ReadingsMalformed("header", 1)
    for number, line in enumerate(lines[1:], start=2):
        cells = line.removesuffix("\r").split(",")
        if len(cells) != len(header):
            raise ReadingsMalformed("columns", number)
        if is_export:
            cells[0] = _own_stamp(cells[0])
        yield _row(number, Reading(cells[0], cells[1]))


def _row(line: int, reading: Reading) -> _Row:
    if not _STAMP.fullmatch(reading.stamp):
        raise ReadingsMalformed("stamp", line)
    if not _QUANTITY.fullmatch(reading.quantity):
        raise ReadingsMalformed("quantity", line)
    return _Row(line, reading)


def _text(data: bytes, *, bytes_max: int) -> str:
    plain = _unzipped(data, bytes_max=bytes_max) if data.startswith(_GZIP) else data
    if len(plain) > bytes_max:
        raise ReadingsMalformed("size", 0)
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError as error:
        line = plain.count(b"\n", 0, error.start) + 1
        raise ReadingsMalformed("encoding", line) from None


def _unzipped(data: bytes, *, bytes_max: int) -> bytes:
    """One gzip member, inflated no further than one byte past the limit."""
    inflater = zlib.decompressobj(wbits=31)  # 31: a gzip header is required
    try:
        plain = inflater.decompress(data, bytes_max + 1)
    except zlib.error:
        raise ReadingsMalformed("compression", 0) from None
    if len(plain) <= bytes_max and (not inflater.eof or inflater.unused_data):
        raise ReadingsMalformed("compression", 0)
    return plain


def _own_stamp(stamp: str) -> str:
    """An export's `2018-01-01 00:15:00` in our form; nothing for any other."""
    return f"{stamp[:10]}T{stamp[11:]}+08:00" if stamp[10:11] == " " else ""


def _grid(period: Period, step_seconds: int) -> list[str]:
    """The stamps of all intervals of a period, ascending."""
    times = [
        f"T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+08:00"
        for second in range(0, _SECONDS_PER_DAY, step_seconds)
    ]
    first_day = date(period.year, period.number % 100 or 1, 1).toordinal()
    days = range(first_day, first_day + (period.end - period.start) // _SECONDS_PER_DAY)
    return [f"{date.fromordinal(day)}{time}" for day in days for time in times]


def _readings(rows: Iterable[_Row], grid: Sequence[str]) -> list[Reading]:
    """The rows, if they are the grid's intervals one by one. Raises ReadingsMalformed."""
    readings: list[Reading] = []
    for row, expected in zip(rows, chain(grid, repeat(None)), strict=False):
        if row.reading.stamp != expected:
            raise ReadingsMalformed(_why_not_on(grid, row, expected=expected), row.line)
        readings.append(row.reading)
    if len(readings) < len(grid):
        raise ReadingsMalformed("gap", len(readings) + 2)
    return readings


def _why_not_on(grid: Sequence[str], row: _Row, *, expected: str | None) -> str:
    """Why a row does not stand where the grid goes on (None: nowhere); all before it did."""
    stamp = _time(row).isoformat()
    if not grid[0][:10] <= stamp[:10] <= grid[-1][:10]:
        return "period"
    if stamp not in grid:
        return "step"
    return "gap" if expected is not None and stamp > expected else "duplicate"


def _time(row: _Row) -> datetime:
    try:
        return datetime.fromisoformat(row.reading.stamp)
    except ValueError:
        raise ReadingsMalformed("stamp", row.line) from None
