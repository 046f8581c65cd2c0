"""Readings: both formats, every interval once, and the first line of what is refused."""

import gzip
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.evidence.readings import (
    MONTH_BYTES_MAX,
    MonthOfReadings,
    ReadingsMalformed,
    month_csv,
    parse_month,
    read_year_file,
)
from ledger.period import Period, months_of

FEBRUARY = Period(202302)
HOURS = 28 * 24
QUANTITIES = st.one_of(
    st.integers(0, 10**12 - 1).map(str),
    st.decimals(0, 10**12 - 1, places=6).map("{:.6f}".format),
    st.decimals(0, 10, places=1).map("{:.1f}".format),
)


def own_rows(quantity: str = "1.50") -> list[str]:
    """A header and February 2023 in hours: the stamp of hour h is on line h + 2."""
    start = datetime.fromisoformat("2023-02-01T00:00:00+08:00")
    stamps = [(start + timedelta(hours=hour)).isoformat() for hour in range(HOURS)]
    return ["stamp,quantity", *(f"{stamp},{quantity}" for stamp in stamps)]


def export_rows(year: int = 2023, *, hours: int = 365 * 24) -> list[str]:
    """A meter's export of a year in hours, with a column that nobody reads."""
    start = datetime.fromisoformat(f"{year}-01-01T00:00:00")
    stamps = [(start + timedelta(hours=hour)).isoformat(" ") for hour in range(hours)]
    return ["date,Usage_kWh,Load_Type", *(f"{stamp},2.5,Light" for stamp in stamps)]


def joined(rows: list[str]) -> bytes:
    return "\n".join([*rows, ""]).encode()


def february(data: bytes) -> MonthOfReadings:
    return parse_month(data, period=FEBRUARY, step_seconds=3600)


def refusal_of(read: Callable[[bytes], object], data: bytes) -> tuple[str, int]:
    with pytest.raises(ReadingsMalformed) as refusal:
        read(data)
    facts = refusal.value.facts
    return facts["reason"], facts["line"]


def test_parse_gives_readings_as_in_the_file_when_the_month_is_whole() -> None:
    month = february(joined(own_rows()))
    assert month.stamps[:2] == ("2023-02-01T00:00:00+08:00", "2023-02-01T01:00:00+08:00")
    assert month.stamps[-1] == "2023-02-28T23:00:00+08:00"
    assert set(month.quantities) == {"1.50"}
    assert (len(month.quantities), month.total) == (HOURS, Decimal("1008.00"))


@settings(max_examples=30)
@given(st.lists(QUANTITIES, min_size=28, max_size=28))
def test_parse_gives_back_the_month_when_it_was_written_by_us(quantities: list[str]) -> None:
    rows = own_rows()[1::24]
    data = joined(
        ["stamp,quantity", *(row[:26] + q for row, q in zip(rows, quantities, strict=True))]
    )
    month = parse_month(data, period=FEBRUARY, step_seconds=86_400)
    assert month.quantities == tuple(quantities)
    assert month.total.as_integer_ratio() == sum(map(Decimal, quantities)).as_integer_ratio()
    assert month_csv(month) == data


def test_total_is_exact_when_all_quantities_are_the_greatest() -> None:
    month = february(joined(own_rows("999999999999.999999")))
    assert month.total == Decimal("671999999999999.999328")


@pytest.mark.parametrize(
    "rewrite",
    [
        gzip.compress,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.removesuffix(b"\n"),
    ],
    ids=["gzip", "crlf", "no last line end"],
)
def test_parse_gives_the_same_when_the_file_is_only_written_otherwise(
    rewrite: Callable[[bytes], bytes],
) -> None:
    data = joined(own_rows())
    assert february(rewrite(data)) == february(data)


def test_parse_gives_own_stamps_when_the_file_is_an_export_of_a_month() -> None:
    rows = export_rows(hours=59 * 24)
    month = february(joined([rows[0], *rows[1 + 31 * 24 :]]))
    assert month.stamps == february(joined(own_rows())).stamps


BAD_QUANTITIES = [
    "",
    "-1",
    "+1",
    " 1",
    "1 ",
    "1e5",
    "1_000",
    "NaN",
    "inf",
    "1,5",
    "\uff11\uff12",
    "\u0663",
    "01",
    ".5",
    "1.",
    "1.1234567",
    "1234567890123",
    "0x1",
    '"1"',
    "1\x00",
]


