"""The same wrong signatures as in tests/contracts, at the door: a stable code, and nothing kept."""

import json
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from api.client.signing import hash_of_wire
from api.fields import hex_text
from api.nouns import NOUNS
from identity.signature import sign_digest
from identity.typed_data import Domain, digest
from ledger.chain.bindings import RIGHTS
from ledger.outbox.act import domain_of
from tests.api.world import World
from tests.park import FOR_EVER
from tests.signatures import fault, signer, spoiled

SEED = 20_260_101
FLIPS = 48
SIGNATURE_MAX = 66  # bytes that the form of a request has room for, so that one too many is told
CASES_MIN = 2_000
STRANGERS = ("stranger", "enterprise 2", "park", "verifier 2", "founder 2", "regulator")
# Who also may, as the owner or as the other side.
OWNERS = {
    "KeyAddition": "park",
    "KeyEnding": "park",
    "Registration": "park",
    "RecordChange": "park",
}
STALE = ("early", "retired", "compromised")
WRONG_KEY = frozenset({"KeyNotValid", "KeyRightMissing"})
# Another value may name nobody, or something that the rest of the message does not go with.
OTHER_VALUE = frozenset(
    {"KeyNotValid", "IdentifierUnknown", "StandingMissing", "FieldInvalid", "PeriodMalformed"}
)
Tell = Callable[[str, object], None]


@dataclass(frozen=True, slots=True)
class Case:
    """A body that must be refused: how it was made wrong, and the codes that may answer it."""

    name: str
    body: dict[str, Any]
    codes: frozenset[str]


class Door:
    """The valid body of a type, and ways to send it wrong."""

    def __init__(self, world: World, message_type: str) -> None:
        self.world, self.type = world, message_type
        self.body = world.bodies[message_type]
        self.usual = world.acts[message_type][1]
        self.domain = domain_of(world.park.ledger.manifest, message_type)
        self.source = random.Random(f"{SEED} {message_type}")

    def signed(self, domain: Domain, key: str = "") -> dict[str, Any]:
        hashed = hash_of_wire(self.type, self.body["message"])
        secret = self.world.park.key(key or self.usual)
        return self.body | {
            "signature": hex_text(sign_digest(secret, digest(domain.separator, hashed)))
        }

    def cases(self) -> Iterator[Case]:
        yield from self._domains()
        yield from self._fields()
        yield from self._keys()
        for deadline in ("2022-11-30T23:59:59Z", "1970-01-01T00:00:01Z", None):
            late = self.world.body(self.type, deadline=deadline)
            yield Case(f"deadline {deadline}", late, frozenset({"SignatureExpired"}))
        signature = bytes.fromhex(self.body["signature"][2:])
        for name, twin in spoiled(signature, flips=FLIPS, source=self.source):
            yield Case(name, self.body | {"signature": hex_text(twin)}, self._fate(twin))
        yield Case("empty", self.body | {"signature": "0x"}, frozenset({"SignatureMalformed"}))

    def _fate(self, signature: bytes) -> frozenset[str]:
        if len(signature) > SIGNATURE_MAX:
            return frozenset({"FieldInvalid"})
        hashed = hash_of_wire(self.type, self.body["message"])
        signed = digest(self.domain.separator, hashed)
        is_malformed = fault(signature) != "" or signer(signed, signature) is None
        return frozenset({"SignatureMalformed" if is_malformed else "KeyNotValid"})

    def _domains(self) -> Iterator[Case]:
        """Told to be of another domain, and signed for another than is told."""
        told, domain = self.body["domain"], self.domain
        for chain in (domain.chain_id + 1, domain.chain_id - 1, 1):
            body = self.body | {"domain": told | {"chain_id": chain}}
            yield Case(f"told chain {chain}", body, frozenset({"ChainMismatch"}))
            body = self.signed(replace(domain, chain_id=chain))
            yield Case(f"signed chain {chain}", body, frozenset({"KeyNotValid"}))
        manifest = self.world.park.ledger.manifest
        others = {manifest.address_of(name) for name in ("Identifiers", "Emissions", "Quotas")}
        for contract in sorted({*others, b"\1" * 20} - {domain.contract}):
            body = self.body | {"domain": told | {"contract": hex_text(contract)}}
            yield Case("told contract", body, frozenset({"ContractMismatch"}))
            body = self.signed(replace(domain, contract=contract))
            yield Case("signed contract", body, frozenset({"KeyNotValid"}))
        for name in {"Identifiers", "Emissions", "Quotas", "carbonledger", ""} - {domain.name}:
            body = self.signed(replace(domain, name=name))
            yield Case("signed name", body, frozenset({"KeyNotValid"}))
        for version in ("", "2"):
            body = self.signed(replace(domain, version=version))
            yield Case("signed version", body, frozenset({"KeyNotValid"}))

    def _fields(self) -> Iterator[Case]:
        # The new key's own signature is looked at first.
        more = {"KeyProofWrong"} if self.type == "KeyAddition" else set()
        for field, value in self.body["message"].items():
            for other in _others(value):
                body = self.body | {"message": self.body["message"] | {field: other}}
                yield Case(f"{field} {other}", body, OTHER_VALUE | more)

    def _keys(self) -> Iterator[Case]:
        stale = STALE if self.usual == "enterprise 1" else ()
        strangers = {*STRANGERS, *stale} - {self.usual, OWNERS.get(self.type, "")}
        for name in sorted(strangers):
            yield Case(f"key {name}", self.signed(self.domain, name), WRONG_KEY)


