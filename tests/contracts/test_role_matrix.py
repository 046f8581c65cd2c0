"""Who may do what: every function that changes state, asked by every participant's every right."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ledger.chain.bindings import CONTRACTS, MESSAGES, RIGHTS
from tests.contracts.acts import Message, act_id, address_of, call_data, decode_refusal
from tests.contracts.builders import YEAR, digest, ready
from tests.contracts.evm import Reverted
from tests.contracts.world import RECOVERY_DELAY, ROOT, World, key_named, rights

AUTHORITIES = ("ROOT", "REGULATOR", "VERIFIER")
PARTICIPANTS = (*AUTHORITIES, "PARK", "ENTERPRISE1", "ENTERPRISE2", "MODULE", "SERVICE")
ANY = tuple(RIGHTS)
SETTLING = 1_000  # seconds, more than the blocks of making everybody's keys
# The law: of whom a key may, and which right it needs (one of them). The messages are those of
# tests/contracts/builders.py: about enterprise 1, whose owner is the park.
MAY: dict[str, dict[str, tuple[str, ...]]] = {
    "Identifiers.register": {"ENTERPRISE1": ("REGISTER",)},
    "Identifiers.setRecord": {"ENTERPRISE1": ("REGISTER",)},
    "Identifiers.addKey": {"ENTERPRISE1": ANY, "PARK": ("REGISTER",)},
    "Identifiers.endKey": {"ENTERPRISE1": ANY, "PARK": ("REGISTER",)},
    "Identifiers.setStanding": {"REGULATOR": ("ADMIT",)},
    "Identifiers.accredit": {"REGULATOR": ("ACCREDIT",)},
    "Identifiers.assign": {"REGULATOR": ("ACCREDIT",)},
    "Identifiers.declareTie": {"VERIFIER": ANY},
    "Emissions.anchor": {"ENTERPRISE1": ("REPORT",)},
    "Emissions.report": {"ENTERPRISE1": ("REPORT",)},
    "Emissions.attest": {"VERIFIER": ("ATTEST",)},
    "Emissions.confirm": {"REGULATOR": ("CONFIRM",)},
    "Emissions.reopen": {"REGULATOR": ("CONFIRM",)},
    "Quotas.setCap": {"REGULATOR": ("ISSUE",)},
    "Quotas.setRule": {"REGULATOR": ("ISSUE",)},
    "Quotas.allocate": {"REGULATOR": ("ISSUE",)},
    "Quotas.transfer": {"ENTERPRISE1": ("MOVE",)},
    "Quotas.surrender": {"ENTERPRISE1": ("MOVE",)},
    "Quotas.cancel": {"ENTERPRISE1": ("MOVE",)},
    "Quotas.oblige": {"MODULE": ("OBLIGE",)},
}
# Carries what others signed and asks nobody: what is in it is judged as if it came alone.
CARRIERS = {f"{contract}.batch" for contract in CONTRACTS}
KIND_OF = {f"{each['contract']}.{each['verb']}": kind for kind, each in MESSAGES.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """A function in a world where it would work, and what it shows beside its message."""

    function: str
    message: Message
    shown: Message | None

    def refusal(self, world: World, key: str) -> tuple[str, dict[str, Any]] | None:
        """With what the key is refused; None when it is not. Nothing changes."""
        contract, name = self.function.split(".")
        secret, sender = world.keys[key], bytes(20)
        if name == "oblige":
            values = (world.ids["MODULE"], world.ids["ENTERPRISE1"], YEAR, 10, 1, digest("cause"))
            to, data = world.contracts[contract], call_data(contract, name, *values)
            sender = address_of(secret)
        else:
            kind = KIND_OF[self.function]
            to, data = world.data(kind, self.message, key=key, shown=self.shown)
        try:
            world.evm.call(to, data, sender=sender)
        except Reverted as reverted:
            return decode_refusal(reverted.output)
        return None


def _key(participant: str, right: str) -> str:
    return f"{participant} {right}"


@pytest.fixture(scope="module")
def staffed() -> World:
    """A park whose participants each have one key for every single right, of one new person."""
    world = World()
    start = world.evm.next_time + 2 * RECOVERY_DELAY + SETTLING
    world.keys["PARK all"] = key_named("PARK all")
    early = start - SETTLING - RECOVERY_DELAY + 1
    _introduce(world, "PARK", "PARK all", sum(RIGHTS.values()), early, "ROOT")
    world.evm.pause_seconds = RECOVERY_DELAY + 1
    for participant in PARTICIPANTS:
        giver = "PARK all" if participant.startswith("ENTERPRISE") else "ROOT"
        for right in RIGHTS:
            world.keys[_key(participant, right)] = key_named(_key(participant, right))
            _introduce(world, participant, _key(participant, right), rights(right), start, giver)
    world.evm.pause_seconds = RECOVERY_DELAY + SETTLING
    return world


def _introduce(
    world: World, participant: str, name: str, right: int, start: int, giver: str
) -> None:
    message = world.key_addition(participant, address=address_of(world.keys[name]))
    changes = {"person": 9, "rights": right, "validFrom": start}
    world.act("KeyAddition", message | changes, key=giver)


@pytest.fixture
def world(staffed: World) -> Iterator[World]:
    """The staffed park; what a test does to it is undone."""
    before = staffed.evm.head, staffed.evm.pause_seconds
    yield staffed
    staffed.evm.head, staffed.evm.pause_seconds = before


def _asked(world: World, function: str) -> Asked:
    if function not in KIND_OF:
        return Asked(function, {}, None)
    message, shown = ready(world, KIND_OF[function])
    if function == "Identifiers.addKey":
        # A key of the new person, late enough for the owner to add it too.
        later = world.evm.next_time + RECOVERY_DELAY
        message |= {"person": 9, "rights": 0, "validFrom": later}
        world.keys["added"] = key_named("added")
    return Asked(function, message, shown)


def _state_changing() -> set[str]:
    folder = ROOT / "ledger" / "chain" / "artifacts"
    return {
        f"{contract}.{entry['name']}"
        for contract in CONTRACTS
        for entry in json.loads((folder / f"{contract}.json").read_text("utf-8"))["abi"]
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }


def test_list_functions_finds_each_in_the_table_when_the_abi_is_read() -> None:
    assert _state_changing() == set(MAY) | CARRIERS


# A hundred keys are made for it, and asked one after the other.
@pytest.mark.slow
@pytest.mark.parametrize("function", MAY)
def test_ask_function_obeys_the_table_when_every_right_of_everybody_asks(
    world: World, function: str
) -> None:
    asked = _asked(world, function)
    for participant in PARTICIPANTS:
        for right in RIGHTS:
            refusal = asked.refusal(world, _key(participant, right))
            told = None if refusal is None else refusal[0]
            assert told == _expected(function, participant, right), (participant, right, refusal)


def _expected(function: str, participant: str, right: str) -> str | None:
    """Nothing, a key that lacks the right, or a key that is nobody's here."""
    allowed = MAY[function].get(participant)
    if allowed is None:
        return "KeyNotValid"
    return None if right in allowed else "KeyRightMissing"