@pytest.mark.parametrize("quantity", BAD_QUANTITIES)
def test_parse_refuses_with_line_when_a_quantity_is_not_a_plain_decimal(quantity: str) -> None:
    rows = own_rows()
    rows[9] = rows[9].split(",")[0] + "," + quantity
    expected = "columns" if "," in quantity else "quantity"
    assert refusal_of(february, joined(rows)) == (expected, 10)


BAD_STAMPS = [
    "",
    "2023-02-01 08:00:00",
    "2023-02-01T08:00:00",
    "2023-02-01T08:00:00Z",
    "2023-02-01T08:00:00+00:00",
    "2023-02-01T08:00+08:00",
    "2023-02-30T08:00:00+08:00",
    "01/02/2023 08:00",
    "\uff12\uff10\uff12\uff13-02-01T08:00:00+08:00",
    "2023-02-01T24:00:00+08:00",
]


@pytest.mark.parametrize("stamp", BAD_STAMPS)
def test_parse_refuses_with_line_when_a_stamp_is_of_another_form(stamp: str) -> None:
    rows = own_rows()
    rows[9] = f"{stamp},1"
    assert refusal_of(february, joined(rows)) == ("stamp", 10)


def without(place: int) -> list[str]:
    rows = own_rows()
    del rows[place]
    return rows


def with_row(place: int, row: str) -> list[str]:
    rows = own_rows()
    rows.insert(place, row)
    return rows


def swapped(place: int) -> list[str]:
    rows = own_rows()
    rows[place], rows[place + 1] = rows[place + 1], rows[place]
    return rows


@pytest.mark.parametrize(
    ("rows", "reason", "line"),
    [
        (without(1), "gap", 2),
        (without(9), "gap", 10),
        (without(HOURS), "gap", HOURS + 1),
        (own_rows()[:1], "gap", 2),
        (with_row(9, own_rows()[8]), "duplicate", 10),
        (with_row(9, own_rows()[1]), "duplicate", 10),
        (with_row(HOURS + 1, own_rows()[HOURS]), "duplicate", HOURS + 2),
        (swapped(9), "gap", 10),
        (with_row(9, "2023-02-01T07:30:00+08:00,1"), "step", 10),
        (with_row(1, "2023-01-31T23:00:00+08:00,1"), "period", 2),
        (with_row(HOURS + 1, "2023-03-01T00:00:00+08:00,1"), "period", HOURS + 2),
        (with_row(9, ""), "columns", 10),
        (with_row(9, own_rows()[9] + ",1"), "columns", 10),
        ([], "header", 1),
        (own_rows()[1:], "header", 1),
        (["stamp,quantity,more", *own_rows()[1:]], "header", 1),
        (["\ufeffstamp,quantity", *own_rows()[1:]], "header", 1),
    ],
)
def test_parse_refuses_with_line_when_intervals_are_not_covered_once(
    rows: list[str], reason: str, line: int
) -> None:
    assert refusal_of(february, joined(rows)) == (reason, line)


def test_parse_tells_the_first_line_when_several_are_wrong() -> None:
    rows = own_rows()
    rows[5], rows[9] = rows[5] + "x", "nothing"
    assert refusal_of(february, joined(rows)) == ("quantity", 6)


def test_parse_refuses_with_line_when_a_byte_is_no_utf8() -> None:
    data = joined(own_rows()).replace(b"T08", b"T\xff8", 1)
    assert refusal_of(february, data) == ("encoding", 10)


@pytest.mark.parametrize("step_seconds", [-3600, 0, 59, 7, 7000, 172_800])
def test_parse_refuses_when_the_step_does_not_divide_the_day(step_seconds: int) -> None:
    def read(data: bytes) -> object:
        return parse_month(data, period=FEBRUARY, step_seconds=step_seconds)

    assert refusal_of(read, joined(own_rows())) == ("step", 0)


@pytest.mark.parametrize("step_seconds", [1800, 7200])
def test_parse_refuses_when_the_file_has_another_step(step_seconds: int) -> None:
    def read(data: bytes) -> object:
        return parse_month(data, period=FEBRUARY, step_seconds=step_seconds)

    reason = "gap" if step_seconds < 3600 else "step"
    assert refusal_of(read, joined(own_rows())) == (reason, 3)


