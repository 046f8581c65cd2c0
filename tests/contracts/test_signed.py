"""What all contracts share: who signed, until when, batches, and the signing domain."""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from ledger.chain.bindings import CONTRACTS, MESSAGES
from tests.contracts.acts import (
    act_id,
    address_of,
    call_data,
    decode_refusal,
    sign,
    verb_data,
)
from tests.contracts.builders import SIGNERS, build, figure, ready
from tests.contracts.evm import CHAIN_ID, START
from tests.contracts.world import World, key_named, told

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_NOBODY = (0, 0, 0)


def _refusal_of(world: World, signature: bytes) -> tuple[str, dict[str, Any]]:
    message = build(world, "Report")
    data = verb_data("Report", message, signature)
    return world.call_refusal(world.contracts["Emissions"], data)


def _signature(world: World, key: str = "ENTERPRISE1", **domain: Any) -> bytes:
    message = build(world, "Report")
    domain = {"contract": world.contracts["Emissions"]} | domain
    return sign("Report", message, key=world.keys[key], **domain)


def test_report_is_refused_when_deadline_passed(world: World) -> None:
    message = build(world, "Report", deadline=START)
    expected = {"deadline": START, "time": world.evm.next_time}
    assert world.refusal("Report", message, key="ENTERPRISE1") == ("SignatureExpired", expected)


def test_report_succeeds_when_deadline_is_block_time(world: World) -> None:
    message = build(world, "Report", deadline=world.evm.next_time)
    assert world.act("Report", message, key="ENTERPRISE1").events


@pytest.mark.parametrize("length", [1, 64, 66])
def test_report_is_refused_when_signature_length_is_wrong(world: World, length: int) -> None:
    signature = _signature(world).ljust(66, b"\0")[:length]
    assert _refusal_of(world, signature) == ("ECDSAInvalidSignatureLength", {"length": length})


def test_report_is_refused_when_signature_is_malleated(world: World) -> None:
    signature = _signature(world)
    high = (_ORDER - int.from_bytes(signature[32:64])).to_bytes(32)
    malleated = signature[:32] + high + bytes([55 - signature[64]])
    assert _refusal_of(world, malleated) == ("ECDSAInvalidSignatureS", {"s": high})


@pytest.mark.parametrize("v", [0, 1, 26, 29, 255])
def test_report_is_refused_when_recovery_id_is_wrong(world: World, v: int) -> None:
    signature = _signature(world)[:64] + bytes([v])
    assert _refusal_of(world, signature) == ("ECDSAInvalidSignature", {})


@pytest.mark.parametrize("domain", [{"chainId": CHAIN_ID + 1}, {"contract": b"\x01" * 20}])
def test_report_is_refused_when_signed_for_another_domain(
    world: World, domain: dict[str, Any]
) -> None:
    name, arguments = _refusal_of(world, _signature(world, **domain))
    assert name == "KeyNotValid"
    assert arguments["participant"] == world.ids["ENTERPRISE1"]
    assert arguments["key"] != address_of(world.keys["ENTERPRISE1"])
    given = (arguments["validFrom"], arguments["validUntil"], arguments["compromisedSince"])
    assert given == _NOBODY


def test_report_tells_caller_as_key_when_signature_is_empty(world: World) -> None:
    message, key = build(world, "Report"), world.keys["ENTERPRISE1"]
    to, data = world.contracts["Emissions"], verb_data("Report", message, b"")
    ((_, event),) = world.send(to, data, sender=key).events
    expected = told("Report", message, key=address_of(key), enterprise=world.ids["ENTERPRISE1"])
    assert event == expected


def test_report_is_refused_when_caller_is_not_the_key(world: World) -> None:
    stranger = address_of(key_named("stranger"))
    data = verb_data("Report", build(world, "Report"), b"")
    refusal = world.call_refusal(world.contracts["Emissions"], data, sender=stranger)
    participant = world.ids["ENTERPRISE1"]
    none = {"validFrom": 0, "validUntil": 0, "compromisedSince": 0}
    assert refusal == ("KeyNotValid", {"participant": participant, "key": stranger} | none)


