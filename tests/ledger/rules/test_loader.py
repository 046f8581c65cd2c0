"""The park's rule pack: each figure against a computation by hand."""

import hashlib
import json
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

import ledger.rules.loader as loader_module
from ledger.carbon import tonnes_from_grams
from ledger.contract_errors import FigureTooLarge
from ledger.rules.loader import (
    CATEGORIES,
    CarrierUnknown,
    RulePackUnknown,
    SurrenderWindow,
    grams_by_category,
    load_rule_pack,
)

PACK = load_rule_pack("park-2023")
PACK_FILE = Path(loader_module.__file__).parent / "park-2023.json"


def test_hash_is_of_canonical_bytes_when_recomputed_from_the_file() -> None:
    document = json.loads(PACK_FILE.read_bytes())
    # The pack holds ASCII keys, so that sorting by code point is RFC 8785's order.
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert PACK.hash == hashlib.sha256(canonical.encode()).digest()


def test_hash_is_the_published_one_when_the_pack_is_unchanged() -> None:
    # Acts name this hash for ever: a change of rules is a new pack, never an edit.
    assert PACK.hash.hex() == "a39e6b327c1429c44201f5a633049956eae68a86675236bd5ae2647676e73134"


@pytest.mark.parametrize(
    ("carrier", "quantity", "category", "grams"),
    [
        ("electricity", "127351.27", "indirect", 67_572_584),  # 67,572,583.862
        ("electricity", "1", "indirect", 531),  # 530.6
        ("steam", "12.345", "indirect", 1_357_950),  # 110,000 each
        ("heat", "269.336", "indirect", 29_626_960),  # 100 t of steam at h 2,777.1
        ("natural_gas", "10000", "direct", 21_650_152),  # 21.650151996 t
        ("natural_gas", "1", "direct", 2165),  # 2,165.0151996
        ("pv", "5000", "shown", 0),
    ],
)
def test_grams_by_category_equal_the_hand_computation_when_the_carrier_is_known(
    carrier: str, quantity: str, category: str, grams: int
) -> None:
    counted = grams_by_category(PACK, {carrier: Decimal(quantity)})
    assert counted == dict.fromkeys(CATEGORIES, 0) | {category: grams}


def test_natural_gas_is_exact_when_its_terms_are_multiplied() -> None:
    # 389.310 GJ, 0.01532 tC/GJ, 99 %, 44/12: 21.650151996 t per 10^4 Nm3
    assert PACK.carrier("natural_gas").grams_per_unit == Fraction("2165.0151996")


def test_every_carrier_has_its_unit_when_asked() -> None:
    units = {name: carrier.unit for name, carrier in PACK.carriers.items()}
    assert units == {
        "electricity": "kWh",
        "heat": "GJ",
        "steam": "GJ",
        "natural_gas": "Nm3",
        "pv": "kWh",
    }


def test_grams_are_rounded_once_per_category_when_a_month_has_several_carriers() -> None:
    # 0.4 g and 0.4 g of the same category are 1 g together, 0 g each for itself.
    quantities = {"electricity": Decimal("0.0007538"), "steam": Decimal("0.0000036364")}
    assert grams_by_category(PACK, quantities) == {"direct": 0, "indirect": 1, "shown": 0}


def test_categories_stay_apart_when_a_month_has_both() -> None:
    quantities = {"electricity": Decimal(10), "natural_gas": Decimal(10), "pv": Decimal(10)}
    assert grams_by_category(PACK, quantities) == {"direct": 21650, "indirect": 5306, "shown": 0}


def test_internal_tonnes_are_rounded_once_when_megajoules_were_delivered() -> None:
    gigajoules = Decimal(13_636_364) / 1000  # 1,500.00004 t
    assert tonnes_from_grams(grams_by_category(PACK, {"steam": gigajoules})["indirect"]) == 1500


def test_grams_by_category_refuses_when_the_carrier_has_no_factor() -> None:
    with pytest.raises(CarrierUnknown) as refusal:
        grams_by_category(PACK, {"coal": Decimal(1)})
    offered = ["electricity", "heat", "natural_gas", "pv", "steam"]
    assert refusal.value.facts == {"carrier": "coal", "offered": offered}


def test_grams_by_category_refuses_when_the_figure_is_too_large() -> None:
    with pytest.raises(FigureTooLarge):
        grams_by_category(PACK, {"heat": Decimal(10**12)})


def test_deadlines_are_park_midnights_when_the_year_is_2023() -> None:
    deadlines = PACK.deadlines(2023)
    moments = ["2024-04-01T00:00:00+08:00", "2024-08-01T00:00:00+08:00"]
    moments += ["2025-01-01T00:00:00+08:00"]
    assert [deadlines.report_by, deadlines.verify_by, deadlines.surrender_by] == [
        int(datetime.fromisoformat(moment).timestamp()) for moment in moments
    ]


def test_surrender_window_takes_only_its_own_vintage_when_the_year_is_2023() -> None:
    window = SurrenderWindow(
        instrument="PARK",
        first_vintage=2023,
        last_vintage=2023,
        share_permyriad=10_000,
        is_strict=True,
    )
    assert PACK.surrender_window(2023) == window


def test_every_term_names_a_source_when_the_pack_is_loaded() -> None:
    used = {term.source for carrier in PACK.carriers.values() for term in carrier.terms}
    assert used <= set(PACK.sources)


@pytest.mark.parametrize(
    "name", ["", "park-1999", "../rules/park-2023", "\x00", "park-2023.json", "Park-2023"]
)
def test_load_refuses_when_no_pack_has_the_name(name: str) -> None:
    with pytest.raises(RulePackUnknown) as refusal:
        load_rule_pack(name)
    assert refusal.value.facts == {"name": name}
