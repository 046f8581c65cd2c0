"""The views by which the other contracts ask who may act."""

from typing import Any

import pytest

from ledger.chain.bindings import RIGHTS, SECTORS
from tests.contracts.acts import address_of
from tests.contracts.builders import build
from tests.contracts.world import World

STEEL = 1 << SECTORS["STEEL"]


def _ask(world: World, view: str, *names: Any) -> Any:
    return world.view("Identifiers", view, *names)


def _refused(world: World, view: str, *names: Any) -> Any:
    return world.view_refusal("Identifiers", view, *names)


def _address(world: World, key: str) -> bytes:
    return address_of(world.keys[key])


def test_require_key_gives_person_when_key_holds_the_right(world: World) -> None:
    key = _address(world, "ISSUER")
    assert _ask(world, "requireKey", world.ids["REGULATOR"], key, RIGHTS["ISSUE"]) == 2
    assert _ask(world, "requireKey", world.ids["REGULATOR"], key, 0) == 2


@pytest.mark.parametrize("standing", [0, 2, 6])
def test_require_key_is_refused_when_participant_is_inactive(world: World, standing: int) -> None:
    world.set_standing("ENTERPRISE1", standing)
    expected = {"id": world.ids["ENTERPRISE1"], "standing": 64 | standing, "wanted": 1}
    key = _address(world, "ENTERPRISE1")
    refusal = _refused(world, "requireKey", world.ids["ENTERPRISE1"], key, 0)
    assert refusal == ("StandingMissing", expected)


def test_require_reporter_gives_enterprise_when_its_key_reports(world: World) -> None:
    key = _address(world, "ENTERPRISE1")
    enterprise = _ask(world, "requireReporter", world.ids["FACILITY1"], key)
    assert enterprise == world.ids["ENTERPRISE1"]


def test_require_reporter_is_refused_when_key_is_the_parks(world: World) -> None:
    key = _address(world, "PARK")
    never = {"validFrom": 0, "validUntil": 0, "compromisedSince": 0}
    expected = {"participant": world.ids["ENTERPRISE1"], "key": key, **never}
    refusal = _refused(world, "requireReporter", world.ids["FACILITY1"], key)
    assert refusal == ("KeyNotValid", expected)


@pytest.mark.parametrize(("suspended", "left"), [("FACILITY1", 0), ("ENTERPRISE1", 64)])
def test_require_reporter_is_refused_when_facility_or_enterprise_is_suspended(
    world: World, suspended: str, left: int
) -> None:
    world.set_standing(suspended, 0)
    key = _address(world, "ENTERPRISE1")
    expected = {"id": world.ids[suspended], "standing": left, "wanted": 1}
    refusal = _refused(world, "requireReporter", world.ids["FACILITY1"], key)
    assert refusal == ("StandingMissing", expected)


@pytest.mark.parametrize(("name", "kind"), [("ENTERPRISE1", 2), ("PREFIX1", 11)])
def test_require_reporter_is_refused_when_it_is_no_facility(
    world: World, name: str, kind: int
) -> None:
    key = _address(world, "ENTERPRISE1")
    refusal = _refused(world, "requireReporter", world.ids[name], key)
    assert refusal == ("IdentifierKindWrong", {"id": world.ids[name], "kind": kind})


def test_require_reporter_is_refused_when_facility_has_a_tail(world: World) -> None:
    facility = world.ids["FACILITY1"][:31] + b"\1"
    refusal = _refused(world, "requireReporter", facility, _address(world, "ENTERPRISE1"))
    assert refusal == ("IdentifierUnknown", {"id": facility})


def _verifier(world: World, year: int = 2023) -> tuple[Any, ...]:
    return world.ids["VERIFIER"], _address(world, "VERIFIER"), world.ids["FACILITY1"], year


@pytest.mark.parametrize("year", [2020, 2030])
def test_require_verifier_gives_enterprise_when_assigned(world: World, year: int) -> None:
    assert _ask(world, "requireVerifier", *_verifier(world, year)) == world.ids["ENTERPRISE1"]


@pytest.mark.parametrize("year", [0, 2019, 2031])
def test_require_verifier_is_refused_when_year_is_not_assigned(world: World, year: int) -> None:
    pair = {"verifier": world.ids["VERIFIER"], "enterprise": world.ids["ENTERPRISE1"]}
    refusal = _refused(world, "requireVerifier", *_verifier(world, year))
    assert refusal == ("VerifierNotAssigned", pair | {"year": year})


def test_require_verifier_is_refused_when_never_assigned(world: World) -> None:
    world.register("PREFIX2", "FOREIGN", "FAC.9", kind="FACILITY", owner="PARK")
    verifier, key, _, year = _verifier(world)
    refusal = _refused(world, "requireVerifier", verifier, key, world.ids["FOREIGN"], year)
    pair = {"verifier": verifier, "enterprise": world.ids["PARK"]}
    assert refusal == ("VerifierNotAssigned", pair | {"year": 2023})


def test_require_verifier_is_refused_when_tied(world: World) -> None:
    world.act("Tie", build(world, "Tie", ties=2), key="VERIFIER")
    expected = {
        "verifier": world.ids["VERIFIER"],
        "enterprise": world.ids["ENTERPRISE1"],
        "ties": 2,
    }
    refusal = _refused(world, "requireVerifier", *_verifier(world))
    assert refusal == ("VerifierNotIndependent", expected)


