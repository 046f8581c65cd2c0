"""What an authority sets: standing, accreditation, assignment; and the ties parties declare."""

from typing import Any

import pytest

from ledger.chain.bindings import KINDS, RIGHTS
from tests.contracts.acts import address_of
from tests.contracts.builders import SIGNERS, build, digest
from tests.contracts.world import World, told

RIGHT_OF = {"StandingChange": "ADMIT", "Accreditation": "ACCREDIT", "Assignment": "ACCREDIT"}
REVISED = tuple(RIGHT_OF)


@pytest.mark.parametrize(
    ("subject", "before", "standing", "after"),
    [
        ("ENTERPRISE1", 71, 0, 64),
        ("ENTERPRISE1", 71, 5, 69),
        ("PREFIX1", 129, 0, 128),
        ("FACILITY1", 1, 7, 7),
    ],
)
def test_set_standing_changes_three_bits_when_authority_signs(
    world: World, subject: str, before: int, standing: int, after: int
) -> None:
    owner, kind, now, revision = world.view("Identifiers", "entryOf", world.ids[subject])
    assert now == before
    changes = {"subject": world.ids[subject], "standing": standing, "revision": revision + 1}
    message = build(world, "StandingChange", **changes)
    ((name, event),) = world.act("StandingChange", message, key="REGULATOR").events
    assert name == "StandingChanged"
    assert event == told("StandingChange", message, key=address_of(world.keys["REGULATOR"]))
    entry = world.view("Identifiers", "entryOf", world.ids[subject])
    assert entry == (owner, kind, after, revision + 1)


@pytest.mark.parametrize("kind", REVISED)
@pytest.mark.parametrize("given", [0, 1, 3, 65535])
def test_set_is_refused_when_revision_is_not_next(world: World, kind: str, given: int) -> None:
    message = build(world, kind, revision=given)
    refusal = world.refusal(kind, message, key="REGULATOR")
    assert refusal == ("RevisionOutOfDate", {"current": 1, "given": given})


@pytest.mark.parametrize("kind", REVISED)
def test_set_is_refused_when_it_is_sent_twice(world: World, kind: str) -> None:
    message = build(world, kind)
    world.act(kind, message, key="REGULATOR")
    refusal = world.refusal(kind, message, key="REGULATOR")
    assert refusal == ("RevisionOutOfDate", {"current": 2, "given": 2})


@pytest.mark.parametrize(("kind", "right"), [*RIGHT_OF.items()])
def test_set_is_refused_when_key_lacks_the_right(world: World, kind: str, right: str) -> None:
    expected = {
        "participant": world.ids["REGULATOR"],
        "key": address_of(world.keys["ISSUER"]),
        "rights": RIGHTS["ISSUE"] | RIGHTS["RELEASE"],
        "wanted": RIGHTS[right],
    }
    assert world.refusal(kind, build(world, kind), key="ISSUER") == ("KeyRightMissing", expected)


def test_set_standing_is_refused_when_subject_is_unknown(world: World) -> None:
    message = build(world, "StandingChange", subject=digest("nobody"))
    refusal = world.refusal("StandingChange", message, key="REGULATOR")
    assert refusal == ("IdentifierUnknown", {"id": digest("nobody")})


@pytest.mark.parametrize("standing", [8, 64, 128, 255])
def test_set_standing_is_refused_when_bits_are_not_an_authoritys(
    world: World, standing: int
) -> None:
    message = build(world, "StandingChange", standing=standing)
    refusal = world.refusal("StandingChange", message, key="REGULATOR")
    assert refusal == ("StandingBad", {"standing": standing})


def test_set_standing_is_refused_when_verifier_would_hold(world: World) -> None:
    changes = {"subject": world.ids["VERIFIER"], "standing": 3, "revision": 1}
    message = build(world, "StandingChange", **changes)
    refusal = world.refusal("StandingChange", message, key="REGULATOR")
    expected = {"id": world.ids["VERIFIER"], "kind": KINDS["VERIFIER"]}
    assert refusal == ("IdentifierKindWrong", expected)


def test_accredit_keeps_interval_and_sectors_when_authority_signs(world: World) -> None:
    message = build(world, "Accreditation")
    ((name, event),) = world.act("Accreditation", message, key="REGULATOR").events
    assert name == "Accredited"
    assert event == told("Accreditation", message, key=address_of(world.keys["REGULATOR"]))
    slot = world.view("Identifiers", "accreditationOf", world.ids["VERIFIER"])
    assert slot == (1, message["validUntil"], message["sectors"], 2)


