"""Keys: who may add and end them, from when to when they hold, and what they may do."""

from typing import Any

import pytest

from ledger.chain.bindings import RIGHTS, SCHEMES
from tests.contracts.acts import address_of, sign, verb_data
from tests.contracts.builders import build
from tests.contracts.world import FOREVER, RECOVERY_DELAY, World, key_named, rights, told

ADDED = key_named("added")
ADDRESS = address_of(ADDED)


@pytest.fixture(autouse=True)
def _added(world: World) -> None:
    """The new key is ours, so that it can prove itself and sign."""
    world.keys["ADDED"] = ADDED


def _slot(world: World, participant: str, key: bytes) -> Any:
    return world.view("Identifiers", "keyOf", world.ids[participant], key)


def _refused(world: World, message: dict[str, Any], key: str = "ENTERPRISE1") -> Any:
    return world.refusal("KeyAddition", message, key=key)


def test_add_key_tells_and_keeps_it_when_person_rotates(world: World) -> None:
    message, now = build(world, "KeyAddition"), world.evm.next_time
    ((name, event),) = world.act("KeyAddition", message, key="ENTERPRISE1").events
    signer = address_of(world.keys["ENTERPRISE1"])
    assert name == "KeyAdded"
    assert event == told("KeyAddition", message, key=signer, effectiveFrom=now)
    expected = (now, FOREVER, 0, 1, rights("REPORT", "CUSTODIAL"), 0)
    assert _slot(world, "ENTERPRISE1", ADDRESS) == expected


def test_add_key_keeps_given_times_when_they_lie_ahead(world: World) -> None:
    start = world.evm.next_time + 10
    message = build(world, "KeyAddition", validFrom=start, validUntil=start + 1)
    ((_, event),) = world.act("KeyAddition", message, key="ENTERPRISE1").events
    assert event["effectiveFrom"] == start
    assert _slot(world, "ENTERPRISE1", ADDRESS)[:2] == (start, start + 1)


def test_add_key_sets_keyed_when_it_is_the_first(world: World) -> None:
    world.register("PREFIX", "NEW", "ENT.9", kind="ENTERPRISE", owner="PARK")
    assert world.view("Identifiers", "entryOf", world.ids["NEW"])[2] == 1
    message = build(world, "KeyAddition", participant=world.ids["NEW"])
    world.act("KeyAddition", message, key="PARK")
    assert world.view("Identifiers", "entryOf", world.ids["NEW"])[2] == 65


def test_add_key_succeeds_when_owner_waits_for_recovery_delay(world: World) -> None:
    start = world.evm.next_time + RECOVERY_DELAY
    message = build(world, "KeyAddition", person=2, validFrom=start)
    assert world.act("KeyAddition", message, key="PARK").events
    assert _slot(world, "ENTERPRISE1", ADDRESS)[0] == start


@pytest.mark.parametrize("person", [1, 2])
def test_add_key_is_refused_when_owner_does_not_wait(world: World, person: int) -> None:
    start = world.evm.next_time + RECOVERY_DELAY - 1
    message = build(world, "KeyAddition", person=person, validFrom=start)
    expected = {"from": start, "until": FOREVER}
    assert _refused(world, message, "PARK") == ("IntervalBad", expected)


def test_add_key_is_refused_when_owner_of_keyed_wants_it_at_once(world: World) -> None:
    expected = {"from": world.evm.next_time, "until": FOREVER}
    assert _refused(world, build(world, "KeyAddition"), "PARK") == ("IntervalBad", expected)


def test_add_key_is_refused_when_other_person_of_participant_gives_it(world: World) -> None:
    key = address_of(world.keys["ENTERPRISE1"])
    expected = {"participant": world.ids["PARK"], "key": key, **_never()}
    message = build(world, "KeyAddition", person=2)
    assert _refused(world, message) == ("KeyNotValid", expected)


def _never() -> dict[str, int]:
    return {"validFrom": 0, "validUntil": 0, "compromisedSince": 0}


def test_add_key_is_refused_when_owner_key_lacks_register(world: World) -> None:
    world.register("ROOT", "FOREIGN", "ENT.9", kind="ENTERPRISE", owner="VERIFIER")
    message = build(world, "KeyAddition", participant=world.ids["FOREIGN"], rights=0)
    expected = {
        "participant": world.ids["VERIFIER"],
        "key": address_of(world.keys["VERIFIER"]),
        "rights": RIGHTS["ATTEST"],
        "wanted": RIGHTS["REGISTER"],
    }
    assert _refused(world, message, "VERIFIER") == ("KeyRightMissing", expected)