@pytest.mark.parametrize("contract", CONTRACTS)
def test_read_domain_gives_its_own_when_asked(world: World, contract: str) -> None:
    address = world.contracts[contract]
    expected = (b"\x0f", contract, "1", CHAIN_ID, "0x" + address.hex(), bytes(32), ())
    fields, name, version, chain, verifying, salt, extensions = world.view(contract, "eip712Domain")
    given = (fields, name, version, chain, "0x" + verifying.hex(), salt, extensions)
    assert given == expected


def test_borrow_code_recovers_another_key_when_run_by_another_contract(world: World) -> None:
    puppet = world.deploy("Puppet", [], []).created
    cap = build(world, "Cap")
    quotas = world.contracts["Quotas"]
    signature = sign("Cap", cap, key=world.keys["ISSUER"], contract=quotas)
    data = _puppet_data("borrow(address,bytes)", quotas, verb_data("Cap", cap, signature))
    name, arguments = world.call_refusal(puppet, data)
    assert (name, arguments["participant"]) == ("KeyNotValid", world.ids["REGULATOR"])


def _puppet_data(function: str, target: bytes, data: bytes) -> bytes:
    return keccak(text=function)[:4] + encode(["address", "bytes"], [target, data])


def _batch(world: World, calls: list[bytes], *, all_or_nothing: bool) -> tuple[bytes, bytes]:
    data = call_data("Emissions", "batch", calls, all_or_nothing)
    return world.contracts["Emissions"], data


def _two_reports(world: World) -> tuple[dict[str, Any], list[bytes]]:
    """A good report of enterprise 2 behind one of enterprise 1 that follows nothing real."""
    bad = build(world, "Report", follows=b"\x01" * 31 + b"\0")
    good = build(world, "Report", facility=world.ids["FACILITY2"])
    calls = [world.data("Report", bad, key="ENTERPRISE1")[1]]
    return good, [*calls, world.data("Report", good, key="ENTERPRISE2")[1]]


def test_batch_emits_every_act_when_all_are_good(world: World) -> None:
    reports = [build(world, "Report", facility=world.ids[f"FACILITY{number}"]) for number in (1, 2)]
    calls = [
        world.data("Report", report, key=f"ENTERPRISE{number}")[1]
        for number, report in enumerate(reports, start=1)
    ]
    events = world.send(*_batch(world, calls, all_or_nothing=True)).events
    assert [event["id"] for _, event in events] == [act_id("Report", r) for r in reports]


def test_batch_reverts_with_own_error_when_all_or_nothing(world: World) -> None:
    _, calls = _two_reports(world)
    name, arguments = world.call_refusal(*_batch(world, calls, all_or_nothing=True))
    expected = {
        "facility": world.ids["FACILITY1"],
        "period": 202300,
        "head": bytes(32),
        "follows": b"\x01" * 31 + b"\0",
    }
    assert (name, arguments) == ("FigureOutOfDate", expected)


def test_batch_tells_refusal_and_goes_on_when_not_all_or_nothing(world: World) -> None:
    good, calls = _two_reports(world)
    events = world.send(*_batch(world, calls, all_or_nothing=False)).events
    (refused, first), (made, second) = events
    assert (refused, first["index"], made) == ("CallRefused", 0, "EmissionReported")
    assert decode_refusal(first["reason"])[0] == "FigureOutOfDate"
    assert second["id"] == act_id("Report", good)
    assert world.view("Emissions", "headOf", world.ids["FACILITY1"], 202300) == (bytes(32), 0)


def test_batch_tells_empty_reason_when_call_runs_out_of_gas(world: World) -> None:
    endless = world.deploy("Endless", [], []).created
    spin = keccak(text="spin()")[:4]
    mined = world.evm.send(endless, call_data("Emissions", "batch", [spin], False), gas=500_000)
    assert [topics[1] for _, topics, _ in mined.logs] == [bytes(32)]
    assert mined.logs[0][2] == encode(["bytes"], [b""])


