"""The plan: the steel works ends short, the others' surplus covers it, the cap is the sum."""

from ledger.rules.loader import grams_by_category, load_rule_pack
from scripts.park_year.cast import CAP_TONNES, ENTERPRISES, RULE_PACK, STEEL, enterprise
from scripts.park_year.metering import Readings, readings_of
from scripts.park_year.trading import Position, Purchase, purchases

GRAMS_PER_TONNE = 1_000_000


def _tonnes(name: str, readings: Readings) -> int:
    """What the readings come to, cut to whole tonnes."""
    pack, one, grams = load_rule_pack(RULE_PACK), enterprise(name), 0
    for month in range(1, 13):
        quantities = {
            meter.carrier: readings.month(one.meter_name(meter), month).total
            for meter in one.meters
        }
        of_month = grams_by_category(pack, quantities)
        grams += of_month["direct"] + of_month["indirect"]
    return grams // GRAMS_PER_TONNE


def test_size_allocation_gives_the_cap_when_all_are_added() -> None:
    assert [one.granted_tonnes for one in ENTERPRISES] == [704, 1039, 1187]
    assert CAP_TONNES == 704 + 1039 + 1187


def test_size_allocation_leaves_steel_short_of_what_the_others_spare_when_generated() -> None:
    readings = readings_of(None)
    spare = {one.name: one.granted_tonnes - _tonnes(one.name, readings) for one in ENTERPRISES}
    gap = -spare.pop(STEEL)
    assert 0 < gap < sum(spare.values())
    assert all(tonnes > 1 for tonnes in spare.values())


def test_buy_fills_the_gap_exactly_when_the_surplus_reaches() -> None:
    positions = [Position("a", 791, 704), Position("b", 973, 1039), Position("c", 1107, 1187)]
    assert purchases(positions) == [Purchase("b", "a", 66), Purchase("c", "a", 21)]


def test_buy_takes_all_there_is_when_the_surplus_does_not_reach() -> None:
    positions = [Position("a", 900, 704), Position("b", 973, 1039), Position("c", 1107, 1187)]
    assert purchases(positions) == [Purchase("b", "a", 66), Purchase("c", "a", 80)]


def test_buy_makes_no_purchase_when_nobody_is_short() -> None:
    assert purchases([Position("a", 700, 704), Position("b", 973, 1039)]) == []


def test_buy_gives_the_first_buyer_all_when_two_are_short_of_one_surplus() -> None:
    positions = [Position("a", 110, 100), Position("b", 120, 100), Position("c", 100, 115)]
    assert purchases(positions) == [Purchase("c", "a", 10), Purchase("c", "b", 5)]