def test_add_key_is_refused_when_participant_is_suspended(world: World) -> None:
    world.set_standing("ENTERPRISE1", 2)
    expected = {"id": world.ids["ENTERPRISE1"], "standing": 66, "wanted": 1}
    assert _refused(world, build(world, "KeyAddition")) == ("StandingMissing", expected)


def test_add_key_is_refused_when_participant_is_unknown(world: World) -> None:
    message = build(world, "KeyAddition", participant=b"\x01" * 32)
    assert _refused(world, message) == ("IdentifierUnknown", {"id": b"\x01" * 32})


@pytest.mark.parametrize(("start", "length"), [(-1, 10), (0, 0), (5, 0), (5, -1)])
def test_add_key_is_refused_when_interval_is_bad(world: World, start: int, length: int) -> None:
    begin = world.evm.next_time + start
    message = build(world, "KeyAddition", validFrom=begin, validUntil=begin + length)
    expected = {"from": begin, "until": begin + length}
    assert _refused(world, message) == ("IntervalBad", expected)


def test_add_key_is_refused_when_it_ends_before_it_begins_at_once(world: World) -> None:
    now = world.evm.next_time
    message = build(world, "KeyAddition", validUntil=now)
    assert _refused(world, message) == ("IntervalBad", {"from": now, "until": now})


def test_add_key_is_refused_when_it_was_added(world: World) -> None:
    message = build(world, "KeyAddition")
    world.act("KeyAddition", message, key="ENTERPRISE1")
    expected = {"participant": world.ids["ENTERPRISE1"], "key": ADDRESS}
    assert _refused(world, message) == ("KeyAlreadyAdded", expected)


def _refused_with_proof(world: World, message: dict[str, Any], proof: bytes) -> Any:
    contract = world.contracts["Identifiers"]
    signature = sign("KeyAddition", message, key=world.keys["ENTERPRISE1"], contract=contract)
    return world.call_refusal(contract, verb_data("KeyAddition", message, proof, signature))


def test_add_key_is_refused_when_another_key_proves(world: World) -> None:
    message, other = build(world, "KeyAddition"), key_named("other")
    proof = sign("KeyAddition", message, key=other, contract=world.contracts["Identifiers"])
    expected = {"key": ADDRESS, "recovered": address_of(other)}
    assert _refused_with_proof(world, message, proof) == ("KeyProofWrong", expected)


def test_add_key_is_refused_when_it_has_no_proof(world: World) -> None:
    expected = {"key": ADDRESS, "recovered": bytes(20)}
    message = build(world, "KeyAddition")
    assert _refused_with_proof(world, message, b"") == ("KeyProofWrong", expected)


@pytest.mark.parametrize("scheme", [2, 3, 255])
def test_add_key_is_refused_when_scheme_has_no_contract(world: World, scheme: int) -> None:
    message = build(world, "KeyAddition", scheme=scheme)
    expected = {"key": ADDRESS, "recovered": bytes(20)}
    assert _refused(world, message) == ("KeyProofWrong", expected)


def test_add_key_needs_no_proof_when_it_is_a_contract(world: World) -> None:
    contract = world.contracts["Quotas"]
    message = build(world, "KeyAddition", addedKey=contract, scheme=SCHEMES["CONTRACT"])
    assert world.act("KeyAddition", message, key="ENTERPRISE1").events
    assert _slot(world, "ENTERPRISE1", contract)[5] == SCHEMES["CONTRACT"]


def test_add_key_records_device_when_curve_is_another(world: World) -> None:
    world.register("PREFIX1", "METER", "MTR.1", kind="METER", owner="ENTERPRISE1")
    changes = {"participant": world.ids["METER"], "scheme": 1, "rights": 0}
    message = build(world, "KeyAddition", **changes)
    assert world.act("KeyAddition", message, key="ENTERPRISE1").events
    assert _slot(world, "METER", ADDRESS)[5] == SCHEMES["OTHER_CURVE"]


@pytest.mark.parametrize("scheme", [0, 2])
def test_add_key_is_refused_when_signing_key_is_no_participants(world: World, scheme: int) -> None:
    message = build(world, "KeyAddition", participant=world.ids["FACILITY1"], scheme=scheme)
    expected = {"id": world.ids["FACILITY1"], "kind": 6}
    assert _refused(world, message) == ("IdentifierKindWrong", expected)


def test_sign_with_device_key_is_refused_when_it_would_be_in_time(world: World) -> None:
    message = build(world, "KeyAddition", scheme=1)
    world.act("KeyAddition", message, key="ENTERPRISE1")
    start = _slot(world, "ENTERPRISE1", ADDRESS)[0]
    times = {"validFrom": start, "validUntil": FOREVER, "compromisedSince": 0}
    expected = {"participant": world.ids["ENTERPRISE1"], "key": ADDRESS, **times}
    refusal = world.refusal("Report", build(world, "Report"), key="ADDED")
    assert refusal == ("KeyNotValid", expected)


