"""Caps, rules, allocation, transfer and cancellation: what each does and what refuses it."""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_utils.crypto import keccak

from ledger.chain.bindings import BUCKETS, INSTRUMENTS, RIGHTS
from tests.contracts.acts import address_of, call_data, decode_refusal
from tests.contracts.builders import ASSET, SIGNERS, YEAR, build, digest, quota
from tests.contracts.evm import Reverted
from tests.contracts.world import World, key_named, rights, told

LARGEST = 2**53 - 1
AVAILABLE, SPENT = BUCKETS["AVAILABLE"], BUCKETS["SPENT"]


def _holding(world: World, account: str = "ENTERPRISE1") -> Any:
    return world.view("Quotas", "holdingOf", world.ids[account], ASSET)


def _supply(world: World) -> Any:
    return world.view("Quotas", "supplyOf", ASSET)


def _insufficient(world: World, have: int, want: int) -> Any:
    account = {"account": world.ids["ENTERPRISE1"], "asset": ASSET}
    amounts = {"bucket": AVAILABLE, "have": have, "want": want}
    return "QuotaInsufficient", account | amounts


def test_set_cap_keeps_limit_when_authority_signs(world: World) -> None:
    message = build(world, "Cap")
    ((name, event),) = world.act("Cap", message, key="ISSUER").events
    assert name == "CapSet"
    assert event == told("Cap", message, key=address_of(world.keys["ISSUER"]))
    assert _supply(world) == (10_000, 0, 1)


def test_set_rule_keeps_row_when_authority_signs(world: World) -> None:
    message = build(world, "Rule", firstVintage=2020, sharePermyriad=500)
    ((name, event),) = world.act("Rule", message, key="ISSUER").events
    assert name == "RuleSet"
    assert event == told("Rule", message, key=address_of(world.keys["ISSUER"]))
    row = world.view("Quotas", "ruleOf", INSTRUMENTS["PARK"], YEAR)
    assert row == (2020, YEAR, 500, True, message["surrenderBy"], 1)


@pytest.mark.parametrize("kind", ["Cap", "Rule", "Allocation"])
@pytest.mark.parametrize("given", [0, 1, 3, 65535])
def test_set_is_refused_when_revision_is_not_next(world: World, kind: str, given: int) -> None:
    quota(world)
    message = build(world, kind, revision=given)
    refusal = world.refusal(kind, message, key="ISSUER")
    assert refusal == ("RevisionOutOfDate", {"current": 1, "given": given})


def test_set_cap_is_refused_when_it_is_below_issued(world: World) -> None:
    quota(world)
    message = build(world, "Cap", revision=2, tonnes=999)
    expected = {"asset": ASSET, "cap": 999, "wanted": 1_000}
    assert world.refusal("Cap", message, key="ISSUER") == ("CapExceeded", expected)
    assert world.act("Cap", message | {"tonnes": 1_000}, key="ISSUER").events


def test_set_cap_is_refused_when_it_is_too_large(world: World) -> None:
    message = build(world, "Cap", tonnes=LARGEST + 1)
    refusal = world.refusal("Cap", message, key="ISSUER")
    assert refusal == ("FigureTooLarge", {"value": LARGEST + 1})
    assert world.act("Cap", message | {"tonnes": LARGEST}, key="ISSUER").events


@pytest.mark.parametrize("instrument", [128, 255])
def test_set_is_refused_when_instrument_is_too_large(world: World, instrument: int) -> None:
    cap = build(world, "Cap", asset=instrument << 56)
    rule = build(world, "Rule", instrument=instrument)
    expected = ("FigureTooLarge", {"value": instrument})
    assert world.refusal("Cap", cap, key="ISSUER") == expected
    assert world.refusal("Rule", rule, key="ISSUER") == expected


def test_set_rule_is_refused_when_window_is_reversed(world: World) -> None:
    message = build(world, "Rule", firstVintage=2024, lastVintage=2023)
    refusal = world.refusal("Rule", message, key="ISSUER")
    assert refusal == ("IntervalBad", {"from": 2024, "until": 2023})


def _allocated(world: World, message: dict[str, Any], available: int, issued: int) -> Any:
    key = address_of(world.keys["ISSUER"])
    after = {"availableAfter": available, "issuedAfter": issued}
    return "QuotaAllocated", told("Allocation", message, key=key, **after)


