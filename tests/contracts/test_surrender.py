"""Obligations and surrender: what a rule allows, and what a module may change."""

from typing import Any

import pytest

from ledger.chain.bindings import INSTRUMENTS, RIGHTS
from tests.contracts.acts import address_of, call_data
from tests.contracts.builders import ASSET, TONNES, YEAR, build, confirm, digest, quota
from tests.contracts.world import World, key_named, told

OFFSET = INSTRUMENTS["CCER"] << 56 | YEAR << 40 | 17


def _obligation(world: World) -> Any:
    return world.view("Quotas", "obligationOf", world.ids["ENTERPRISE1"], YEAR)


def _refused(world: World, **changes: Any) -> Any:
    return world.refusal("Surrender", build(world, "Surrender", **changes), key="ENTERPRISE1")


def _surrender(world: World, **changes: Any) -> Any:
    return world.act("Surrender", build(world, "Surrender", **changes), key="ENTERPRISE1").events


def test_surrender_moves_available_to_spent_when_due_is_confirmed(world: World) -> None:
    quota(world, due=True)
    message = build(world, "Surrender")
    ((name, event),) = world.act("Surrender", message, key="ENTERPRISE1").events
    holding = {"availableAfter": 950, "spentAfter": 50}
    obligation = {"surrenderedAfter": 50, "offsetAfter": 0}
    key = address_of(world.keys["ENTERPRISE1"])
    assert name == "QuotaSurrendered"
    assert event == told("Surrender", message, key=key, **holding, **obligation)
    slot = world.view("Quotas", "holdingOf", world.ids["ENTERPRISE1"], ASSET)
    assert slot == (950, 0, 0, 0, 50, 1, 1, 1)
    assert _obligation(world) == (TONNES, 50, 0, 1)


def test_surrender_succeeds_when_account_is_blocked(world: World) -> None:
    quota(world, due=True)
    world.set_standing("ENTERPRISE1", 1)
    assert _surrender(world)


def test_surrender_is_refused_when_account_is_closed(world: World) -> None:
    quota(world, due=True)
    world.set_standing("ENTERPRISE1", 0)
    expected = {"id": world.ids["ENTERPRISE1"], "standing": 64, "wanted": 1}
    assert _refused(world) == ("StandingMissing", expected)


def test_surrender_is_refused_when_year_has_no_rule(world: World) -> None:
    quota(world, due=True)
    assert _refused(world, year=2024) == ("VintageNotValid", {"asset": ASSET, "year": 2024})


@pytest.mark.parametrize("vintage", [YEAR - 1, YEAR + 1])
def test_surrender_is_refused_when_vintage_is_outside_window(world: World, vintage: int) -> None:
    quota(world, due=True)
    asset = INSTRUMENTS["PARK"] << 56 | vintage << 40
    assert _refused(world, asset=asset) == ("VintageNotValid", {"asset": asset, "year": YEAR})


@pytest.mark.parametrize("vintage", [YEAR - 2, YEAR + 1])
def test_surrender_succeeds_when_vintage_is_at_edge_of_window(world: World, vintage: int) -> None:
    asset = INSTRUMENTS["PARK"] << 56 | vintage << 40
    years = {"firstVintage": YEAR - 2, "lastVintage": YEAR + 1}
    world.act("Rule", build(world, "Rule", isStrict=False, **years), key="ISSUER")
    world.act("Cap", build(world, "Cap", asset=asset), key="ISSUER")
    world.act("Allocation", build(world, "Allocation", asset=asset), key="ISSUER")
    assert _surrender(world, asset=asset)


def test_surrender_is_refused_when_rule_is_strict_before_due(world: World) -> None:
    quota(world)
    due = {"account": world.ids["ENTERPRISE1"], "year": YEAR, "due": 0}
    assert _refused(world) == ("ObligationExceeded", due | {"wanted": 50})


def test_surrender_is_refused_when_nothing_is_due_and_no_figure_confirmed(world: World) -> None:
    quota(world)
    due = {"account": world.ids["ENTERPRISE1"], "year": YEAR, "due": 0}
    assert _refused(world, tonnes=0) == ("ObligationExceeded", due | {"wanted": 0})


def test_surrender_is_refused_when_rule_is_strict_above_due(world: World) -> None:
    quota(world, due=True, tonnes=5_000)
    _surrender(world, tonnes=TONNES - 1)
    due = {"account": world.ids["ENTERPRISE1"], "year": YEAR, "due": TONNES}
    refusal = _refused(world, tonnes=2, nonce=2)
    assert refusal == ("ObligationExceeded", due | {"wanted": TONNES + 1})
    assert _surrender(world, tonnes=1, nonce=2)


def test_surrender_exceeds_due_when_rule_is_not_strict(world: World) -> None:
    quota(world, strict=False)
    _surrender(world, tonnes=1_000)
    assert _obligation(world) == (0, 1_000, 0, 0)


def test_surrender_is_refused_when_obligation_cannot_hold_it(world: World) -> None:
    quota(world, strict=False)
    assert _refused(world, tonnes=2**48) == ("QuotaTooLarge", {"value": 2**48})


