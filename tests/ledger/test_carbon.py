"""Amounts of carbon: exact products, half-up roundings, bounds."""

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.carbon import GRAMS_MAX, checked_grams, rounded_grams, tonnes_from_grams
from ledger.contract_errors import FigureTooLarge

QUANTITIES = st.decimals(min_value=0, max_value=Decimal("999999999.999999"), places=6)
FACTORS = st.decimals(min_value=0, max_value=1000, places=5)


@pytest.mark.parametrize(
    ("quantity", "factor", "grams"),
    [
        ("19.5", "530.6", 10347),  # 10,346.7
        ("1", "0.5", 1),
        ("1", "0.4999999", 0),
        ("2.5", "1", 3),  # half-even would say 2
        ("0", "530.6", 0),
    ],
)
def test_grams_are_rounded_half_up_when_the_product_has_a_fraction(
    quantity: str, factor: str, grams: int
) -> None:
    assert rounded_grams(Fraction(quantity) * Fraction(factor)) == grams


@given(QUANTITIES, FACTORS)
def test_grams_equal_decimal_arithmetic_when_decimals_are_wide(
    quantity: Decimal, factor: Decimal
) -> None:
    wide = Context(prec=60, rounding=ROUND_HALF_UP)
    expected = int(wide.multiply(quantity, factor).to_integral_value(ROUND_HALF_UP))
    assert rounded_grams(Fraction(quantity) * Fraction(factor)) == expected


def test_grams_are_exact_when_the_factor_does_not_end() -> None:
    assert rounded_grams(Fraction("1.5") * Fraction(1, 3)) == 1  # exactly 0.5


@pytest.mark.parametrize(
    ("grams", "tonnes"),
    [(0, 0), (499_999, 0), (500_000, 1), (1_499_999, 1), (2_500_000, 3), (791_294_015, 791)],
)
def test_tonnes_are_rounded_half_up_when_grams_are_left_over(grams: int, tonnes: int) -> None:
    assert tonnes_from_grams(grams) == tonnes


def test_checked_grams_gives_the_amount_when_it_is_the_greatest() -> None:
    assert checked_grams(GRAMS_MAX) == 9_007_199_254_740_991


def test_checked_grams_refuses_when_a_figure_cannot_hold_it() -> None:
    with pytest.raises(FigureTooLarge) as refusal:
        checked_grams(2**53)
    assert refusal.value.facts == {"value": 2**53}


def test_round_grams_refuses_when_the_product_is_too_large() -> None:
    with pytest.raises(FigureTooLarge) as refusal:
        rounded_grams(Fraction(2**53))
    assert refusal.value.facts == {"value": 2**53}


def test_tonnes_from_grams_refuses_when_grams_are_too_large() -> None:
    with pytest.raises(FigureTooLarge):
        tonnes_from_grams(2**53)