def test_allocate_issues_and_recalls_when_revisions_go_on(world: World) -> None:
    world.act("Cap", build(world, "Cap"), key="ISSUER")
    steps = [(1, 1_000, 1_000), (2, 500, 1_500), (3, -1_200, 300), (4, -300, 0)]
    for revision, tonnes, after in steps:
        message = build(world, "Allocation", revision=revision, tonnes=tonnes)
        (event,) = world.act("Allocation", message, key="ISSUER").events
        assert event == _allocated(world, message, after, after)
        assert _holding(world) == (after, 0, 0, 0, 0, revision, 0, 0)
        assert _supply(world) == (10_000, after, 1)


def test_allocate_counts_all_accounts_when_cap_is_shared(world: World) -> None:
    quota(world)
    other = {"account": world.ids["ENTERPRISE2"], "tonnes": 9_000}
    message = build(world, "Allocation", **other)
    (event,) = world.act("Allocation", message, key="ISSUER").events
    assert event == _allocated(world, message, 9_000, 10_000)


@pytest.mark.parametrize("tonnes", [9_001, 2**63 - 1])
def test_allocate_is_refused_when_cap_is_exceeded(world: World, tonnes: int) -> None:
    quota(world)
    message = build(world, "Allocation", revision=2, tonnes=tonnes)
    expected = {"asset": ASSET, "cap": 10_000, "wanted": 1_000 + tonnes}
    assert world.refusal("Allocation", message, key="ISSUER") == ("CapExceeded", expected)


def test_allocate_is_refused_when_amount_is_zero(world: World) -> None:
    message = build(world, "Allocation", tonnes=0)
    assert world.refusal("Allocation", message, key="ISSUER") == ("QuotaZero", {})


@pytest.mark.parametrize("tonnes", [-1_001, -(2**63)])
def test_allocate_is_refused_when_recall_exceeds_available(world: World, tonnes: int) -> None:
    quota(world)
    message = build(world, "Allocation", revision=2, tonnes=tonnes)
    refusal = world.refusal("Allocation", message, key="ISSUER")
    assert refusal == _insufficient(world, 1_000, -tonnes)


def test_allocate_is_refused_when_holding_cannot_hold_it(world: World) -> None:
    world.act("Cap", build(world, "Cap", tonnes=LARGEST), key="ISSUER")
    message = build(world, "Allocation", tonnes=2**40)
    refusal = world.refusal("Allocation", message, key="ISSUER")
    assert refusal == ("QuotaTooLarge", {"value": 2**40})
    assert world.act("Allocation", message | {"tonnes": 2**40 - 1}, key="ISSUER").events


def test_allocate_is_refused_when_account_does_not_hold(world: World) -> None:
    world.act("Cap", build(world, "Cap"), key="ISSUER")
    world.set_standing("ENTERPRISE1", 5)
    expected = {"id": world.ids["ENTERPRISE1"], "standing": 69, "wanted": 2}
    refusal = world.refusal("Allocation", build(world, "Allocation"), key="ISSUER")
    assert refusal == ("StandingMissing", expected)


def test_transfer_moves_available_when_sender_signs(world: World) -> None:
    quota(world)
    message = build(world, "Transfer")
    ((name, event),) = world.act("Transfer", message, key="ENTERPRISE1").events
    after = {"fromAfter": 900, "toAfter": 100}
    buckets = {"fromBucket": AVAILABLE, "toBucket": AVAILABLE}
    key = address_of(world.keys["ENTERPRISE1"])
    assert name == "QuotaMoved"
    assert event == told("Transfer", message, key=key, **after, **buckets)
    assert _holding(world) == (900, 0, 0, 0, 0, 1, 1, 1)
    assert _holding(world, "ENTERPRISE2") == (100, 0, 0, 0, 0, 0, 0, 0)
    assert _supply(world)[1] == 1_000


def test_transfer_is_refused_when_accounts_are_equal(world: World) -> None:
    quota(world)
    account = world.ids["ENTERPRISE1"]
    refusal = world.refusal("Transfer", build(world, "Transfer", to=account), key="ENTERPRISE1")
    assert refusal == ("AccountsEqual", {"account": account})


def test_transfer_is_refused_when_receiver_cannot_hold_it(world: World) -> None:
    world.act("Cap", build(world, "Cap", tonnes=LARGEST), key="ISSUER")
    for account in ("ENTERPRISE1", "ENTERPRISE2"):
        changes = {"tonnes": 2**40 - 1, "account": world.ids[account]}
        world.act("Allocation", build(world, "Allocation", **changes), key="ISSUER")
    refusal = world.refusal("Transfer", build(world, "Transfer", tonnes=1), key="ENTERPRISE1")
    assert refusal == ("QuotaTooLarge", {"value": 2**40})


