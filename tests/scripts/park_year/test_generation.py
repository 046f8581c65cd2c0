"""Generated readings: the same digits for ever, every interval once, the planned quantity."""

import hashlib
from decimal import Decimal

import pytest

from ledger.evidence.readings import month_csv, parse_month
from ledger.period import months_of
from scripts.park_year.cast import CHEMICALS, ELECTRICITY, ELECTRONICS, GAS, SOLAR, STEAM, STEEL
from scripts.park_year.generation import SHAPES, generated_months

# The first half of SHA-256 over the twelve months of 2023 in our own format.
KNOWN = {
    (STEEL, ELECTRICITY): "04b7d4f5886ab02f301b98f3baf1f743",
    (CHEMICALS, ELECTRICITY): "5d70eb81de3a0dc59e9d9f6e13a91eee",
    (CHEMICALS, GAS): "46e9822786f38f96535e726d772ff688",
    (ELECTRONICS, ELECTRICITY): "1b6565b864e84cc74ca6bb5b4148061d",
    (ELECTRONICS, STEAM): "534e2520997cc4a3d426a186fb27e213",
    (ELECTRONICS, SOLAR): "20911f0fcae5d67cb59a3ab97eced79b",
}


@pytest.mark.parametrize("meter", KNOWN)
def test_generate_year_gives_the_known_digits_when_the_seed_is_the_same(
    meter: tuple[str, str],
) -> None:
    months = generated_months(SHAPES[meter], year=2023)
    content = b"".join(month_csv(month) for month in months)
    assert hashlib.sha256(content).hexdigest()[:32] == KNOWN[meter]


@pytest.mark.parametrize("year", [2023, 2024])
def test_generate_year_passes_as_an_upload_when_it_is_parsed_again(year: int) -> None:
    shape = SHAPES[CHEMICALS, GAS]
    months = generated_months(shape, year=year)
    assert [
        parse_month(month_csv(month), period=period, step_seconds=shape.step_seconds)
        for month, period in zip(months, months_of(year), strict=True)
    ] == list(months)


def test_generate_year_gives_what_the_shape_plans_when_its_months_are_summed() -> None:
    shape = SHAPES[STEEL, ELECTRICITY]
    total = sum((month.total for month in generated_months(shape, year=2023)), Decimal(0))
    lost_to_rounding = shape.quantity - total
    assert 0 <= lost_to_rounding < 35_040 * Decimal("0.01")


def test_generate_year_shows_no_sun_when_it_is_night() -> None:
    january = generated_months(SHAPES[ELECTRONICS, SOLAR], year=2023)[0]
    assert {january.quantities[hour] for hour in (0, 3, 5, 18, 23)} == {"0.00"}
    assert Decimal(january.quantities[12]) > 0
