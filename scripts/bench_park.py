"""A park on a chain in memory, in which each act is signed by a key that has signed nothing yet.

The chain is the embedded one; gas is that of receipts, every transaction on cold slots.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from eth_abi.abi import encode
from eth_account import Account
from eth_utils.crypto import keccak
from eth_utils.hexadecimal import decode_hex

from identity.identifier import child_hash
from identity.keys import address_of
from identity.signature import sign_digest
from identity.typed_data import Domain, act_id, digest, struct_hash
from ledger.chain.bindings import EVENTS, KINDS, MESSAGES, RIGHTS, SCHEMES, SECTORS
from ledger.chain.codec import encode_batch, encode_call, encode_message
from ledger.chain.deploy import creation_code
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.node import Node

FOREVER = 2**48 - 1
BATCH = 50
_ALL_RIGHTS = sum(RIGHTS.values()) - RIGHTS["CUSTODIAL"]
_FOUNDERS = tuple(keccak(text=f"founder {number}") for number in (1, 2, 3))
_STEEL = 1 << SECTORS["STEEL"]
_STANDING = 7  # active, holds, sends
_GAS = 100_000_000
_STATUS_DONE = 1
_CARRIED = 100  # prepared acts in one transaction
_CALL_REFUSED = decode_hex(EVENTS["CallRefused"]["topic"])

Message = dict[str, Any]


class _MemoryEntries:
    """Entries that live as long as the measurement."""

    def __init__(self) -> None:
        self._entries: dict[bytes, bytes] = {}

    def get(self, key: bytes) -> bytes | None:
        return self._entries.get(key)

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        for key, value in entries.items():
            if value is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = value


class _SecondByBlock:
    """Time that passes with the blocks, one second each."""

    def __init__(self) -> None:
        self._latest = 0

    def now(self) -> int:
        return self._latest

    def block_time(self, parent: int) -> int:
        self._latest = parent + 1
        return self._latest


class BenchPark:
    """The three contracts, a regulator, a verifier, and enterprises with a facility each."""

    def __init__(self, *, enterprises: int, node: Node | None = None) -> None:
        """On the embedded chain in memory, or on a node that makes a block of each transaction."""
        embedded = EmbeddedNode(_MemoryEntries(), _SecondByBlock())
        self._node: Node = node or embedded
        self._seal = embedded.seal if node is None else lambda: False
        self._chain_id = int(self._node.request("eth_chainId", []), 16)
        self._carrier = Account.from_key(keccak(text="carrier"))
        self._nonce = 0
        self._keys_made = 0
        self._prepared: list[bytes] = []
        self._domains: dict[str, Domain] = {}
        self.ids = {"ROOT": child_hash(bytes(32), is_prefix=True, label="88")}
        self._deploy()
        self._enrol(enterprises)

    def _deploy(self) -> None:
        founders = ["0x" + address_of(founder).hex() for founder in _FOUNDERS]
        module = child_hash(self.ids["ROOT"], is_prefix=False, label="EMISSIONS")
        # Without a recovery delay, so that new persons can be added at any time.
        types = ["string", "address[]", "uint48"]
        identifiers = self._create("Identifiers", types, ["88", founders, 0])
        quotas = self._create("Quotas", ["address"], [identifiers])
        types = ["address", "address", "bytes32"]
        self._create("Emissions", types, [identifiers, quotas, module])

    def _create(self, contract: str, types: list[str], values: list[Any]) -> bytes:
        receipt = self._send(b"", creation_code(contract) + encode(types, values))
        address = decode_hex(receipt["contractAddress"])
        self._domains[contract] = Domain(contract, "1", self._chain_id, address)
        return address

    def _enrol(self, enterprises: int) -> None:
        for kind, label in (("REGULATOR", "REG.1"), ("VERIFIER", "VER.1"), ("MODULE", "EMISSIONS")):
            self._prepare("Registration", self._registration(kind, label, kind=kind, owner="ROOT"))
        module = self._addition("MODULE", self._domains["Emissions"].contract, person=1)
        self._prepare("KeyAddition", module | {"scheme": SCHEMES["CONTRACT"]})
        regulator = self.fresh("REGULATOR")
        pair = (self.ids["REGULATOR"], self.ids["VERIFIER"])
        values = (*pair, 0, FOREVER, _STEEL, bytes(32), 1, FOREVER)
        self._prepare("Accreditation", struct("Accreditation", values), key=regulator)
        for number in range(enterprises):
            self._enrol_enterprise(number, regulator)

    def _enrol_enterprise(self, number: int, regulator: bytes) -> None:
        name, facility = f"ENTERPRISE{number}", f"FACILITY{number}"
        for subject, label, kind, owner in (
            (name, f"ENT.{number:04}", "ENTERPRISE", "ROOT"),
            (facility, f"FAC.{number:04}", "FACILITY", name),
        ):
            message = self._registration(subject, label, kind=kind, owner=owner)
            self._prepare("Registration", message)
        authority, enterprise = self.ids["REGULATOR"], self.ids[name]
        standing = (authority, enterprise, _STANDING, 1, bytes(32), FOREVER)
        self._prepare("StandingChange", struct("StandingChange", standing), key=regulator)
        pair = (authority, self.ids["VERIFIER"], enterprise)
        assigned = (*pair, 2020, 2030, _STEEL, 0, 1, FOREVER)
        self._prepare("Assignment", struct("Assignment", assigned), key=regulator)

    def _registration(self, name: str, label: str, *, kind: str, owner: str) -> Message:
        """The registration of an identifier below the root, which gets this name here."""
        root, is_prefix = self.ids["ROOT"], kind == "PREFIX"
        self.ids[name] = child_hash(root, is_prefix=is_prefix, label=label)
        values = (root, label, is_prefix, KINDS[kind], self.ids[owner], bytes(32), FOREVER)
        return struct("Registration", values)

    def register(self, label: str, *, kind: str) -> int:
        """Register an identifier of the root; its gas."""
        key = self.fresh("ROOT")
        return self.act(
            "Registration", self._registration(label, label, kind=kind, owner="ROOT"), key=key
        )

    def fresh(self, participant: str) -> bytes:
        """The key of a new person of a participant, with all rights."""
        self._keys_made += 1
        key = keccak(text=f"person {self._keys_made}")
        message = self._addition(participant, address_of(key), person=self._keys_made)
        proof = self._sign("KeyAddition", message, key)
        self._prepare("KeyAddition", message, possession=proof)
        return key

    def add_key(self, participant: str, key: bytes, *, person: int, giver: bytes) -> int:
        """Add a key that proves itself; its gas."""
        message = self._addition(participant, address_of(key), person=person)
        proof = self._sign("KeyAddition", message, key)
        return self.act("KeyAddition", message, key=giver, possession=proof)

    def _addition(self, participant: str, address: bytes, *, person: int) -> Message:
        validity = (0, FOREVER, FOREVER)
        values = (self.ids[participant], address, person, _ALL_RIGHTS, 0, *validity)
        return struct("KeyAddition", values)

    def _prepare(
        self, kind: str, message: Message, *, key: bytes = _FOUNDERS[0], **more: Any
    ) -> None:
        """Have an act carried, together with others, before the next that is measured."""
        self._prepared.append(self.call(kind, message, key=key, **more))

    def _carry_prepared(self) -> None:
        while self._prepared:
            calls, self._prepared = self._prepared[:_CARRIED], self._prepared[_CARRIED:]
            self._carry("Identifiers", encode_batch("Identifiers", calls))

    def call(
        self,
        kind: str,
        message: Message,
        *,
        key: bytes,
        shown: Message | None = None,
        possession: bytes | None = None,
    ) -> bytes:
        """The call data of a signed act."""
        earlier = {"Confirmation": "Statement", "Reopening": "Confirmation"}.get(kind)
        shown_bytes = None
        if shown is not None and earlier is not None:
            shown_bytes = encode_message(earlier, shown)
        return encode_call(
            kind,
            encode_message(kind, message),
            signature=self._sign(kind, message, key),
            shown=shown_bytes,
            possession=possession,
        )

    def _sign(self, kind: str, message: Message, key: bytes) -> bytes:
        binding = MESSAGES[kind]
        hashed = struct_hash(kind, binding["fields"], message)
        return sign_digest(key, digest(self._domains[binding["contract"]].separator, hashed))

    def act(self, kind: str, message: Message, *, key: bytes, **more: Any) -> int:
        """Carry one act alone in a transaction; its gas."""
        self._carry_prepared()
        data = self.call(kind, message, key=key, **more)
        return self._carry(MESSAGES[kind]["contract"], data)

    def batch(self, contract: str, calls: Sequence[bytes]) -> float:
        """Carry calls in one transaction; gas of each."""
        self._carry_prepared()
        return self._carry(contract, encode_batch(contract, list(calls))) / len(calls)

    def _carry(self, contract: str, data: bytes) -> int:
        receipt = self._send(self._domains[contract].contract, data)
        topics = [decode_hex(log["topics"][0]) for log in receipt["logs"]]
        assert _CALL_REFUSED not in topics, "a call of a batch was refused"
        return int(receipt["gasUsed"], 16)

    def _send(self, to: bytes, data: bytes) -> dict[str, Any]:
        signed = self._carrier.sign_transaction(
            {
                "to": to,
                "data": data,
                "gas": _GAS,
                "gasPrice": 0,
                "value": 0,
                "nonce": self._nonce,
                "chainId": self._chain_id,
            }
        )
        self._nonce += 1
        hash_ = self._node.request("eth_sendRawTransaction", ["0x" + signed.raw_transaction.hex()])
        while (receipt := self._receipt(hash_)) is None:
            self._seal()
        assert int(receipt["status"], 16) == _STATUS_DONE, "a measured act was refused"
        return receipt

    def _receipt(self, transaction: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._node.request(
            "eth_getTransactionReceipt", [transaction]
        )
        return found

    def address_of(self, contract: str) -> bytes:
        """Where a contract is."""
        return self._domains[contract].contract

    def code_bytes(self) -> dict[str, int]:
        """The size of each contract's code."""
        codes = {
            contract: self._node.request("eth_getCode", ["0x" + domain.contract.hex()])
            for contract, domain in self._domains.items()
        }
        return {contract: len(decode_hex(code)) for contract, code in codes.items()}


def struct(kind: str, values: tuple[Any, ...]) -> Message:
    """A message from its values in the order of its type."""
    return {name: value for (name, _), value in zip(MESSAGES[kind]["fields"], values, strict=True)}


def id_of(kind: str, message: Message) -> bytes:
    """The act id of a message."""
    return act_id(struct_hash(kind, MESSAGES[kind]["fields"], message))