def test_assign_keeps_years_sectors_and_ties_when_authority_signs(world: World) -> None:
    message = build(world, "Assignment", ties=3)
    ((name, event),) = world.act("Assignment", message, key="REGULATOR").events
    assert name == "VerifierAssigned"
    assert event == told("Assignment", message, key=address_of(world.keys["REGULATOR"]))
    pair = world.ids["VERIFIER"], world.ids["ENTERPRISE1"]
    assert world.view("Identifiers", "relationOf", *pair) == (2021, 2022, 1, 3, 2)


def test_assign_is_refused_when_verifier_is_the_enterprise(world: World) -> None:
    verifier = world.ids["VERIFIER"]
    message = build(world, "Assignment", enterprise=verifier, revision=1, ties=2)
    refusal = world.refusal("Assignment", message, key="REGULATOR")
    expected = {"verifier": verifier, "enterprise": verifier, "ties": 2}
    assert refusal == ("VerifierNotIndependent", expected)


@pytest.mark.parametrize("kind", ["Accreditation", "Assignment"])
def test_set_is_refused_when_sectors_are_too_large(world: World, kind: str) -> None:
    message = build(world, kind, sectors=2**63)
    refusal = world.refusal(kind, message, key="REGULATOR")
    assert refusal == ("FigureTooLarge", {"value": 2**63})


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Accreditation", "verifier"),
        ("Assignment", "verifier"),
        ("Assignment", "enterprise"),
        ("Tie", "enterprise"),
    ],
)
def test_set_is_refused_when_identifier_has_a_tail(world: World, kind: str, field: str) -> None:
    message = build(world, kind)
    tailed = message | {field: message[field][:28] + b"\0\0\0\1"}
    refusal = world.refusal(kind, tailed, key=SIGNERS[kind])
    assert refusal == ("IdentifierUnknown", {"id": tailed[field]})


@pytest.mark.parametrize("participant", ["VERIFIER", "ENTERPRISE1"])
def test_declare_tie_adds_bits_when_either_side_signs(world: World, participant: str) -> None:
    pair = world.ids["VERIFIER"], world.ids["ENTERPRISE1"]
    message = build(world, "Tie", participant=world.ids[participant])
    ((name, event),) = world.act("Tie", message, key=participant).events
    assert name == "TieDeclared"
    assert event == told("Tie", message, key=address_of(world.keys[participant]))
    assert world.view("Identifiers", "relationOf", *pair) == (2020, 2030, 1, 1, 1)
    world.act("Tie", message | {"ties": 2}, key=participant)
    assert world.view("Identifiers", "relationOf", *pair)[3] == 3


@pytest.mark.parametrize("ties", [0, 1, 2, 3])
def test_declare_tie_is_refused_when_it_adds_nothing(world: World, ties: int) -> None:
    world.act("Tie", build(world, "Tie", ties=3), key="VERIFIER")
    message = build(world, "Tie", ties=ties)
    expected: dict[str, Any] = {
        "verifier": world.ids["VERIFIER"],
        "enterprise": world.ids["ENTERPRISE1"],
        "ties": ties,
    }
    assert world.refusal("Tie", message, key="VERIFIER") == ("TieAlreadyDeclared", expected)


def test_declare_tie_is_refused_when_it_is_sent_again_after_an_assignment(world: World) -> None:
    tie = build(world, "Tie")
    world.act("Tie", tie, key="VERIFIER")
    world.act("Assignment", build(world, "Assignment"), key="REGULATOR")
    pair = {field: tie[field] for field in ("verifier", "enterprise")}
    expected = ("TieAlreadyDeclared", pair | {"ties": 1})
    assert world.refusal("Tie", tie, key="VERIFIER") == expected


def test_declare_tie_is_refused_when_participant_is_neither(world: World) -> None:
    message = build(world, "Tie", participant=world.ids["PARK"])
    never = {"validFrom": 0, "validUntil": 0, "compromisedSince": 0}
    key = address_of(world.keys["PARK"])
    expected = {"participant": world.ids["PARK"], "key": key, **never}
    assert world.refusal("Tie", message, key="PARK") == ("KeyNotValid", expected)
