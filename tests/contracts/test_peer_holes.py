"""Holes found in other carbon ledgers and attestation contracts, each tried on ours.

The first words of a docstring name the peer and its hole.
"""

from typing import Any

import pytest

from identity.errors import MessageMalformed
from identity.typed_data import encode_data
from ledger.chain.bindings import INSTRUMENTS, KINDS, MESSAGES, RIGHTS
from tests.contracts.acts import act_id, address_of
from tests.contracts.builders import (
    ASSET,
    PERIOD,
    SIGNERS,
    YEAR,
    build,
    confirm,
    figure,
    quota,
    ready,
)
from tests.contracts.world import World, key_named

GAS_SLACK = 3_000  # a nonce or an amount may have more bytes that are not zero


def _holding(world: World, name: str) -> Any:
    return world.view("Quotas", "holdingOf", world.ids[name], ASSET)


def _head(world: World, period: int = PERIOD) -> bytes:
    head: bytes = world.view("Emissions", "headOf", world.ids["FACILITY1"], period)[0]
    return head


def test_edit_row_contradicts_the_chain_when_its_id_is_recomputed(world: World) -> None:
    """UNDP registry: the "hash" of a row is a sequence number, so an edit shows nowhere."""
    report = build(world, "Report")
    world.act("Report", report, key="ENTERPRISE1")
    assert act_id("Report", report) == _head(world)
    edited = report | {"directGrams": report["directGrams"] - 1}
    assert act_id("Report", edited) != _head(world)


def test_report_is_refused_when_the_emitter_did_not_sign_it(world: World) -> None:
    """Blockchain carbon accounting: the emitter of a token is any number, without a signature."""
    for stranger in ("REGULATOR", "VERIFIER", "PARK", "ENTERPRISE2"):
        name, facts = world.refusal("Report", build(world, "Report"), key=stranger)
        assert (name, facts["participant"]) == ("KeyNotValid", world.ids["ENTERPRISE1"])


def test_confirm_figure_is_refused_when_it_is_made_twice(world: World) -> None:
    """Blockchain carbon accounting: one audited record is issued twice, as two tokens."""
    messages = figure(world, "Confirmation")
    shown = messages["Statement"]
    world.act("Confirmation", messages["Confirmation"], key="REGULATOR", shown=shown)
    again = messages["Confirmation"] | {"deadline": 3_999_999_999}
    for message, error in (
        (messages["Confirmation"], "ActAlreadyMade"),
        (again, "FigureOutOfDate"),
    ):
        assert world.refusal("Confirmation", message, key="REGULATOR", shown=shown)[0] == error
    assert world.view("Quotas", "obligationOf", world.ids["ENTERPRISE1"], YEAR)[3] == 1


def test_set_rule_is_refused_when_its_window_is_reversed(world: World) -> None:
    """Blockchain carbon accounting: a period that ends before it begins is accepted."""
    rule = build(world, "Rule", firstVintage=2024, lastVintage=2023)
    assert world.refusal("Rule", rule, key="ISSUER") == (
        "IntervalBad",
        {"from": 2024, "until": 2023},
    )


@pytest.mark.parametrize("kind", ["Allocation", "Transfer", "Surrender", "Cancellation"])
def test_move_quota_is_refused_when_it_is_nothing(world: World, kind: str) -> None:
    """Blockchain carbon accounting: a quantity of 0 is issued."""
    message, shown = ready(world, kind)
    refusal = world.refusal(kind, message | {"tonnes": 0}, key=SIGNERS[kind], shown=shown)
    assert refusal == ("QuotaZero", {})


def test_allocate_raises_issued_and_balance_when_quota_comes_into_being(world: World) -> None:
    """Blockchain carbon accounting: mint() raises balances and not the total issued."""
    quota(world)
    assert world.view("Quotas", "supplyOf", ASSET)[1] == sum(_holding(world, "ENTERPRISE1")[:5])


def test_end_key_works_when_its_giver_ends_it(world: World) -> None:
    """Blockchain carbon accounting: who registers an industry can never take it back."""
    world.keys["added"] = key_named("added")
    world.act("KeyAddition", build(world, "KeyAddition"), key="ENTERPRISE1")
    ending = build(world, "KeyEnding", endedKey=address_of(world.keys["added"]))
    assert world.act("KeyEnding", ending, key="ENTERPRISE1").events


def test_register_is_refused_when_the_tree_is_anothers(world: World) -> None:
    """Blockchain carbon accounting: any dealer registers. Origin: anyone issues any topic."""
    changes = {"parent": world.ids["ROOT"], "kind": KINDS["VERIFIER"], "label": "VER.9"}
    message = build(world, "Registration", **changes)
    for name in ("PARK", "ENTERPRISE1", "VERIFIER", "REGULATOR"):
        assert world.refusal("Registration", message, key=name)[0] == "KeyNotValid"


