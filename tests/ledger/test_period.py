"""Periods: numbers, texts and their bounds at +08:00."""

from datetime import datetime

import pytest

from ledger.contract_errors import PeriodBad
from ledger.period import Period, PeriodMalformed, months_of


@pytest.mark.parametrize(
    ("text", "number"), [("2025", 202500), ("2025-03", 202503), ("2000", 200000)]
)
def test_from_text_gives_number_when_text_is_a_period(text: str, number: int) -> None:
    assert Period.from_text(text) == Period(number)


@pytest.mark.parametrize("number", [200000, 202501, 202512, 299900, 299912])
def test_text_comes_back_when_read_again(number: int) -> None:
    assert Period.from_text(Period(number).text).number == number


MALFORMED = [
    "",
    "1999",
    "3000",
    "2025-00",
    "2025-13",
    "2025-3",
    "202503",
    "\uff12\uff10\uff12\uff15",
    "2025\n",
]


@pytest.mark.parametrize("text", MALFORMED)
def test_from_text_refuses_when_text_is_no_period(text: str) -> None:
    with pytest.raises(PeriodMalformed) as refusal:
        Period.from_text(text)
    assert refusal.value.facts == {"value": text}


@pytest.mark.parametrize("number", [-1, 0, 199912, 202513, 202599, 300000])
def test_period_refuses_when_number_is_out_of_range(number: int) -> None:
    with pytest.raises(PeriodBad) as refusal:
        Period(number)
    assert refusal.value.facts == {"period": number}


@pytest.mark.parametrize(
    ("number", "start", "end"),
    [
        (202402, "2024-02-01T00:00:00+08:00", "2024-03-01T00:00:00+08:00"),
        (202512, "2025-12-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00"),
        (202500, "2025-01-01T00:00:00+08:00", "2026-01-01T00:00:00+08:00"),
        (299900, "2999-01-01T00:00:00+08:00", "3000-01-01T00:00:00+08:00"),
    ],
)
def test_bounds_are_park_midnights_when_asked(number: int, start: str, end: str) -> None:
    period = Period(number)
    expected = [int(datetime.fromisoformat(moment).timestamp()) for moment in (start, end)]
    assert [period.start, period.end] == expected


def test_months_adjoin_and_fill_the_year_when_listed() -> None:
    months = months_of(2024)
    edges = [months[0].start, *(month.end for month in months)]
    assert len(months) == 12
    assert edges == [Period(202400).start, *(month.start for month in months[1:]), edges[-1]]
    assert edges[-1] == Period(202400).end


def test_is_year_tells_years_from_months_when_asked() -> None:
    assert (Period(202500).is_year, Period(202501).is_year) == (True, False)