# A hundred keys are made for it, and asked one after the other.
@pytest.mark.slow
@pytest.mark.parametrize("function", MAY)
def test_ask_function_is_refused_when_who_may_is_suspended(world: World, function: str) -> None:
    for participant, allowed in MAY[function].items():
        head, pause = world.evm.head, world.evm.pause_seconds
        asked = _asked(world, function)
        world.set_standing(participant, 0)
        for right in allowed:
            refusal = asked.refusal(world, _key(participant, right))
            assert refusal is not None, right
            assert (refusal[0], refusal[1]["id"]) == ("StandingMissing", world.ids[participant])
        world.evm.head, world.evm.pause_seconds = head, pause


# A hundred keys are made for it, and asked one after the other.
@pytest.mark.slow
@pytest.mark.parametrize("function", sorted(KIND_OF))
def test_carry_batch_obeys_the_table_when_everybody_signs_one(world: World, function: str) -> None:
    asked = _asked(world, function)
    kind = KIND_OF[function]
    (subject, allowed), *_ = MAY[function].items()
    right = allowed[0]
    contract, _ = function.split(".")
    strangers = [each for each in PARTICIPANTS if each not in MAY[function]]
    # The one who may comes last, since what was done cannot be done again.
    keys = [_key(participant, right) for participant in [*strangers, subject]]
    calls = [world.data(kind, asked.message, key=key, shown=asked.shown)[1] for key in keys]
    told = world.send(world.contracts[contract], call_data(contract, "batch", calls, False)).events
    made = [fields for name, fields in told if fields.get("id") == act_id(kind, asked.message)]
    assert [fields["key"] for fields in made] == [address_of(world.keys[_key(subject, right)])]
    assert sum(name == "CallRefused" for name, _ in told) == len(strangers)