@pytest.mark.parametrize(
    ("sectors", "begins", "ends"), [(2, -9, 9), (STEEL, 1, 9), (STEEL, -9, 0), (0, -9, 9)]
)
def test_require_verifier_is_refused_when_accreditation_does_not_cover(
    world: World, sectors: int, begins: int, ends: int
) -> None:
    asked = world.evm.next_time + 1
    changes = {"sectors": sectors, "validFrom": asked + begins, "validUntil": asked + ends}
    world.act("Accreditation", build(world, "Accreditation", **changes), key="REGULATOR")
    expected = {"verifier": world.ids["VERIFIER"], "sectors": STEEL, "time": asked}
    refusal = _refused(world, "requireVerifier", *_verifier(world))
    assert refusal == ("VerifierNotAccredited", expected)


@pytest.mark.parametrize(("begins", "ends"), [(0, 1), (-1, 1)])
def test_require_verifier_succeeds_when_interval_just_covers(
    world: World, begins: int, ends: int
) -> None:
    asked = world.evm.next_time + 1
    changes = {"sectors": 3, "validFrom": asked + begins, "validUntil": asked + ends}
    world.act("Accreditation", build(world, "Accreditation", **changes), key="REGULATOR")
    assert _ask(world, "requireVerifier", *_verifier(world)) == world.ids["ENTERPRISE1"]


def test_require_verifier_is_refused_when_subject_is_no_facility(world: World) -> None:
    verifier, key, _, year = _verifier(world)
    enterprise = world.ids["ENTERPRISE1"]
    refusal = _refused(world, "requireVerifier", verifier, key, enterprise, year)
    assert refusal == ("IdentifierKindWrong", {"id": enterprise, "kind": 2})


def _sender(world: World) -> tuple[bytes, bytes, bytes]:
    key = _address(world, "ENTERPRISE1")
    return world.ids["ENTERPRISE1"], key, world.ids["ENTERPRISE2"]


def test_require_sender_gives_person_when_both_may(world: World) -> None:
    assert _ask(world, "requireSender", *_sender(world)) == 1


@pytest.mark.parametrize(
    ("changed", "standing", "wanted"),
    [("ENTERPRISE1", 3, 5), ("ENTERPRISE1", 6, 5), ("ENTERPRISE2", 5, 2)],
)
def test_require_sender_is_refused_when_standing_is_missing(
    world: World, changed: str, standing: int, wanted: int
) -> None:
    world.set_standing(changed, standing)
    expected = {"id": world.ids[changed], "standing": 64 | standing, "wanted": wanted}
    refusal = _refused(world, "requireSender", *_sender(world))
    assert refusal == ("StandingMissing", expected)


def test_require_authority_gives_person_when_account_holds(world: World) -> None:
    world.set_standing("ENTERPRISE1", 2)
    key = _address(world, "ISSUER")
    names = world.ids["REGULATOR"], key, RIGHTS["ISSUE"], world.ids["ENTERPRISE1"]
    assert _ask(world, "requireAuthority", *names) == 2


def test_require_authority_is_refused_when_account_does_not_hold(world: World) -> None:
    world.set_standing("ENTERPRISE1", 5)
    names = world.ids["REGULATOR"], _address(world, "ISSUER"), RIGHTS["ISSUE"]
    expected = {"id": world.ids["ENTERPRISE1"], "standing": 69, "wanted": 2}
    refusal = _refused(world, "requireAuthority", *names, world.ids["ENTERPRISE1"])
    assert refusal == ("StandingMissing", expected)


@pytest.mark.parametrize("name", ["FACILITY1", "ENTERPRISE1", None])
def test_ask_enterprise_gives_owner_when_it_is_a_facility(world: World, name: str | None) -> None:
    subject = b"\x01" * 32 if name is None else world.ids[name]
    expected = world.ids["ENTERPRISE1"] if name == "FACILITY1" else bytes(32)
    assert _ask(world, "enterpriseOf", subject) == expected


@pytest.mark.parametrize(
    ("contract", "view", "arguments", "zeros"),
    [
        ("Identifiers", "entryOf", (b"\1" * 32,), (bytes(32), 0, 0, 0)),
        ("Identifiers", "keyOf", (b"\1" * 32, b"\1" * 20), (0,) * 6),
        ("Identifiers", "accreditationOf", (b"\1" * 32,), (0,) * 4),
        ("Identifiers", "relationOf", (b"\1" * 32, b"\2" * 32), (0,) * 5),
        ("Emissions", "headOf", (b"\1" * 32, 1), (bytes(32), 0)),
        ("Quotas", "holdingOf", (b"\1" * 32, 1), (0,) * 8),
        ("Quotas", "supplyOf", (1,), (0,) * 3),
        ("Quotas", "obligationOf", (b"\1" * 32, 1), (0,) * 4),
        ("Quotas", "ruleOf", (1, 1), (0,) * 6),
    ],
)
def test_ask_view_gives_zeros_when_nothing_is_known(
    world: World, contract: str, view: str, arguments: Any, zeros: Any
) -> None:
    assert world.view(contract, view, *arguments) == zeros