def test_batch_makes_an_act_once_when_it_is_sent_twice(world: World) -> None:
    report = build(world, "Report")
    call = world.data("Report", report, key="ENTERPRISE1")[1]
    events = world.send(*_batch(world, [call, call], all_or_nothing=False)).events
    assert [name for name, _ in events] == ["EmissionReported", "CallRefused"]
    id_ = act_id("Report", report)
    assert decode_refusal(events[1][1]["reason"]) == ("ActAlreadyMade", {"id": id_})


def test_batch_is_refused_when_it_is_longer_than_200(world: World) -> None:
    refusal = world.call_refusal(*_batch(world, [b""] * 201, all_or_nothing=False))
    assert refusal == ("BatchTooLong", {"calls": 201})


def test_batch_runs_when_it_is_200_long(world: World) -> None:
    events = world.send(*_batch(world, [b""] * 200, all_or_nothing=False)).events
    assert [event["index"] for _, event in events] == list(range(200))


def test_batch_keeps_caller_as_key_when_signature_is_empty(world: World) -> None:
    call = verb_data("Report", build(world, "Report"), b"")
    key = world.keys["ENTERPRISE1"]
    events = world.send(*_batch(world, [call], all_or_nothing=True), sender=key).events
    assert events[0][1]["key"] == address_of(key)


def test_act_contract_confirms_when_it_is_a_key(world: World) -> None:
    puppet = world.deploy("Puppet", [], []).created
    change = {"addedKey": puppet, "scheme": 2, "rights": 32, "person": 1}
    addition = build(world, "KeyAddition", participant=world.ids["REGULATOR"], **change)
    world.act("KeyAddition", addition, key="REGULATOR")
    messages = figure(world, "Confirmation")
    shown, confirmation = messages["Statement"], messages["Confirmation"]
    verb = verb_data("Confirmation", confirmation, b"", shown=shown)
    data = _puppet_data("act(address,bytes)", world.contracts["Emissions"], verb)
    events = world.send(puppet, data, sender=PrivateKey(b"\x22" * 32)).events
    assert [(name, event.get("key")) for name, event in events] == [
        ("FigureConfirmed", puppet),
        ("ObligationChanged", None),
    ]


@pytest.mark.parametrize("kind", sorted(SIGNERS))
def test_send_message_acts_for_caller_when_signature_is_empty(world: World, kind: str) -> None:
    message, shown = ready(world, kind)
    contract = world.contracts[MESSAGES[kind]["contract"]]
    signatures = [b""]
    if kind == "KeyAddition":
        signatures.insert(0, sign(kind, message, key=key_named("added"), contract=contract))
    data = verb_data(kind, message, *signatures, shown=shown)
    (_, event), *_ = world.send(contract, data, sender=world.keys[SIGNERS[kind]]).events
    assert event["id"] == act_id(kind, message)
    assert event["key"] == address_of(world.keys[SIGNERS[kind]])


@pytest.mark.parametrize("kind", sorted(SIGNERS))
def test_send_message_is_refused_when_signer_is_a_stranger(world: World, kind: str) -> None:
    world.keys["STRANGER"] = key_named("stranger")
    message = build(world, kind, **_follows(kind))
    name, arguments = world.refusal(kind, message, key="STRANGER", shown=_shown(world, kind))
    assert (name, arguments["key"]) == ("KeyNotValid", address_of(world.keys["STRANGER"]))
    assert (arguments["validFrom"], arguments["validUntil"]) == (0, 0)


def _follows(kind: str) -> dict[str, bytes]:
    following = {"Statement", "Confirmation", "Reopening"}
    return {"follows": bytes(32)} if kind in following else {}


def _shown(world: World, kind: str) -> dict[str, Any] | None:
    shown = {"Confirmation": "Statement", "Reopening": "Confirmation"}.get(kind)
    return None if shown is None else build(world, shown, follows=bytes(32))


@pytest.mark.parametrize("kind", sorted(SIGNERS))
def test_send_message_is_refused_when_deadline_passed(world: World, kind: str) -> None:
    message = build(world, kind, **_follows(kind), deadline=1)
    refusal = world.refusal(kind, message, key=SIGNERS[kind], shown=_shown(world, kind))
    assert refusal == ("SignatureExpired", {"deadline": 1, "time": world.evm.next_time})
