"""A steel plant's real year of 2018 (UCI, CC BY 4.0): its sum, and its grams by month."""

import os
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from ledger.evidence.merkle import month_tree
from ledger.evidence.readings import YearOfReadings, read_year_file
from ledger.period import months_of
from ledger.rules.loader import grams_by_category, load_rule_pack

FILE_NAME = "data/meters/steel_plant_2018_15min.csv.gz"
FACTOR_GRAMS = Decimal("530.6")


@pytest.fixture(scope="module")
def year() -> YearOfReadings:
    """The real file, in a folder of data beside the checkout: no copy of it is ours to keep."""
    checkout = Path(__file__).resolve().parents[3]
    found = sorted(checkout.parent.glob(f"*/{FILE_NAME}"))
    if not found and not os.environ.get("CI"):
        pytest.skip(f"the real meter file ({FILE_NAME}) is not beside the checkout")
    return read_year_file(found[0].read_bytes())


def test_year_sums_to_the_published_total_when_the_real_file_is_read(year: YearOfReadings) -> None:
    total = sum(year.month(period).total for period in months_of(2018))
    assert (len(year.readings), year.step_seconds) == (35_040, 900)
    assert total == Decimal("1491319.29")


def test_grams_are_the_sum_of_rounded_months_when_the_real_file_is_read(
    year: YearOfReadings,
) -> None:
    pack = load_rule_pack("park-2023")
    grams, by_hand = 0, Decimal(0)
    for period in months_of(2018):
        month = year.month(period)
        grams += grams_by_category(pack, {"electricity": month.total})["indirect"]
        exact = sum(map(Decimal, month.quantities)) * FACTOR_GRAMS
        by_hand += exact.to_integral_value(ROUND_HALF_UP)
    assert grams == by_hand
    assert abs(grams - Decimal("1491319.29") * FACTOR_GRAMS) <= 6  # half a gram a month


def test_month_tree_has_every_reading_when_the_real_file_is_read(year: YearOfReadings) -> None:
    january = year.month(months_of(2018)[0])
    tree = month_tree(january, meter="88.1/MTR.1", unit="kWh", seed=bytes(32))
    assert (tree.leaves, len(tree.day_roots)) == (2976, 31)
