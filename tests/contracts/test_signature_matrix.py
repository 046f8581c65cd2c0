"""Two thousand signatures that count for nothing: every message, everything about it made wrong.

All of a message's cases are one batch that goes on after a refusal, so that the refusals are those
of a block and what the contracts keep can be compared before and after it.
"""

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ledger.chain.bindings import CONTRACTS, MESSAGES
from tests.contracts.acts import (
    Message,
    act_id,
    address_of,
    call_data,
    decode_refusal,
    digest_of,
    sign,
    verb_data,
)
from tests.contracts.builders import SIGNERS, build, ready
from tests.contracts.evm import CARRIER, CHAIN_ID
from tests.contracts.world import FOREVER, World, key_named
from tests.signatures import fault, flipped, signer, spoiled

SEED = 20_260_101
FLIPS = 48
CASES_MIN = 2_000
FAULTS = {
    "length": "ECDSAInvalidSignatureLength",
    "s": "ECDSAInvalidSignatureS",
    "v": "ECDSAInvalidSignature",
}
# Fields that are looked up before the key is: another value is nobody.
LOOKED_UP = {
    "Registration": {"parent"},
    "RecordChange": {"subject"},
    "KeyAddition": {"participant"},
    "KeyEnding": {"participant"},
    "StandingChange": {"authority"},
    "Accreditation": {"authority"},
    "Assignment": {"authority"},
    "Tie": set(),
    "Evidence": {"facility"},
    "Report": {"facility"},
    "Statement": {"verifier"},
    "Confirmation": {"authority"},
    "Reopening": {"authority"},
    "Cap": {"authority"},
    "Rule": {"authority"},
    "Allocation": {"authority"},
    "Transfer": {"from", "to"},
    "Surrender": {"account"},
    "Cancellation": {"account"},
}
# Who also may, as the owner.
OWNERS = {"KeyAddition": {"PARK", "ROOT"}, "KeyEnding": {"PARK", "ROOT"}}
# Other keys of the same participant, which lack the right.
SIBLINGS = {"REGULATOR": "ISSUER", "ISSUER": "REGULATOR"}
Tell = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class Case:
    """A call that must be refused: how it was made wrong, its data, and the error's name."""

    name: str
    data: bytes
    error: str


class Bench:
    """A world in which one message of a type would be accepted, and ways to send it wrong."""

    def __init__(self, world: World, kind: str) -> None:
        self.world, self.kind = world, kind
        self.contract = world.contracts[MESSAGES[kind]["contract"]]
        self.stale = self._stale_keys()
        self.message, self.shown = ready(world, kind)
        self.source = random.Random(f"{SEED} {kind}")

    def _stale_keys(self) -> tuple[str, ...]:
        """Keys of the signer's person with its rights: too early, ended, stolen, rotated away."""
        world, giver = self.world, SIGNERS[self.kind]
        message = self._twin_of(giver)
        later = {"validFrom": world.evm.next_time + 86_400}
        for name in ("early", "ended", "stolen", "rotated", "successor"):
            world.keys[name] = key_named(f"{name} of {giver}")
            changes = {"addedKey": address_of(world.keys[name])} | (
                later if name == "early" else {}
            )
            by = "rotated" if name == "successor" else giver
            world.act("KeyAddition", message | changes, key=by)
        for name in ("ended", "stolen", "rotated"):
            ending = {
                "participant": message["participant"],
                "endedKey": address_of(world.keys[name]),
                "isCompromised": name == "stolen",
                "time": world.evm.next_time if name == "stolen" else 0,
            }
            world.act("KeyEnding", build(world, "KeyEnding", **ending), key=giver)
        return ("early", "ended", "stolen", "rotated")

    def _twin_of(self, giver: str) -> dict[str, Any]:
        participant = "REGULATOR" if giver == "ISSUER" else giver
        message = self.world.key_addition(participant, address=bytes(20))
        key = address_of(self.world.keys[giver])
        slot = self.world.view("Identifiers", "keyOf", self.world.ids[participant], key)
        return message | {"person": slot[3], "rights": slot[4], "validUntil": FOREVER}

    def signature(self, key: str = "", **domain: Any) -> bytes:
        domain = {"contract": self.contract} | domain
        secret = self.world.keys[key or SIGNERS[self.kind]]
        return sign(self.kind, self.message, key=secret, **domain)

    def data(
        self, signature: bytes, message: Message | None = None, proof: bytes | None = None
    ) -> bytes:
        """The call, a new key proving itself."""
        message, signatures = message or self.message, [signature]
        if self.kind == "KeyAddition":
            own = sign(self.kind, message, key=key_named("added"), contract=self.contract)
            signatures.insert(0, own if proof is None else proof)
        return verb_data(self.kind, message, *signatures, shown=self.shown)

    def _fate(self, signature: bytes, *, wrong_key: str = "KeyNotValid") -> str:
        """What a signature over the unchanged message must end in."""
        error = FAULTS.get(fault(signature), "")
        digest = digest_of(self.kind, self.message, contract=self.contract)
        nobody = error == "" and signer(digest, signature) is None
        return "ECDSAInvalidSignature" if nobody else error or wrong_key

    def cases(self) -> Iterator[Case]:
        """Every wrong way; fewer than the two hundred that a batch holds."""
        yield from self._domains()
        yield from self._fields()
        yield from self._keys()
        yield from self._deadlines()
        twins = spoiled(self.signature(), flips=FLIPS, source=self.source)
        for name, signature in twins:
            yield Case(name, self.data(signature), self._fate(signature))
        yield Case("empty", self.data(b""), "KeyNotValid")

    def _domains(self) -> Iterator[Case]:
        others = [CHAIN_ID + 1, CHAIN_ID - 1, 1]
        domains: list[dict[str, Any]] = [{"chainId": chain} for chain in others]
        names = [*({*CONTRACTS} - {MESSAGES[self.kind]["contract"]}), "carbonledger", ""]
        domains += [{"name": name} for name in sorted(names)]
        domains += [{"version": version} for version in ("", "2", "1.0")]
        places = {*self.world.contracts.values(), bytes(20), b"\x01" * 20} - {self.contract}
        domains += [{"contract": place} for place in sorted(places)]
        for domain in domains:
            yield Case(f"domain {domain}", self.data(self.signature(**domain)), "KeyNotValid")

    def _fields(self) -> Iterator[Case]:
        """Two bits of every field."""
        for field, type_ in MESSAGES[self.kind]["fields"]:
            for value in _changed(self.message[field], type_, self.source):
                data = self.data(self.signature(), {**self.message, field: value})
                is_sought = field in LOOKED_UP[self.kind]
                yield Case(field, data, "IdentifierUnknown" if is_sought else "KeyNotValid")

    def _keys(self) -> Iterator[Case]:
        usual = SIGNERS[self.kind]
        self.world.keys["STRANGER"] = key_named("stranger")
        others = set(self.world.keys) - {usual, "successor", "ADDED"} - set(self.stale)
        for name in sorted(others - OWNERS.get(self.kind, set())):
            error = "KeyRightMissing" if SIBLINGS.get(usual) == name else "KeyNotValid"
            yield Case(f"key {name}", self.data(self.signature(name)), error)
        for name in self.stale:
            yield Case(f"key {name}", self.data(self.signature(name)), "KeyNotValid")

    def _deadlines(self) -> Iterator[Case]:
        now = self.world.evm.next_time
        for deadline in (0, 1, now - 86_400, now - 1):
            late = {**self.message, "deadline": deadline}
            key = self.world.keys[SIGNERS[self.kind]]
            signature = sign(self.kind, late, key=key, contract=self.contract)
            yield Case(f"deadline {deadline}", self.data(signature, late), "SignatureExpired")

    def proofs(self) -> Iterator[Case]:
        """A new key's own signature made wrong."""
        own = sign(self.kind, self.message, key=key_named("added"), contract=self.contract)
        for name, proof in spoiled(own, flips=FLIPS, source=self.source):
            error = self._fate(proof, wrong_key="KeyProofWrong")
            yield Case(f"proof, {name}", self.data(self.signature(), proof=proof), error)

    def outcomes(self, cases: list[Case]) -> list[str]:
        """What became of each in one block: an error's name, or "" where it was accepted."""
        batch = call_data(
            MESSAGES[self.kind]["contract"], "batch", [case.data for case in cases], False
        )
        told = self.world.send(self.contract, batch, sender=CARRIER).events
        refused = {
            fields["index"]: decode_refusal(fields["reason"])[0]
            for name, fields in told
            if name == "CallRefused"
        }
        return [refused.get(index, "") for index in range(len(cases))]