@pytest.mark.parametrize(("changed", "standing", "wanted"), [("1", 3, 5), ("2", 5, 2)])
def test_transfer_is_refused_when_standing_is_missing(
    world: World, changed: str, standing: int, wanted: int
) -> None:
    quota(world)
    world.set_standing(f"ENTERPRISE{changed}", standing)
    identifier = world.ids[f"ENTERPRISE{changed}"]
    expected = {"id": identifier, "standing": 64 | standing, "wanted": wanted}
    refusal = world.refusal("Transfer", build(world, "Transfer"), key="ENTERPRISE1")
    assert refusal == ("StandingMissing", expected)


def test_cancel_moves_available_to_spent_when_holder_signs(world: World) -> None:
    quota(world)
    message = build(world, "Cancellation")
    ((name, event),) = world.act("Cancellation", message, key="ENTERPRISE1").events
    key = address_of(world.keys["ENTERPRISE1"])
    after = {"availableAfter": 990, "spentAfter": 10}
    assert name == "QuotaCancelled"
    assert event == told("Cancellation", message, key=key, **after)
    assert _holding(world) == (990, 0, 0, 0, 10, 1, 1, 1)


@pytest.mark.parametrize("kind", ["Transfer", "Surrender", "Cancellation"])
def test_move_is_refused_when_amount_is_zero(world: World, kind: str) -> None:
    quota(world, due=True)
    refusal = world.refusal(kind, build(world, kind, tonnes=0), key="ENTERPRISE1")
    assert refusal == ("QuotaZero", {})


@pytest.mark.parametrize("kind", ["Transfer", "Surrender", "Cancellation"])
def test_move_is_refused_when_it_exceeds_available(world: World, kind: str) -> None:
    quota(world, strict=False)
    refusal = world.refusal(kind, build(world, kind, tonnes=1_001), key="ENTERPRISE1")
    assert refusal == _insufficient(world, 1_000, 1_001)
    assert world.act(kind, build(world, kind, tonnes=1_000), key="ENTERPRISE1").events


@pytest.mark.parametrize(
    ("kind", "participant", "wanted"),
    [
        ("Cap", "REGULATOR", "ISSUE"),
        ("Rule", "REGULATOR", "ISSUE"),
        ("Allocation", "REGULATOR", "ISSUE"),
        ("Transfer", "ENTERPRISE1", "MOVE"),
        ("Surrender", "ENTERPRISE1", "MOVE"),
        ("Cancellation", "ENTERPRISE1", "MOVE"),
    ],
)
def test_act_is_refused_when_key_lacks_the_right(
    world: World, kind: str, participant: str, wanted: str
) -> None:
    world.keys["CLERK"] = key_named("added")
    changes = {"participant": world.ids[participant], "rights": rights("CUSTODIAL")}
    world.act("KeyAddition", build(world, "KeyAddition", **changes), key=participant)
    expected = {
        "participant": world.ids[participant],
        "key": address_of(world.keys["CLERK"]),
        "rights": RIGHTS["CUSTODIAL"],
        "wanted": RIGHTS[wanted],
    }
    refusal = world.refusal(kind, build(world, kind), key="CLERK")
    assert refusal == ("KeyRightMissing", expected)


def _nonce(world: World, kind: str, nonce: int) -> dict[str, Any]:
    return build(world, kind, nonce=nonce, tonnes=1)


@pytest.mark.parametrize("kind", ["Transfer", "Surrender", "Cancellation"])
def test_move_is_refused_when_it_is_sent_twice(world: World, kind: str) -> None:
    quota(world, strict=False)
    message = build(world, kind)
    world.act(kind, message, key=SIGNERS[kind])
    expected = {"account": world.ids["ENTERPRISE1"], "asset": ASSET, "nonce": 1}
    assert world.refusal(kind, message, key=SIGNERS[kind]) == ("NonceUsed", expected)