def test_allocate_is_refused_when_the_receiver_signs_it(world: World) -> None:
    """Blockchain carbon accounting: an offset dealer issues a billion offsets to itself."""
    quota(world)
    message = build(world, "Allocation", revision=2, tonnes=1)
    assert world.refusal("Allocation", message, key="ENTERPRISE1")[0] == "KeyNotValid"
    own = message | {"authority": world.ids["ENTERPRISE1"]}
    expected = ("KeyRightMissing", RIGHTS["ISSUE"])
    name, facts = world.refusal("Allocation", own, key="ENTERPRISE1")
    assert (name, facts["wanted"]) == expected


def test_correct_figure_works_when_it_was_confirmed(world: World) -> None:
    """Blockchain carbon accounting: an audited record can be neither revoked nor corrected."""
    messages = figure(world, "Reopening")
    shown, reopening = messages["Confirmation"], messages["Reopening"]
    world.act("Reopening", reopening, key="REGULATOR", shown=shown)
    changes = {"follows": act_id("Reopening", reopening), "directGrams": 1}
    corrected = build(world, "Report", **changes)
    world.act("Report", corrected, key="ENTERPRISE1")
    assert _head(world) == act_id("Report", corrected)


def test_encode_evidence_is_refused_when_its_root_is_of_md5() -> None:
    """Blockchain carbon accounting: evidence is pinned with MD5."""
    md5: dict[str, object] = {"root": bytes(16), "facility": bytes(32), "follows": bytes(32)}
    numbers = {"period": PERIOD, "month": PERIOD + 1, "leaves": 1, "deadline": 1}
    with pytest.raises(MessageMalformed) as raised:
        encode_data(MESSAGES["Evidence"]["fields"], md5 | numbers)
    assert "root" in str(raised.value)


def test_transfer_is_refused_when_quota_was_recalled_or_spent(world: World) -> None:
    """Energy Web Origin: a revoked certificate still transfers."""
    quota(world, strict=False)
    recall = build(world, "Allocation", tonnes=-500, revision=2)
    world.act("Allocation", recall, key="ISSUER")
    world.act("Cancellation", build(world, "Cancellation", tonnes=500), key="ENTERPRISE1")
    transfer = build(world, "Transfer", tonnes=1, nonce=2)
    name, facts = world.refusal("Transfer", transfer, key="ENTERPRISE1")
    assert (name, facts["have"], facts["want"]) == ("QuotaInsufficient", 0, 1)


def test_transfer_is_refused_when_the_sender_is_suspended(world: World) -> None:
    """Energy Web Origin: the rule lives in the client's façade, the contract does not know it."""
    quota(world)
    world.set_standing("ENTERPRISE1", 3)
    name, facts = world.refusal("Transfer", build(world, "Transfer"), key="ENTERPRISE1")
    assert (name, facts["standing"] & 7) == ("StandingMissing", 3)


def test_report_has_the_same_id_when_it_comes_in_another_block(world: World) -> None:
    """EAS: the id depends on the block's time, so that a retry makes a second record."""
    report = build(world, "Report")
    world.evm.pause_seconds = 3_600
    ((_, event),) = world.act("Report", report, key="ENTERPRISE1").events
    assert event["id"] == act_id("Report", report)
    world.evm.pause_seconds = 3_600
    expected = ("ActAlreadyMade", {"id": event["id"]})
    assert world.refusal("Report", report, key="ENTERPRISE1") == expected


def test_transfer_works_when_the_one_before_was_lost(world: World) -> None:
    """EAS: nonces must come in order, so that one lost message blocks all behind it."""
    quota(world)
    for nonce in (3, 1):
        transfer = build(world, "Transfer", tonnes=1, nonce=nonce)
        assert world.act("Transfer", transfer, key="ENTERPRISE1").events


def test_report_is_refused_when_a_stranger_writes_it(world: World) -> None:
    """2CLabs: checkOperator() gives a bool that nobody looks at, so that a stranger writes."""
    world.keys["STRANGER"] = key_named("stranger")
    assert world.refusal("Report", build(world, "Report"), key="STRANGER")[0] == "KeyNotValid"
    assert _head(world) == bytes(32)


def test_report_stays_when_another_period_is_reported(world: World) -> None:
    """2CLabs: a counter never counts, so that every record overwrites the first."""
    reports = [build(world, "Report", period=PERIOD + 100 * year) for year in (0, 1)]
    for report in reports:
        world.act("Report", report, key="ENTERPRISE1")
    heads = [_head(world, report["period"]) for report in reports]
    assert heads == [act_id("Report", report) for report in reports]