@pytest.mark.parametrize("given", [rights("ISSUE"), rights("REPORT", "ATTEST"), 1 << 13, 1 << 15])
def test_add_key_is_refused_when_rights_are_not_the_givers(world: World, given: int) -> None:
    expected = {
        "participant": world.ids["ENTERPRISE1"],
        "key": address_of(world.keys["ENTERPRISE1"]),
        "rights": rights("REGISTER", "REPORT", "MOVE"),
        "wanted": given,
    }
    message = build(world, "KeyAddition", rights=given | RIGHTS["CUSTODIAL"])
    assert _refused(world, message) == ("KeyRightMissing", expected)


def test_add_key_takes_caller_as_giver_and_proof_when_it_carries_itself(world: World) -> None:
    message, giver = build(world, "KeyAddition"), world.keys["ENTERPRISE1"]
    proof = sign("KeyAddition", message, key=ADDED, contract=world.contracts["Identifiers"])
    data = verb_data("KeyAddition", message, proof, b"")
    told_ = world.send(world.contracts["Identifiers"], data, sender=giver)
    assert told_.events[0][1]["key"] == address_of(giver)


def _ending(world: World, **changes: Any) -> dict[str, Any]:
    return build(world, "KeyEnding", **changes)


@pytest.mark.parametrize(("signer", "ahead"), [("ENTERPRISE1", 0), ("PARK", 0), ("PARK", 100)])
def test_end_key_retires_it_when_own_key_or_owner_signs(
    world: World, signer: str, ahead: int
) -> None:
    now = world.evm.next_time
    message = _ending(world, time=now + ahead if ahead else 0)
    ((name, event),) = world.act("KeyEnding", message, key=signer).events
    key = address_of(world.keys[signer])
    assert name == "KeyEnded"
    assert event == told("KeyEnding", message, key=key, effectiveTime=now + ahead)
    ended = address_of(world.keys["ENTERPRISE1"])
    assert _slot(world, "ENTERPRISE1", ended)[1] == now + ahead


def test_end_key_reports_compromise_when_time_is_past(world: World) -> None:
    now = world.evm.next_time
    message = _ending(world, time=now - 10, isCompromised=True)
    ((_, event),) = world.act("KeyEnding", message, key="ENTERPRISE1").events
    assert (event["effectiveTime"], event["isCompromised"]) == (now - 10, True)
    ended = address_of(world.keys["ENTERPRISE1"])
    assert _slot(world, "ENTERPRISE1", ended)[1:3] == (FOREVER, now - 10)
    earlier = _ending(world, time=now - 20, isCompromised=True)
    assert world.act("KeyEnding", earlier, key="PARK").events


def test_end_key_stops_false_person_when_it_has_not_begun(world: World) -> None:
    start = world.evm.next_time + RECOVERY_DELAY
    world.act("KeyAddition", build(world, "KeyAddition", validFrom=start), key="PARK")
    world.act("KeyEnding", _ending(world, endedKey=ADDRESS), key="ENTERPRISE1")
    world.evm.pause_seconds = 2 * RECOVERY_DELAY
    times = {"validFrom": start, "validUntil": world.evm.head.timestamp, "compromisedSince": 0}
    expected = {"participant": world.ids["ENTERPRISE1"], "key": ADDRESS, **times}
    refusal = world.refusal("Report", build(world, "Report"), key="ADDED")
    assert refusal == ("KeyNotValid", expected)


def test_end_key_is_refused_when_key_was_never_added(world: World) -> None:
    expected = {"participant": world.ids["ENTERPRISE1"], "key": ADDRESS, **_never()}
    refusal = world.refusal("KeyEnding", _ending(world, endedKey=ADDRESS), key="ENTERPRISE1")
    assert refusal == ("KeyNotValid", expected)


def test_end_key_is_refused_when_participant_is_unknown(world: World) -> None:
    message = _ending(world, participant=b"\x01" * 32)
    refusal = world.refusal("KeyEnding", message, key="ENTERPRISE1")
    assert refusal == ("IdentifierUnknown", {"id": b"\x01" * 32})


def test_end_key_is_refused_when_stranger_signs(world: World) -> None:
    key = address_of(world.keys["ENTERPRISE2"])
    expected = {"participant": world.ids["PARK"], "key": key, **_never()}
    refusal = world.refusal("KeyEnding", _ending(world), key="ENTERPRISE2")
    assert refusal == ("KeyNotValid", expected)


