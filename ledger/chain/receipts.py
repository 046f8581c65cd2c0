"""The root of a block's receipts, by which its header commits to every log (EIP-2718)."""

from collections.abc import Sequence
from typing import Any

import rlp
from eth_utils.hexadecimal import decode_hex
from trie.hexary import HexaryTrie


def receipts_root(receipts: Sequence[dict[str, Any]]) -> bytes:
    """The receipts root of a block's receipts in JSON-RPC form, all of them in order."""
    nodes: dict[bytes, bytes] = {}
    trie = HexaryTrie(nodes)
    with trie.squash_changes() as changed:
        for index, receipt in enumerate(receipts):
            changed[rlp.encode(index)] = _encoded(receipt)
    return bytes(trie.root_hash)


def _encoded(receipt: dict[str, Any]) -> bytes:
    kind = int(receipt.get("type") or "0x0", 16)
    logs = [_log(log) for log in receipt["logs"]]
    body: bytes = rlp.encode(
        [
            _minimal(receipt["status"]),
            _minimal(receipt["cumulativeGasUsed"]),
            decode_hex(receipt["logsBloom"]),
            logs,
        ]
    )
    return body if kind == 0 else bytes([kind]) + body


def _log(log: dict[str, Any]) -> list[Any]:
    topics = [decode_hex(topic) for topic in log["topics"]]
    return [decode_hex(log["address"]), topics, decode_hex(log["data"])]


def _minimal(quantity: str) -> bytes:
    number = int(quantity, 16)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