def _others(value: Any) -> list[Any]:
    """Other values of a field that still have its form; none for names of a closed list."""
    match value:
        case bool():
            return [not value]
        case int():
            return [value ^ 1, value ^ 2]
        case str() if re.fullmatch(r"0x[0-9a-f]+", value):
            return [f"{value[:4]}{int(value[4], 16) ^ bit:x}{value[5:]}" for bit in (1, 8)]
        case str() if re.fullmatch(r"[0-9]+", value) and len(value) != 4:
            return [str(int(value) ^ 1), str(int(value) ^ 2)]
        case str() if re.match(r"(88[./]|20[0-9]{2})", value):
            return [value[:-1] + chr(ord(value[-1]) ^ 1)] if value[-1] != "Z" else [_later(value)]
    return []


def _later(stamp: str) -> str:
    return f"{stamp[:2]}{int(stamp[2:4]) ^ 1:02}{stamp[4:]}"


def _add_early_key(world: World) -> None:
    """A key of the first enterprise that begins in some years."""
    park = world.park
    addition = park.key_addition("88.111/ENT.0001", "early", RIGHTS["REPORT"] | RIGHTS["MOVE"])
    later = {"valid_from": "2039-01-01T00:00:00Z", "valid_until": FOR_EVER}
    park.act("KeyAddition", addition | later, signer="enterprise 1")
    world.wait_until_idle()


def _violations(world: World, message_type: str) -> tuple[int, list[tuple[str, ...]]]:
    """How many cases of a type were asked, and those that were not answered as they must be."""
    before, count = (world.kept(), world.head()), 0
    wrong: list[tuple[str, ...]] = []
    for case in Door(world, message_type).cases():
        count += 1
        answer = world.park.post(
            message_type, case.body, wait=False, key="refusal", by="enterprise 1"
        )
        code = str(answer.json().get("code"))
        if answer.is_success or code not in case.codes:
            wrong.append((message_type, case.name, str(answer.status_code), code))
    if (world.kept(), world.head()) != before:
        wrong.append((message_type, "something was kept"))
    return count, wrong


# Two thousand requests.
@pytest.mark.slow
@pytest.mark.timeout(400)
def test_refuse_keeps_nothing_when_anything_of_the_signature_is_wrong(
    world: World, record_property: Tell
) -> None:
    _add_early_key(world)
    started, count = time.monotonic(), 0
    violations: list[tuple[str, ...]] = []
    for message_type in NOUNS.values():
        asked, wrong = _violations(world, message_type)
        count, violations = count + asked, violations + wrong
    facts = {"goal": "signature matrix, door", "seed": SEED, "n": count}
    seconds = round(time.monotonic() - started, 1)
    record_property("told", json.dumps(facts | {"violations": len(violations), "seconds": seconds}))
    assert violations == []
    assert count >= CASES_MIN
    for message_type in NOUNS.values():
        answer = world.park.post(message_type, world.bodies[message_type], wait=False)
        assert answer.is_success, (message_type, answer.text)