def _changed(value: Any, type_: str, source: random.Random) -> list[Any]:
    """The value with one bit the other way, and with another one."""
    match value:
        case bool():
            return [not value]
        case str():
            return [chr(ord(value[0]) ^ bit) + value[1:] for bit in (1, 2)]
        case bytes():
            low = 32 if type_ == "bytes32" else 0  # above the zeros that an identifier ends in
            places = source.sample(range(low, 8 * len(value)), 2)
            return [flipped(value, place) for place in places]
        case _:
            return [value ^ 1, value ^ 4]


def _kept(world: World) -> list[bytes]:
    return [world.evm.storage_root(world.contracts[name]) for name in CONTRACTS]


# Twenty blocks of a hundred wrong signatures.
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_send_message_is_refused_when_anything_of_the_signature_is_wrong(
    world: World, record_property: Tell
) -> None:
    started, count, violations = time.monotonic(), 0, []
    for kind in sorted(SIGNERS):
        head, pause, keys = world.evm.head, world.evm.pause_seconds, dict(world.keys)
        bench = Bench(world, kind)
        before = _kept(world)
        batches = [list(bench.cases())]
        batches += [list(bench.proofs())] if kind == "KeyAddition" else []
        for cases in batches:
            count += len(cases)
            for case, told in zip(cases, bench.outcomes(cases), strict=True):
                if told != case.error:
                    violations.append((kind, case.name, case.error, told))
        assert _kept(world) == before
        world.evm.head, world.evm.pause_seconds, world.keys = head, pause, keys
    facts = {"goal": "signature matrix, contracts", "seed": SEED, "n": count}
    seconds = round(time.monotonic() - started, 1)
    told_facts = facts | {"violations": len(violations), "seconds": seconds}
    record_property("told", json.dumps(told_facts))
    assert violations == []
    assert count >= CASES_MIN


@pytest.mark.parametrize("kind", sorted(SIGNERS))
def test_send_message_is_accepted_when_the_signature_is_right(world: World, kind: str) -> None:
    bench = Bench(world, kind)
    key = "successor" if kind not in OWNERS else SIGNERS[kind]
    (_, told), *_ = world.send(bench.contract, bench.data(bench.signature(key))).events
    assert (told["id"], told["key"]) == (
        act_id(kind, bench.message),
        address_of(world.keys[key]),
    )
