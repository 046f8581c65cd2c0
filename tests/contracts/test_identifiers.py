"""The tree: founding, registering, records."""

from typing import Any

import pytest

from ledger.chain.bindings import KINDS, RIGHTS, STANDINGS
from tests.contracts.acts import address_of, decode_event, decode_refusal
from tests.contracts.builders import build, digest
from tests.contracts.evm import START, Reverted
from tests.contracts.world import (
    FOREVER,
    FOUNDERS,
    RECOVERY_DELAY,
    World,
    child_id,
    key_named,
    told,
)

FOUNDER_RIGHTS = sum(RIGHTS.values()) - RIGHTS["CUSTODIAL"]
ROOT_STANDING = STANDINGS["ACTIVE"] | STANDINGS["PREFIX"] | STANDINGS["KEYED"]


def _found(world: World, label: str, founders: list[bytes]) -> Any:
    types = ["string", "address[]", "uint48"]
    return world.deploy("Identifiers", types, [label, founders, RECOVERY_DELAY])


def _founding_refusal(world: World, label: str, founders: list[bytes]) -> Any:
    with pytest.raises(Reverted) as caught:
        _found(world, label, founders)
    return decode_refusal(caught.value.output)


def test_found_root_registers_it_when_three_founders_are_given(world: World) -> None:
    root = world.ids["ROOT"]
    assert root == world.view("Identifiers", "idOf", bytes(32), True, "88")
    expected = (root, KINDS["REGULATOR"], ROOT_STANDING, 0)
    assert world.view("Identifiers", "entryOf", root) == expected
    for person, founder in enumerate(FOUNDERS, start=1):
        slot = world.view("Identifiers", "keyOf", root, address_of(founder))
        assert slot == (START + 1, FOREVER, 0, person, FOUNDER_RIGHTS, 0)


def test_found_root_tells_entry_and_keys_when_deployed(world: World) -> None:
    addresses = [address_of(founder) for founder in FOUNDERS]
    time = world.evm.next_time
    (_, first), *added = [
        decode_event(topics, data) for _, topics, data in _found(world, "88", addresses).logs
    ]
    root = world.ids["ROOT"]
    unsigned = {"id": bytes(32), "key": bytes(20), "deadline": 0}
    assert first == unsigned | {
        "subject": root,
        "parent": bytes(32),
        "owner": root,
        "label": "88",
        "isPrefix": True,
        "kind": KINDS["REGULATOR"],
        "record": bytes(32),
    }
    assert [event for _, event in added] == [
        unsigned
        | {
            "participant": root,
            "addedKey": address,
            "person": person,
            "rights": FOUNDER_RIGHTS,
            "scheme": 0,
            "validFrom": 0,
            "validUntil": FOREVER,
            "effectiveFrom": time,
        }
        for person, address in enumerate(addresses, start=1)
    ]


def test_found_root_is_refused_when_founders_are_two(world: World) -> None:
    refusal = _founding_refusal(world, "88", [b"\x01" * 20, b"\x02" * 20])
    assert refusal == ("FoundersTooFew", {"founders": 2})


def test_found_root_is_refused_when_a_founder_stands_twice(world: World) -> None:
    one, two = b"\x01" * 20, b"\x02" * 20
    expected = {"participant": world.ids["ROOT"], "key": one}
    assert _founding_refusal(world, "88", [one, two, one]) == ("KeyAlreadyAdded", expected)


def test_found_root_is_refused_when_label_is_no_segment(world: World) -> None:
    founders = [bytes([number]) * 20 for number in (1, 2, 3)]
    refusal = _founding_refusal(world, "88.1", founders)
    assert refusal == ("IdentifierLabelBad", {"label": "88.1"})