@pytest.mark.parametrize(("ahead", "is_compromised"), [(-1, False), (1, True)])
def test_end_key_is_refused_when_time_is_on_the_wrong_side(
    world: World, ahead: int, is_compromised: bool
) -> None:
    time = world.evm.next_time + ahead
    message = _ending(world, time=time, isCompromised=is_compromised)
    refusal = world.refusal("KeyEnding", message, key="ENTERPRISE1")
    assert refusal == ("IntervalBad", {"from": time, "until": FOREVER})


def test_end_key_is_refused_when_retirement_is_not_earlier(world: World) -> None:
    time = world.evm.next_time + 100
    world.act("KeyEnding", _ending(world, time=time), key="PARK")
    refusal = world.refusal("KeyEnding", _ending(world, time=time), key="PARK")
    assert refusal == ("IntervalBad", {"from": time, "until": time})


@pytest.mark.parametrize("time", [0, -10])
def test_end_key_is_refused_when_compromise_is_not_earlier(world: World, time: int) -> None:
    since = world.evm.next_time - 10
    first = _ending(world, time=since, isCompromised=True)
    world.act("KeyEnding", first, key="PARK")
    message = _ending(world, time=since if time else 0, isCompromised=True)
    refusal = world.refusal("KeyEnding", message, key="PARK")
    assert refusal == ("IntervalBad", {"from": message["time"], "until": FOREVER})


def test_sign_with_compromised_key_is_refused_when_its_date_is_past(world: World) -> None:
    key, since = address_of(world.keys["ENTERPRISE1"]), world.evm.next_time - 5
    start = _slot(world, "ENTERPRISE1", key)[0]
    world.act("KeyEnding", _ending(world, time=since, isCompromised=True), key="PARK")
    times = {"validFrom": start, "validUntil": FOREVER, "compromisedSince": since}
    expected = {"participant": world.ids["ENTERPRISE1"], "key": key, **times}
    refusal = world.refusal("Report", build(world, "Report"), key="ENTERPRISE1")
    assert refusal == ("KeyNotValid", expected)


@pytest.mark.parametrize(("ahead", "is_valid"), [(0, True), (99, True), (100, False)])
def test_sign_with_key_follows_its_interval_when_block_is_at_an_edge(
    world: World, ahead: int, is_valid: bool
) -> None:
    start = world.evm.next_time + 50
    message = build(world, "KeyAddition", validFrom=start, validUntil=start + 100)
    world.act("KeyAddition", message, key="ENTERPRISE1")
    world.evm.pause_seconds = start + ahead - world.evm.head.timestamp
    values = world.ids["ENTERPRISE1"], ADDRESS, RIGHTS["REPORT"]
    if is_valid:
        assert world.view("Identifiers", "requireKey", *values) == 1
        return
    times = {"validFrom": start, "validUntil": start + 100, "compromisedSince": 0}
    expected = {"participant": world.ids["ENTERPRISE1"], "key": ADDRESS, **times}
    refusal = world.view_refusal("Identifiers", "requireKey", *values)
    assert refusal == ("KeyNotValid", expected)


def test_sign_with_key_is_refused_when_it_begins_in_the_next_block(world: World) -> None:
    start = world.evm.next_time + 2
    message = build(world, "KeyAddition", validFrom=start)
    world.act("KeyAddition", message, key="ENTERPRISE1")
    times = {"validFrom": start, "validUntil": FOREVER, "compromisedSince": 0}
    expected = {"participant": world.ids["ENTERPRISE1"], "key": ADDRESS, **times}
    refusal = world.refusal("Report", build(world, "Report"), key="ADDED")
    assert refusal == ("KeyNotValid", expected)


def test_ask_validity_answers_by_interval_when_key_is_retired_and_compromised(
    world: World,
) -> None:
    start = world.evm.next_time + 100
    message = build(world, "KeyAddition", validFrom=start, validUntil=start + 100)
    world.act("KeyAddition", message, key="ENTERPRISE1")

    def valid(time: int) -> Any:
        return world.view("Identifiers", "isValidAt", world.ids["ENTERPRISE1"], ADDRESS, time)

    assert [valid(start + offset) for offset in (-1, 0, 99, 100)] == [False, True, True, False]
    world.evm.pause_seconds = 160
    ending = _ending(world, endedKey=ADDRESS, time=start + 50, isCompromised=True)
    world.act("KeyEnding", ending, key="PARK")
    assert [valid(start + offset) for offset in (0, 49, 50, 99)] == [True, True, False, False]


def test_ask_validity_denies_when_key_is_unknown(world: World) -> None:
    assert world.view("Identifiers", "isValidAt", bytes(32), ADDRESS, 1) is False