@pytest.mark.parametrize(
    "rewrite",
    [
        lambda data: data[:-9],
        lambda data: data + b"more",
        lambda data: data + gzip.compress(b""),
        lambda data: data[:12] + b"\xff" * 40 + data[52:],
    ],
    ids=["cut", "followed", "two members", "damaged"],
)
def test_parse_refuses_when_the_compression_is_broken(rewrite: Callable[[bytes], bytes]) -> None:
    data = rewrite(gzip.compress(joined(own_rows())))
    assert refusal_of(february, data) == ("compression", 0)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_parse_refuses_when_the_file_unpacks_to_more_than_allowed(
    pack: Callable[[bytes], bytes],
) -> None:
    assert refusal_of(february, pack(b"0" * (MONTH_BYTES_MAX + 1))) == ("size", 0)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_parse_only_ever_refuses_when_given_noise(noise: bytes) -> None:
    with pytest.raises(ReadingsMalformed):
        february(noise)


@given(
    st.integers(1, HOURS),
    st.text(st.characters(codec="utf-8", exclude_characters="\n\r,"), min_size=1, max_size=9),
)
def test_parse_names_the_line_when_one_cell_is_spoilt(place: int, text: str) -> None:
    rows = own_rows()
    rows[place] = text + rows[place]
    assert refusal_of(february, joined(rows)) == ("stamp", place + 1)


def test_read_year_gives_step_and_readings_when_the_year_is_whole() -> None:
    year = read_year_file(gzip.compress(joined(export_rows(2024, hours=366 * 24))))
    assert (year.period, year.step_seconds, len(year.readings)) == (Period(202400), 3600, 8784)
    assert year.readings[0] == ("2024-01-01T00:00:00+08:00", "2.5")
    assert year.readings[-1] == ("2024-12-31T23:00:00+08:00", "2.5")


def test_months_hold_every_reading_once_when_taken_from_a_year() -> None:
    year = read_year_file(joined(export_rows()))
    months = [year.month(period) for period in months_of(2023)]
    assert [stamp for month in months for stamp in month.stamps] == [
        reading.stamp for reading in year.readings
    ]
    assert sum(month.total for month in months) == Decimal("21900")


@settings(max_examples=25)
@given(st.integers(1, 12))
def test_month_is_read_again_when_written_for_an_upload(number: int) -> None:
    month = read_year_file(joined(export_rows())).month(Period(202300 + number))
    again = parse_month(month_csv(month), period=month.period, step_seconds=month.step_seconds)
    assert again == month


def year_rows(edit: Callable[[list[str]], object]) -> list[str]:
    rows = export_rows()
    edit(rows)
    return rows


@pytest.mark.parametrize(
    ("rows", "reason", "line"),
    [
        (export_rows()[:1], "gap", 2),
        (export_rows()[:2], "gap", 3),
        (export_rows(hours=8759), "gap", 8761),
        (export_rows(hours=8761), "period", 8762),
        (year_rows(lambda rows: rows.pop(1)), "gap", 2),
        (year_rows(lambda rows: rows.pop(5)), "gap", 6),
        (year_rows(lambda rows: rows.pop(2)), "step", 4),  # two hours first, then one
        (year_rows(lambda rows: rows.insert(2, rows[1])), "duplicate", 3),
        ([export_rows()[0], *reversed(export_rows()[1:])], "step", 3),
        (year_rows(lambda rows: rows.insert(2, "2023-01-01 00:00:07,1,a")), "step", 3),
        (year_rows(lambda rows: rows.insert(1, "1999-01-01 00:00:00,1,a")), "period", 2),
        (year_rows(lambda rows: rows.insert(1, "2023-02-29 00:00:00,1,a")), "stamp", 2),
        (year_rows(lambda rows: rows.insert(9, "2023-01-01T08:00:00+08:00,1,a")), "stamp", 10),
        (year_rows(lambda rows: rows.insert(9, "01/01/2023 08:00,1,a")), "stamp", 10),
        (year_rows(lambda rows: rows.insert(9, "2023-01-01 08:00:00,-1,a")), "quantity", 10),
    ],
)
def test_read_year_refuses_with_line_when_intervals_are_not_covered_once(
    rows: list[str], reason: str, line: int
) -> None:
    assert refusal_of(read_year_file, joined(rows)) == (reason, line)