@pytest.mark.parametrize(
    ("kind", "is_prefix", "label", "separator", "standing"),
    [
        ("METER", False, "MTR.1", "/", 1),
        ("SERVICE", False, "A" * 128, "/", 1),
        ("PREFIX", True, "0123456789", ".", 129),
    ],
)
def test_register_enters_active_identifier_when_parent_allows(
    world: World, kind: str, is_prefix: bool, label: str, separator: str, standing: int
) -> None:
    changes = {"kind": KINDS[kind], "isPrefix": is_prefix, "label": label}
    message = build(world, "Registration", **changes)
    ((name, event),) = world.act("Registration", message, key="ENTERPRISE1").events
    subject = child_id(world.ids["PREFIX1"], separator, label)
    signer = address_of(world.keys["ENTERPRISE1"])
    assert name == "Registered"
    assert event == told("Registration", message, key=signer, subject=subject)
    entry = world.view("Identifiers", "entryOf", subject)
    assert entry == (world.ids["ENTERPRISE1"], KINDS[kind], standing, 0)
    assert world.view("Identifiers", "idOf", world.ids["PREFIX1"], is_prefix, label) == subject


@pytest.mark.parametrize(
    "label",
    ["A", "0", "A-B", "A.B", "A_B", "A:B", "Z9", "A" * 128],
)
def test_register_takes_suffix_when_grammar_allows(world: World, label: str) -> None:
    message = build(world, "Registration", label=label)
    assert world.act("Registration", message, key="ENTERPRISE1").events


@pytest.mark.parametrize(
    "label",
    [
        "",
        "a",
        ".A",
        "A.",
        "-A",
        "A-",
        "_A",
        "A:",
        "A B",
        "A/B",
        "A\x00",
        "É",
        "A@B",
        "A[",
        "A" * 129,
    ],
)
def test_register_is_refused_when_suffix_breaks_grammar(world: World, label: str) -> None:
    message = build(world, "Registration", label=label)
    refusal = world.refusal("Registration", message, key="ENTERPRISE1")
    assert refusal == ("IdentifierLabelBad", {"label": label})


@pytest.mark.parametrize("label", ["", "A", "1A", "1.2", "12345678901", "-1", " 1", "１"])
def test_register_is_refused_when_segment_breaks_grammar(world: World, label: str) -> None:
    changes = {"label": label, "isPrefix": True, "kind": KINDS["PREFIX"]}
    message = build(world, "Registration", **changes)
    refusal = world.refusal("Registration", message, key="ENTERPRISE1")
    assert refusal == ("IdentifierLabelBad", {"label": label})


def test_register_is_refused_when_parent_is_unknown(world: World) -> None:
    parent = world.ids["PREFIX1"][:31] + b"\x01"
    message = build(world, "Registration", parent=parent)
    refusal = world.refusal("Registration", message, key="ENTERPRISE1")
    assert refusal == ("IdentifierUnknown", {"id": parent})


def test_register_is_refused_when_parent_is_no_prefix(world: World) -> None:
    parent = world.ids["ENTERPRISE1"]
    message = build(world, "Registration", parent=parent)
    expected = {"id": parent, "standing": 71, "wanted": 129}
    refusal = world.refusal("Registration", message, key="ENTERPRISE1")
    assert refusal == ("StandingMissing", expected)


def test_register_is_refused_when_parent_is_suspended(world: World) -> None:
    world.set_standing("PREFIX1", 0)
    message = build(world, "Registration")
    expected = {"id": world.ids["PREFIX1"], "standing": 128, "wanted": 129}
    refusal = world.refusal("Registration", message, key="ENTERPRISE1")
    assert refusal == ("StandingMissing", expected)


def test_register_is_refused_when_key_lacks_the_right(world: World) -> None:
    addition = build(world, "KeyAddition", rights=RIGHTS["REPORT"])
    world.keys["CLERK"] = key_named("added")
    world.act("KeyAddition", addition, key="ENTERPRISE1")
    expected = {
        "participant": world.ids["ENTERPRISE1"],
        "key": address_of(key_named("added")),
        "rights": RIGHTS["REPORT"],
        "wanted": RIGHTS["REGISTER"],
    }
    refusal = world.refusal("Registration", build(world, "Registration"), key="CLERK")
    assert refusal == ("KeyRightMissing", expected)