@pytest.mark.parametrize(
    ("used", "nonce"),
    [([], 0), ([], 17), ([], 2**24 - 1), ([5], 0), ([16, 32], 16), ([16], 33), ([16, 32], 49)],
)
def test_move_is_refused_when_nonce_is_out_of_window(
    world: World, used: list[int], nonce: int
) -> None:
    quota(world)
    for before in used:
        world.act("Transfer", _nonce(world, "Transfer", before), key="ENTERPRISE1")
    top = max(used, default=0)
    holding = {"account": world.ids["ENTERPRISE1"], "asset": ASSET}
    refusal = world.refusal("Transfer", _nonce(world, "Transfer", nonce), key="ENTERPRISE1")
    assert refusal == ("NonceOutOfWindow", holding | {"nonce": nonce, "top": top})


def test_move_succeeds_once_when_sixteen_nonces_come_in_any_order(world: World) -> None:
    quota(world)
    order = [7, 16, 1, 3, 2, 15, 8, 14, 4, 9, 13, 5, 12, 6, 11, 10]
    for nonce in order:
        world.act("Transfer", _nonce(world, "Transfer", nonce), key="ENTERPRISE1")
    for nonce in order:
        message = _nonce(world, "Transfer", nonce)
        assert world.refusal("Transfer", message, key="ENTERPRISE1")[0] == "NonceUsed"
    assert _holding(world) == (984, 0, 0, 0, 0, 1, 16, 0xFFFF)


@pytest.mark.parametrize(
    ("used", "top", "window"),
    [([16], 16, 1), ([1, 2], 2, 3), ([1, 16], 16, 1 << 15 | 1), ([1, 17], 17, 1)],
)
def test_move_keeps_window_behind_greatest_nonce_when_it_grows(
    world: World, used: list[int], top: int, window: int
) -> None:
    quota(world)
    for nonce in used:
        world.act("Transfer", _nonce(world, "Transfer", nonce), key="ENTERPRISE1")
    assert _holding(world)[6:] == (top, window)


def test_move_counts_nonces_of_each_asset_when_account_holds_two(world: World) -> None:
    quota(world)
    other = ASSET + 1
    world.act("Cap", build(world, "Cap", asset=other), key="ISSUER")
    world.act("Allocation", build(world, "Allocation", asset=other), key="ISSUER")
    world.act("Transfer", build(world, "Transfer"), key="ENTERPRISE1")
    assert world.act("Transfer", build(world, "Transfer", asset=other), key="ENTERPRISE1").events


def _movable(world: World) -> bytes:
    identifiers = world.contracts["Identifiers"]
    movable = world.deploy("MovableQuotas", ["address"], [identifiers]).created
    world.contracts["Quotas"] = movable
    quota(world)
    return movable


def _move(world: World, movable: bytes, *values: Any) -> Any:
    types = ["bytes32", "uint8", "bytes32", "uint8", "uint64", "uint256"]
    selector = keccak(text=f"move({','.join(types)})")[:4]
    return world.evm.send(movable, selector + encode(types, values), gas=10**6)


def test_move_bucket_keeps_all_others_when_each_pair_is_tried(world: World) -> None:
    movable = _movable(world)
    account = world.ids["ENTERPRISE1"]
    for bucket in range(1, 5):
        _move(world, movable, account, AVAILABLE, account, bucket, ASSET, 10 * bucket)
    assert _holding(world) == (900, 10, 20, 30, 40, 1, 0, 0)
    _move(world, movable, account, BUCKETS["FROZEN"], account, BUCKETS["FROZEN"], ASSET, 30)
    _move(world, movable, account, BUCKETS["TRADING"], account, AVAILABLE, ASSET, 10)
    assert _holding(world) == (910, 0, 20, 30, 40, 1, 0, 0)


def test_move_bucket_is_refused_when_it_would_leave_spent(world: World) -> None:
    movable = _movable(world)
    account = world.ids["ENTERPRISE1"]
    with pytest.raises(Reverted) as caught:
        _move(world, movable, account, SPENT, account, AVAILABLE, ASSET, 1)
    assert decode_refusal(caught.value.output) == ("BucketWrong", {"bucket": SPENT})


def test_oblige_is_refused_when_caller_is_a_stranger(world: World) -> None:
    stranger = address_of(key_named("stranger"))
    values = world.ids["MODULE"], world.ids["ENTERPRISE1"], YEAR, 1, 1, digest("cause")
    data = call_data("Quotas", "oblige", *values)
    refusal = world.call_refusal(world.contracts["Quotas"], data, sender=stranger)
    never = {"validFrom": 0, "validUntil": 0, "compromisedSince": 0}
    expected = {"participant": world.ids["MODULE"], "key": stranger, **never}
    assert refusal == ("KeyNotValid", expected)