def _offsets(world: World, share: int) -> None:
    rule = {"instrument": INSTRUMENTS["CCER"], "sharePermyriad": share, "isStrict": False}
    world.act("Rule", build(world, "Rule", **rule), key="ISSUER")
    world.act("Cap", build(world, "Cap", asset=OFFSET), key="ISSUER")
    world.act("Allocation", build(world, "Allocation", asset=OFFSET), key="ISSUER")


def test_surrender_counts_offset_when_rule_has_a_share(world: World) -> None:
    confirm(world)
    _offsets(world, 500)
    ((_, event),) = _surrender(world, asset=OFFSET, tonnes=61)
    assert (event["surrenderedAfter"], event["offsetAfter"]) == (61, 61)
    assert _obligation(world) == (TONNES, 61, 61, 1)


def test_surrender_is_refused_when_offset_exceeds_its_share(world: World) -> None:
    confirm(world)
    _offsets(world, 500)
    _surrender(world, asset=OFFSET, tonnes=60)
    limit = {"account": world.ids["ENTERPRISE1"], "year": YEAR, "limit": TONNES * 500 // 10_000}
    refusal = _refused(world, asset=OFFSET, tonnes=2, nonce=2)
    assert refusal == ("OffsetExceeded", limit | {"wanted": 62})


@pytest.mark.parametrize("share", [10_000, 65_535])
def test_surrender_counts_no_offset_when_share_is_whole(world: World, share: int) -> None:
    _offsets(world, share)
    _surrender(world, asset=OFFSET, tonnes=61)
    assert _obligation(world) == (0, 61, 0, 0)


@pytest.fixture
def module(world: World) -> bytes:
    """A key with which the module's verb can be called directly."""
    key = key_named("module")
    world.keys["OBLIGER"] = key
    message = world.key_addition("MODULE", address=address_of(key))
    changes = {"rights": RIGHTS["OBLIGE"], "validFrom": world.evm.next_time + 604_800}
    world.act("KeyAddition", message | changes, key="ROOT")
    world.evm.pause_seconds = 604_801
    return world.ids["MODULE"]


def _oblige(world: World, module: bytes, tonnes: int, figures: int) -> tuple[bytes, bytes]:
    values = module, world.ids["ENTERPRISE1"], YEAR, tonnes, figures, digest("cause")
    return world.contracts["Quotas"], call_data("Quotas", "oblige", *values)


def _oblige_refusal(world: World, call: tuple[bytes, bytes]) -> Any:
    return world.call_refusal(*call, sender=address_of(world.keys["OBLIGER"]))


def test_oblige_changes_due_and_figures_when_module_calls(world: World, module: bytes) -> None:
    call = _oblige(world, module, 70, 2)
    ((name, event),) = world.send(*call, sender=world.keys["OBLIGER"]).events
    change = {"tonnes": 70, "dueAfter": 70, "figuresAfter": 2}
    account = {"account": world.ids["ENTERPRISE1"], "year": YEAR}
    assert (name, event) == ("ObligationChanged", {"cause": digest("cause")} | account | change)
    world.send(*_oblige(world, module, -70, -2), sender=world.keys["OBLIGER"])
    assert _obligation(world) == (0, 0, 0, 0)


@pytest.mark.parametrize(("tonnes", "figures"), [(-71, 0), (0, -3), (-(2**63), 0)])
def test_oblige_is_refused_when_it_would_fall_below_zero(
    world: World, module: bytes, tonnes: int, figures: int
) -> None:
    world.send(*_oblige(world, module, 70, 2), sender=world.keys["OBLIGER"])
    due = {"account": world.ids["ENTERPRISE1"], "year": YEAR, "due": 70}
    refusal = _oblige_refusal(world, _oblige(world, module, tonnes, figures))
    assert refusal == ("ObligationNegative", due | {"change": tonnes})


def test_oblige_is_refused_when_due_does_not_fit(world: World, module: bytes) -> None:
    refusal = _oblige_refusal(world, _oblige(world, module, 2**48, 1))
    assert refusal == ("QuotaTooLarge", {"value": 2**48})


def test_oblige_is_refused_when_account_has_a_tail(world: World, module: bytes) -> None:
    account = world.ids["ENTERPRISE1"][:31] + b"\1"
    values = module, account, YEAR, 1, 1, digest("cause")
    call = world.contracts["Quotas"], call_data("Quotas", "oblige", *values)
    assert _oblige_refusal(world, call) == ("IdentifierUnknown", {"id": account})


def test_oblige_is_refused_when_key_lacks_the_right(world: World, module: bytes) -> None:
    key = address_of(world.keys["ENTERPRISE1"])
    call = _oblige(world, world.ids["ENTERPRISE1"], 1, 1)
    expected = {
        "participant": world.ids["ENTERPRISE1"],
        "key": key,
        "rights": RIGHTS["REGISTER"] | RIGHTS["REPORT"] | RIGHTS["MOVE"],
        "wanted": RIGHTS["OBLIGE"],
    }
    assert world.call_refusal(*call, sender=key) == ("KeyRightMissing", expected)
    assert module
