"""What the public verbs may cost, every transaction on cold slots (contracts.md, section 9)."""

from functools import cache
from typing import Any

import pytest

from scripts.bench_gas import measure_gas
from tests.contracts.acts import act_id
from tests.contracts.builders import SIGNERS, build, confirm, figure, quota
from tests.contracts.world import World, key_named

# Fifty of each verb are a million and more steps of a virtual machine in Python: six seconds.
_slow = pytest.mark.slow

LIMITS = {
    ("register", "suffix_16_characters"): 75_000,
    ("addKey", "first"): 77_000,
    ("addKey", "new_person"): 77_000,
    ("addKey", "rotation"): 77_000,
    ("report", "first"): 71_000,
    ("report", "steady"): 54_000,
    ("report", "correction"): 54_000,
    ("attest", "steady"): 59_000,
    ("allocate", "first"): 77_000,
    ("allocate", "steady"): 77_000,
    ("transfer", "steady"): 59_000,
    ("surrender", "first"): 61_000,
    ("surrender", "steady"): 61_000,
}


@cache
def _measured() -> dict[str, Any]:
    return measure_gas()


@_slow
@pytest.mark.parametrize(("verb", "case"), LIMITS)
def test_carry_act_stays_below_limit_when_measured_by_bench(verb: str, case: str) -> None:
    assert 21_000 < _measured()["verbs"][verb][case] <= LIMITS[verb, case]


@_slow
@pytest.mark.parametrize(
    ("case", "limit"), [("after_evidence", 310_000), ("bare", 325_000), ("in_batch", 190_000)]
)
def test_carry_work_unit_stays_below_limit_when_measured_by_bench(case: str, limit: int) -> None:
    assert 100_000 < _measured()["work_unit"][case] <= limit


@_slow
@pytest.mark.parametrize(
    ("case", "limit"),
    [
        ("100_leaves_first", 700),
        ("100_leaves_steady", 700),
        ("2976_leaves_first", 25),
        ("2976_leaves_steady", 25),
    ],
)
def test_anchor_reading_stays_below_limit_when_month_is_one_root(case: str, limit: int) -> None:
    assert 0 < _measured()["reading"][case] <= limit


@_slow
def test_measure_code_finds_it_below_limit_when_deployed() -> None:
    sizes = _measured()["code_bytes"]
    assert sorted(sizes) == ["Emissions", "Identifiers", "Quotas"]
    assert max(sizes.values()) < 24_576


def _gas(world: World, kind: str, message: dict[str, Any]) -> int:
    return world.act(kind, message, key=SIGNERS[kind]).gas


def test_register_stays_below_limit_when_label_has_16_characters(world: World) -> None:
    assert _gas(world, "Registration", build(world, "Registration", label="M" * 16)) <= 75_000


def test_add_key_stays_below_limit_when_it_is_the_first(world: World) -> None:
    world.register("PREFIX", "NEW", "ENT.9", kind="ENTERPRISE", owner="PARK")
    world.keys["ADDED"] = key_named("added")
    message = build(world, "KeyAddition", participant=world.ids["NEW"])
    assert world.act("KeyAddition", message, key="PARK").gas <= 77_000


def test_report_stays_below_limit_when_it_opens_the_figure(world: World) -> None:
    assert _gas(world, "Report", build(world, "Report")) <= 71_000


def test_report_stays_below_limit_when_evidence_precedes_it(world: World) -> None:
    evidence = build(world, "Evidence")
    world.act("Evidence", evidence, key="ENTERPRISE1")
    report = build(world, "Report", follows=act_id("Evidence", evidence))
    assert _gas(world, "Report", report) <= 54_000


def test_attest_stays_below_limit_when_report_precedes_it(world: World) -> None:
    assert _gas(world, "Statement", figure(world, "Statement")["Statement"]) <= 59_000


def test_allocate_stays_below_limit_when_holding_is_new(world: World) -> None:
    world.act("Cap", build(world, "Cap"), key="ISSUER")
    assert _gas(world, "Allocation", build(world, "Allocation")) <= 77_000


def test_transfer_stays_below_limit_when_account_is_known(world: World) -> None:
    quota(world)
    other = build(world, "Allocation", account=world.ids["ENTERPRISE2"])
    world.act("Allocation", other, key="ISSUER")
    assert _gas(world, "Transfer", build(world, "Transfer")) <= 59_000


def test_surrender_stays_below_limit_when_due_is_confirmed(world: World) -> None:
    quota(world)
    confirm(world)
    assert _gas(world, "Surrender", build(world, "Surrender")) <= 61_000
