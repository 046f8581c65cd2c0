"""A park on chain: the three contracts, its participants and their keys, all by public verbs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from ledger.chain.bindings import KINDS, MESSAGES, RIGHTS, SECTORS
from tests.contracts import acts
from tests.contracts.acts import Message, address_of, sign
from tests.contracts.evm import CARRIER, Evm, Mined, Reverted

ROOT = Path(__file__).resolve().parents[2]
RECOVERY_DELAY = 7 * 24 * 3600
DEADLINE = 4_000_000_000
FOREVER = 2**48 - 1
FOUNDERS = tuple(PrivateKey(keccak(text=f"founder {number}")) for number in (1, 2, 3))
_DEPLOY_GAS = 10_000_000
_ACT_GAS = 1_000_000


def key_named(name: str) -> PrivateKey:
    """The same key for the same name."""
    return PrivateKey(keccak(text=name))


def child_id(parent: bytes, separator: str, label: str) -> bytes:
    """The identifier of a label below a parent."""
    return keccak(parent + separator.encode() + keccak(text=label))[:28] + bytes(4)


def rights(*names: str) -> int:
    """The bits of these rights."""
    return sum(RIGHTS[name] for name in names)


def creation_code(contract: str) -> bytes:
    """The committed creation code of a contract or test contract."""
    folders = (ROOT / "ledger/chain/artifacts", ROOT / "tests/contracts/artifacts")
    paths = (folder / f"{contract}.json" for folder in folders)
    path = next(path for path in paths if path.is_file())
    return bytes.fromhex(json.loads(path.read_text("utf-8"))["bytecode"][2:])


@dataclass(frozen=True, slots=True)
class Told:
    """What an act left: its events in order, and its gas."""

    events: tuple[tuple[str, dict[str, Any]], ...]
    gas: int


class World:
    """Contracts, identifiers and keys by name."""

    def __init__(self) -> None:
        self.evm = Evm()
        self.ids: dict[str, bytes] = {"ROOT": child_id(bytes(32), ".", "88")}
        self.keys: dict[str, PrivateKey] = {"ROOT": FOUNDERS[0]}
        self.contracts: dict[str, bytes] = {}
        module = child_id(self.ids["ROOT"], "/", "EMISSIONS")
        founders = [address_of(founder) for founder in FOUNDERS]
        identifiers = self._create(
            "Identifiers", ["string", "address[]", "uint48"], ["88", founders, RECOVERY_DELAY]
        )
        quotas = self._create("Quotas", ["address"], [identifiers])
        types = ["address", "address", "bytes32"]
        self._create("Emissions", types, [identifiers, quotas, module])
        self._people()

    def _create(self, contract: str, types: list[str], values: list[Any]) -> bytes:
        self.contracts[contract] = self.deploy(contract, types, values).created
        return self.contracts[contract]

    def deploy(self, contract: str, types: list[str], values: list[Any]) -> Mined:
        """Create a contract; raises Reverted."""
        return self.evm.send(b"", creation_code(contract) + encode(types, values), gas=_DEPLOY_GAS)

    def _people(self) -> None:
        """The tree of a park: authorities below the root, enterprises below the park's prefix."""
        self._enrol("REGULATOR", "REG.1", rights("ACCREDIT", "CONFIRM", "ADMIT", "FREEZE"))
        self._enrol("VERIFIER", "VER.1", rights("ATTEST"))
        self._enrol("PARK", "PARK.1", rights("REGISTER", "REPORT", "MOVE"))
        self._enrol("SERVICE", "SVC.1", 0)
        self._second_person()
        self._module()
        self.register("ROOT", "PREFIX", "111", kind="PREFIX", owner="PARK")
        member = rights("REGISTER", "REPORT", "MOVE")
        for number in (1, 2):
            enterprise, prefix = f"ENTERPRISE{number}", f"PREFIX{number}"
            self.register("PREFIX", enterprise, f"ENT.{number}", kind="ENTERPRISE", owner="PARK")
            self.add_key(enterprise, enterprise, giver="PARK", rights=member)
            self.register("PREFIX", prefix, str(number), kind="PREFIX", owner=enterprise)
            name = f"FACILITY{number}"
            self.register(prefix, name, "FAC.1", kind="FACILITY", owner=enterprise)
        self._admissions()

    def _enrol(self, kind: str, label: str, key_rights: int) -> None:
        self.register("ROOT", kind, label, kind=kind, owner="ROOT")
        self.add_key(kind, kind, rights=key_rights)

    def _module(self) -> None:
        self.register("ROOT", "MODULE", "EMISSIONS", kind="MODULE", owner="ROOT")
        message = self.key_addition("MODULE", address=self.contracts["Emissions"])
        self.act("KeyAddition", message | {"rights": rights("OBLIGE"), "scheme": 2}, key="ROOT")

    def _second_person(self) -> None:
        """The regulator's other person, who issues; the owner's addition waits for its delay."""
        self.keys["ISSUER"] = key_named("ISSUER")
        valid_from = self.evm.next_time + RECOVERY_DELAY
        message = self.key_addition("REGULATOR", address=address_of(self.keys["ISSUER"]))
        message |= {"person": 2, "rights": rights("ISSUE", "RELEASE"), "validFrom": valid_from}
        self.act("KeyAddition", message, key="ROOT")
        self.evm.pause_seconds = RECOVERY_DELAY

    def _admissions(self) -> None:
        for subject in ("ENTERPRISE1", "ENTERPRISE2", "PARK"):
            self.set_standing(subject, 7)
        steel = 1 << SECTORS["STEEL"]
        authority, verifier = self.ids["REGULATOR"], self.ids["VERIFIER"]
        accreditation = (authority, verifier, 0, FOREVER, steel, bytes(32), 1, DEADLINE)
        self.act("Accreditation", struct("Accreditation", accreditation), key="REGULATOR")
        for number in (1, 2):
            enterprise = self.ids[f"ENTERPRISE{number}"]
            years = (2020, 2030, steel, 0, 1, DEADLINE)
            assignment = struct("Assignment", (authority, verifier, enterprise, *years))
            self.act("Assignment", assignment, key="REGULATOR")

    def register(self, parent: str, name: str, label: str, *, kind: str, owner: str) -> None:
        """Register an identifier by the key of the one who may."""
        is_prefix = kind == "PREFIX"
        separator = "." if is_prefix else "/"
        registrars = {"PREFIX": "PARK", "PREFIX1": "ENTERPRISE1", "PREFIX2": "ENTERPRISE2"}
        values = (label, is_prefix, KINDS[kind], self.ids[owner], bytes(32), DEADLINE)
        message = struct("Registration", (self.ids[parent], *values))
        self.act("Registration", message, key=registrars.get(parent, parent))
        self.ids[name] = child_id(self.ids[parent], separator, label)

    def key_addition(self, participant: str, *, address: bytes) -> dict[str, Any]:
        """The addition of a key of person 1 without rights, valid at once and for ever."""
        values = (self.ids[participant], address, 1, 0, 0, 0, FOREVER, DEADLINE)
        return struct("KeyAddition", values)

    def add_key(self, participant: str, name: str, *, giver: str = "ROOT", rights: int) -> None:
        """Add the key of this name to a participant, for its person 1."""
        self.keys[name] = key_named(name)
        message = self.key_addition(participant, address=address_of(self.keys[name]))
        self.act("KeyAddition", message | {"rights": rights}, key=giver)

    def set_standing(self, subject: str, standing: int) -> None:
        """Let the regulator set a standing."""
        revision = self.view("Identifiers", "entryOf", self.ids[subject])[3] + 1
        reason = bytes(32)
        authority, subject_id = self.ids["REGULATOR"], self.ids[subject]
        values = (authority, subject_id, standing, revision, reason, DEADLINE)
        self.act("StandingChange", struct("StandingChange", values), key="REGULATOR")

    def data(
        self, kind: str, message: Message, *, key: str, shown: Message | None = None
    ) -> tuple[bytes, bytes]:
        """The contract and the data of a signed act; a new key of ours proves itself."""
        contract = self.contracts[MESSAGES[kind]["contract"]]
        signatures = [sign(kind, message, key=self.keys[key], contract=contract)]
        if kind == "KeyAddition":
            signatures.insert(0, self._proof(message, contract))
        return contract, acts.verb_data(kind, message, *signatures, shown=shown)

    def _proof(self, message: Message, contract: bytes) -> bytes:
        owned = {address_of(key): key for key in self.keys.values()}
        key = owned.get(message["addedKey"])
        return b"" if key is None else sign("KeyAddition", message, key=key, contract=contract)

    def act(self, kind: str, message: Message, *, key: str, shown: Message | None = None) -> Told:
        """Carry an act signed by the key of this name; raises Reverted."""
        return self.send(*self.data(kind, message, key=key, shown=shown))

    def refusal(
        self, kind: str, message: Message, *, key: str, shown: Message | None = None
    ) -> tuple[str, dict[str, Any]]:
        """The error and its arguments with which an act is refused."""
        return self.call_refusal(*self.data(kind, message, key=key, shown=shown))

    def send(self, to: bytes, data: bytes, *, sender: PrivateKey = CARRIER) -> Told:
        """Carry call data; raises Reverted."""
        mined = self.evm.send(to, data, sender=sender, gas=_ACT_GAS * 50)
        events = tuple(acts.decode_event(topics, log) for _, topics, log in mined.logs)
        return Told(events, mined.gas)

    def call_refusal(
        self, to: bytes, data: bytes, *, sender: bytes = bytes(20)
    ) -> tuple[str, dict[str, Any]]:
        """The error and its arguments with which a call is refused."""
        try:
            self.evm.call(to, data, sender=sender)
        except Reverted as reverted:
            return acts.decode_refusal(reverted.output)
        raise AssertionError("the call was not refused")

    def view(self, contract: str, function: str, *values: Any) -> Any:
        """What a view returns; raises Reverted."""
        data = acts.call_data(contract, function, *values)
        output = self.evm.call(self.contracts[contract], data, sender=bytes(20))
        return acts.decode_output(contract, function, output)

    def view_refusal(self, contract: str, function: str, *values: Any) -> tuple[str, Any]:
        """The error and its arguments with which a view reverts."""
        data = acts.call_data(contract, function, *values)
        return self.call_refusal(self.contracts[contract], data)


def struct(kind: str, values: tuple[Any, ...]) -> dict[str, Any]:
    """A message from its values in the order of its type."""
    return {name: value for (name, _), value in zip(MESSAGES[kind]["fields"], values, strict=True)}


def told(kind: str, message: Message, *, key: bytes, **more: Any) -> Mapping[str, Any]:
    """The fields of an act's event: id, key, every field of the message, and more."""
    return {"id": acts.act_id(kind, message), "key": key} | dict(message) | more
