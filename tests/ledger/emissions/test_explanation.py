"""A report computed anew: the demo's own numbers, what differs, what is missing, exact text."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.emissions.explanation import exact_text, explain
from ledger.period import months_of
from ledger.rules.loader import PARK_RULES, RulePackUnknown, load_rule_pack, rule_pack_of
from scripts.park_year.cast import CHEMICALS, enterprise
from scripts.park_year.metering import readings_of

PACK = load_rule_pack(PARK_RULES)
# What the demo's chemical works reports in version 2, and with one month's unit slipped before.
DIRECT_GRAMS, INDIRECT_GRAMS, SLIPPED_GRAMS = 389_608_343, 583_566_504, 48_452_262_873


def _rows(*, without: int | None = None) -> Iterator[dict[str, Any]]:
    """The chemical works' meters and months as the table of held readings has them."""
    works = enterprise(CHEMICALS)
    readings = readings_of(None)
    for meter in works.meters:
        name = works.meter_name(meter)
        for month in months_of(2023):
            if month.number != without:
                yield {
                    "meter": name.ljust(32).encode(),
                    "period": month.number,
                    "carrier": meter.carrier,
                    "quantity": format(readings.month(name, month.number % 100).total, "f"),
                    "document": bytes(32),
                    "root": bytes(32),
                }


def _report(**changes: Any) -> dict[str, Any]:
    figures = {"direct_grams": DIRECT_GRAMS, "indirect_grams": INDIRECT_GRAMS}
    return {"period": 202300} | figures | changes


def test_explain_gives_the_demos_figure_to_the_gram_when_its_readings_are_held() -> None:
    told = explain(_rows(), PACK, report=_report())
    assert (told.direct_grams, told.indirect_grams) == (DIRECT_GRAMS, INDIRECT_GRAMS)
    assert told.is_match
    assert [len(month.lines) for month in told.months] == [2] * 12
    assert sum(month.direct_grams for month in told.months) == DIRECT_GRAMS


def test_explain_differs_when_another_figure_was_signed() -> None:
    told = explain(_rows(), PACK, report=_report(indirect_grams=SLIPPED_GRAMS))
    assert not told.is_match
    assert told.indirect_grams == INDIRECT_GRAMS


def test_explain_multiplies_each_quantity_exactly_when_a_line_is_read() -> None:
    january = explain(_rows(), PACK, report=_report()).months[0]
    electricity = january.lines[0]
    assert electricity.quantity == Decimal("85842.23")
    assert exact_text(electricity.grams) == "45547887.238"
    assert january.indirect_grams == 45_547_887


def test_explain_names_the_month_when_its_readings_are_missing() -> None:
    told = explain(_rows(without=202304), PACK, report=_report())
    assert told.missing_months == (202304,)
    assert len(told.months) == 11
    assert not told.is_match


def test_explain_takes_one_month_when_the_report_is_of_one() -> None:
    told = explain(_rows(), PACK, report=_report(period=202301))
    assert [month.month for month in told.months] == [202301]
    assert told.missing_months == ()


def test_explain_names_carriers_with_their_factors_when_they_were_metered() -> None:
    told = explain(_rows(), PACK, report=_report())
    assert list(told.carriers) == ["electricity", "natural_gas"]


def test_find_rule_pack_is_refused_when_no_pack_has_the_hash() -> None:
    with pytest.raises(RulePackUnknown) as refused:
        rule_pack_of(bytes(32))
    assert refused.value.facts == {"name": "0x" + "00" * 32}
    assert rule_pack_of(PACK.hash) is PACK


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(7), "7"),
        (Fraction(5306, 10), "530.6"),
        (Fraction(1, 8), "0.125"),
        (Fraction(11, 3), "11/3"),
        (Fraction(10**40 + 1, 10), "1" + "0" * 39 + ".1"),
    ],
)
def test_write_number_loses_nothing_when_it_ends_or_not(value: Fraction, text: str) -> None:
    assert exact_text(value) == text


@given(st.fractions(min_value=0, max_value=10**18))
def test_write_number_reads_back_equal_when_it_is_any_fraction(value: Fraction) -> None:
    assert Fraction(exact_text(value)) == value
