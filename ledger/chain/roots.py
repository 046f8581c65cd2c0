"""The roots by which a header commits to its block's transactions and receipts (EIP-2718)."""

from collections.abc import Sequence
from typing import Any

import rlp
from eth_hash.auto import keccak
from eth_utils.hexadecimal import decode_hex
from trie.hexary import HexaryTrie

_FEES = ("maxPriorityFeePerGas", "maxFeePerGas")
_CALL = ("gas", "to", "value", "input")
_SIGNATURE = ("yParity", "r", "s")
# Of each type of transaction its fields in order: EIP-155, 2930, 1559, 4844, 7702.
_FIELDS = {
    0: ("nonce", "gasPrice", *_CALL, "v", "r", "s"),
    1: ("chainId", "nonce", "gasPrice", *_CALL, "accessList", *_SIGNATURE),
    2: ("chainId", "nonce", *_FEES, *_CALL, "accessList", *_SIGNATURE),
    3: (
        "chainId", "nonce", *_FEES, *_CALL, "accessList",
        "maxFeePerBlobGas", "blobVersionedHashes", *_SIGNATURE,
    ),
    4: ("chainId", "nonce", *_FEES, *_CALL, "accessList", "authorizationList", *_SIGNATURE),
}  # fmt: skip
_DATA = frozenset({"to", "input"})


def receipts_root(receipts: Sequence[dict[str, Any]]) -> bytes:
    """The root of a block's receipts in JSON-RPC form, all of them in order."""
    return _root([_receipt(receipt) for receipt in receipts])


def transactions_root(transactions: Sequence[dict[str, Any]]) -> tuple[bytes, list[bytes]]:
    """The root of a block's transactions in JSON-RPC form, and the hash of each."""
    encoded = [_transaction(transaction) for transaction in transactions]
    return _root(encoded), [keccak(one) for one in encoded]


def _root(items: Sequence[bytes]) -> bytes:
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    with trie.squash_changes() as changed:
        for index, item in enumerate(items):
            changed[rlp.encode(index)] = item
    return bytes(trie.root_hash)


def _receipt(receipt: dict[str, Any]) -> bytes:
    logs = [
        [decode_hex(log["address"]), list(map(decode_hex, log["topics"])), decode_hex(log["data"])]
        for log in receipt["logs"]
    ]
    body = [
        _minimal(receipt["status"]),
        _minimal(receipt["cumulativeGasUsed"]),
        decode_hex(receipt["logsBloom"]),
        logs,
    ]
    return _typed(receipt, body)


def _transaction(transaction: dict[str, Any]) -> bytes:
    kind = int(transaction.get("type") or "0x0", 16)
    return _typed(transaction, [_field(name, transaction) for name in _FIELDS[kind]])


def _field(name: str, transaction: dict[str, Any]) -> Any:
    value = transaction.get(name)
    if name == "accessList":
        return [
            [decode_hex(one["address"]), list(map(decode_hex, one["storageKeys"]))]
            for one in value or []
        ]
    if name == "blobVersionedHashes":
        return [decode_hex(one) for one in value or []]
    if name == "authorizationList":
        return [_authorization(one) for one in value or []]
    if name in _DATA:
        return decode_hex(value or "0x")
    return _minimal(value or "0x0")


def _authorization(given: dict[str, Any]) -> list[bytes]:
    names = ("chainId", "address", "nonce", *_SIGNATURE)
    return [
        decode_hex(given[name]) if name == "address" else _minimal(given[name]) for name in names
    ]


def _typed(given: dict[str, Any], body: list[Any]) -> bytes:
    kind = int(given.get("type") or "0x0", 16)
    encoded: bytes = rlp.encode(body)
    return encoded if kind == 0 else bytes([kind]) + encoded


def _minimal(quantity: str) -> bytes:
    number = int(quantity, 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