def test_register_is_refused_when_identifier_is_there(world: World) -> None:
    message = build(world, "Registration")
    world.act("Registration", message, key="ENTERPRISE1")
    subject = child_id(world.ids["PREFIX1"], "/", "MTR.1")
    refusal = world.refusal("Registration", message, key="ENTERPRISE1")
    assert refusal == ("IdentifierAlreadyRegistered", {"id": subject})


@pytest.mark.parametrize(
    ("kind", "is_prefix"), [(0, False), (12, False), (255, True), (11, False), (8, True)]
)
def test_register_is_refused_when_kind_is_wrong(world: World, kind: int, is_prefix: bool) -> None:
    message = build(world, "Registration", kind=kind, isPrefix=is_prefix, label="1")
    subject = child_id(world.ids["PREFIX1"], "." if is_prefix else "/", "1")
    refusal = world.refusal("Registration", message, key="ENTERPRISE1")
    assert refusal == ("IdentifierKindWrong", {"id": subject, "kind": kind})


def test_register_is_refused_when_owner_is_unknown(world: World) -> None:
    owner = world.ids["ENTERPRISE1"][:28] + b"\0\0\0\1"
    message = build(world, "Registration", owner=owner)
    refusal = world.refusal("Registration", message, key="ENTERPRISE1")
    assert refusal == ("IdentifierUnknown", {"id": owner})


@pytest.mark.parametrize(("owner", "kind"), [("FACILITY1", 6), ("PREFIX1", 11)])
def test_register_is_refused_when_owner_is_no_participant(
    world: World, owner: str, kind: int
) -> None:
    message = build(world, "Registration", owner=world.ids[owner])
    expected = {"id": world.ids[owner], "kind": kind}
    refusal = world.refusal("Registration", message, key="ENTERPRISE1")
    assert refusal == ("IdentifierKindWrong", expected)


@pytest.mark.parametrize(
    ("subject", "signer"),
    [("FACILITY1", "ENTERPRISE1"), ("ENTERPRISE1", "ENTERPRISE1"), ("ENTERPRISE1", "PARK")],
)
def test_set_record_tells_digest_when_owner_or_itself_signs(
    world: World, subject: str, signer: str
) -> None:
    message = build(world, "RecordChange", subject=world.ids[subject])
    ((name, event),) = world.act("RecordChange", message, key=signer).events
    assert name == "RecordChanged"
    assert event == told("RecordChange", message, key=address_of(world.keys[signer]))
    again = message | {"revision": 2, "record": digest("record 3")}
    assert world.act("RecordChange", again, key=signer).events


def test_set_record_is_refused_when_revision_is_out_of_date(world: World) -> None:
    message = build(world, "RecordChange")
    world.act("RecordChange", message, key="ENTERPRISE1")
    refusal = world.refusal("RecordChange", message, key="ENTERPRISE1")
    assert refusal == ("RevisionOutOfDate", {"current": 1, "given": 1})


def test_set_record_leaves_revision_of_standing_when_done(world: World) -> None:
    message = build(world, "RecordChange", subject=world.ids["ENTERPRISE1"])
    before = world.view("Identifiers", "entryOf", world.ids["ENTERPRISE1"])
    world.act("RecordChange", message, key="PARK")
    assert world.view("Identifiers", "entryOf", world.ids["ENTERPRISE1"]) == before


def test_set_record_is_refused_when_subject_is_unknown(world: World) -> None:
    subject = digest("nobody")
    message = build(world, "RecordChange", subject=subject)
    refusal = world.refusal("RecordChange", message, key="ENTERPRISE1")
    assert refusal == ("IdentifierUnknown", {"id": subject})


def test_set_record_is_refused_when_key_lacks_the_right(world: World) -> None:
    message = build(world, "RecordChange", subject=world.ids["VERIFIER"])
    refusal = world.refusal("RecordChange", message, key="VERIFIER")
    expected = {
        "participant": world.ids["VERIFIER"],
        "key": address_of(world.keys["VERIFIER"]),
        "rights": RIGHTS["ATTEST"],
        "wanted": RIGHTS["REGISTER"],
    }
    assert refusal == ("KeyRightMissing", expected)