@pytest.mark.parametrize(
    "kind", ["Statement", "Confirmation", "Cap", "Rule", "Allocation", "StandingChange"]
)
def test_approve_is_refused_when_the_enterprise_does_it_itself(world: World, kind: str) -> None:
    """WeBank: nobody's role is looked at when emissions are approved or quota is granted."""
    message, shown = ready(world, kind)
    assert world.refusal(kind, message, key="ENTERPRISE1", shown=shown)[0] == "KeyNotValid"


def test_transfer_is_refused_when_more_goes_than_is_there(world: World) -> None:
    """WeBank: the balance is not looked at, and the subtraction wraps."""
    quota(world)
    for tonnes in (1_001, 2**40, 2**64 - 1):
        transfer = build(world, "Transfer", tonnes=tonnes)
        name, facts = world.refusal("Transfer", transfer, key="ENTERPRISE1")
        assert (name, facts["have"], facts["want"]) == ("QuotaInsufficient", 1_000, tonnes)


def test_transfer_is_refused_when_the_buyer_names_the_sender(world: World) -> None:
    """WeBank: the seller is an argument of the buyer's call."""
    quota(world)
    assert world.refusal("Transfer", build(world, "Transfer"), key="ENTERPRISE2")[0] == (
        "KeyNotValid"
    )


def test_transfer_takes_from_one_what_it_gives_when_it_works(world: World) -> None:
    """WeBank: what is offered is never taken off, so that quota has no end."""
    quota(world)
    world.act("Transfer", build(world, "Transfer", tonnes=100), key="ENTERPRISE1")
    names = ("ENTERPRISE1", "ENTERPRISE2")
    assert [_holding(world, name)[0] for name in names] == [900, 100]


def test_report_costs_the_same_when_there_are_more_enterprises(world: World) -> None:
    """WeBank: every call walks through all enterprises and records."""
    before = world.act("Report", build(world, "Report"), key="ENTERPRISE1").gas
    for number in range(3, 23):
        world.register("PREFIX", f"E{number}", f"E.{number}", kind="ENTERPRISE", owner="PARK")
    facility = world.ids["FACILITY2"]
    other = world.act("Report", build(world, "Report", facility=facility), key="ENTERPRISE2")
    assert abs(other.gas - before) < GAS_SLACK


def test_cancel_costs_the_same_when_much_was_cancelled(world: World) -> None:
    """Guardian: serial numbers are compared with all others, in two loops."""
    quota(world)
    gas = [
        world.act(
            "Cancellation", build(world, "Cancellation", tonnes=1, nonce=nonce), key="ENTERPRISE1"
        ).gas
        for nonce in range(1, 25)
    ]
    assert abs(gas[-1] - gas[1]) < GAS_SLACK


def test_confirm_is_refused_when_one_key_judges_alone(world: World) -> None:
    """Guardian: the oracle believes one operator's key."""
    messages = figure(world, "Confirmation")
    shown = messages["Statement"]
    confirmation = messages["Confirmation"]
    refusal = world.refusal("Confirmation", confirmation, key="VERIFIER", shown=shown)
    assert refusal[0] == "KeyNotValid"
    statement = build(world, "Statement", follows=confirmation["follows"])
    assert world.refusal("Statement", statement, key="REGULATOR")[0] == "KeyNotValid"


def test_allocate_is_refused_when_the_lot_is_used_up(world: World) -> None:
    """CADT: serial blocks are free texts that may overlap; here a block is a lot with its cap."""
    lot = INSTRUMENTS["CCER"] << 56 | YEAR << 40 | 7
    world.act("Cap", build(world, "Cap", asset=lot, tonnes=100), key="ISSUER")
    world.act("Allocation", build(world, "Allocation", asset=lot, tonnes=100), key="ISSUER")
    enterprise = world.ids["ENTERPRISE2"]
    again = build(world, "Allocation", asset=lot, tonnes=1, account=enterprise)
    expected = {"asset": lot, "cap": 100, "wanted": 101}
    assert world.refusal("Allocation", again, key="ISSUER") == ("CapExceeded", expected)
    other = build(world, "Allocation", asset=lot + 1, tonnes=1, account=enterprise)
    assert world.refusal("Allocation", other, key="ISSUER")[0] == "CapExceeded"


def test_surrender_is_refused_when_the_obligation_is_anothers(world: World) -> None:
    """WeBank: credits of one enterprise are cleared by a call of any other."""
    quota(world)
    confirm(world)
    message = build(world, "Surrender", account=world.ids["ENTERPRISE1"])
    refusal = world.refusal("Surrender", message, key="ENTERPRISE2")
    assert refusal[0] == "KeyNotValid"
