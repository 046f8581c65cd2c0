"""Putting the three contracts on a chain, each knowing those it stands on."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files

from eth_abi.abi import encode
from eth_hash.auto import keccak
from eth_utils.hexadecimal import decode_hex

from ledger.chain.bindings import CONTRACTS
from ledger.chain.node import Node, NodeUnreachable
from ledger.chain.sender import Sender

_CREATION_GAS = 8_000_000
_PATIENCE_SECONDS = 60  # for a block


@dataclass(frozen=True, slots=True)
class Deployed:
    """A contract on chain: its address and the hash of its code."""

    address: bytes
    code_hash: bytes


@dataclass(frozen=True, slots=True)
class Founding:
    """What the constructor of Identifiers wants: the root's label and its first persons."""

    root_label: str
    founders: tuple[bytes, ...]
    recovery_delay_seconds: int
    module: bytes  # the identifier that Emissions will have: `<root>/EMISSIONS`


def deploy(
    node: Node, sender: Sender, *, founding: Founding, progress: Callable[[], object]
) -> dict[str, Deployed]:
    """Create Identifiers, Quotas, Emissions in this order; `progress` lets blocks be sealed."""
    founders = ["0x" + founder.hex() for founder in founding.founders]
    deployed: dict[str, Deployed] = {}

    def create(contract: str, types: list[str], values: list[object]) -> str:
        code = creation_code(contract) + encode(types, values)
        deployed[contract] = _create(node, sender, code=code, progress=progress)
        return "0x" + deployed[contract].address.hex()

    identifiers = create(
        "Identifiers",
        ["string", "address[]", "uint48"],
        [founding.root_label, founders, founding.recovery_delay_seconds],
    )
    quotas = create("Quotas", ["address"], [identifiers])
    create("Emissions", ["address", "address", "bytes32"], [identifiers, quotas, founding.module])
    return deployed


def creation_code(contract: str) -> bytes:
    """The committed creation code of a contract, without its constructor's arguments."""
    artifact = files("ledger.chain").joinpath("artifacts", f"{contract}.json")
    code: str = json.loads(artifact.read_text("utf-8"))["bytecode"]
    return bytes.fromhex(code.removeprefix("0x"))


def creation_hash() -> bytes:
    """One hash over the creation code of all three contracts: this version's law."""
    return keccak(b"".join(keccak(creation_code(contract)) for contract in CONTRACTS))


def code_hash(node: Node, address: bytes) -> bytes:
    """The hash of the code at this address now (EIP-1052)."""
    return keccak(decode_hex(node.request("eth_getCode", ["0x" + address.hex(), "latest"])))


def _create(node: Node, sender: Sender, *, code: bytes, progress: Callable[[], object]) -> Deployed:
    transaction = sender.sign_creation(code, gas=_CREATION_GAS, nonce=sender.chain_nonce())
    sender.send(transaction.raw)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while (receipt := sender.receipt(transaction.hash)) is None:
        if time.monotonic() > deadline:
            raise NodeUnreachable(f"no block took the contracts within {_PATIENCE_SECONDS} s")
        progress()
        time.sleep(0.01)
    assert int(receipt["status"], 16) == 1, "a constructor of ours reverted"
    address = decode_hex(receipt["contractAddress"])
    return Deployed(address, code_hash(node, address))
