"""Roots of generated blocks: ours are the library's."""

from typing import Any

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from trie.hexary import HexaryTrie

from ledger.chain.roots import raw_log, receipts_root


def hexed(least: int, most: int) -> st.SearchStrategy[str]:
    return st.binary(min_size=least, max_size=most).map(lambda value: "0x" + value.hex())


LOGS = st.fixed_dictionaries(
    {
        "address": hexed(20, 20),
        "topics": st.lists(hexed(32, 32), max_size=4),
        "data": hexed(0, 300),
    }
)
RECEIPTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["0x0", "0x1", "0x2", "0x3", "0x4"]),
        "status": st.sampled_from(["0x0", "0x1"]),
        "cumulativeGasUsed": st.integers(0, 2**40).map(hex),
        "logsBloom": hexed(256, 256),
        "logs": st.lists(LOGS, max_size=4),
    }
)


def by_library(receipts: list[dict[str, Any]]) -> bytes:
    """The same root by rlp's own way, which looks at the type of every item."""
    trie = HexaryTrie({})
    for index, one in enumerate(receipts):
        logs = [
            [bytes.fromhex(log["address"][2:]), [bytes.fromhex(t[2:]) for t in log["topics"]],
             bytes.fromhex(log["data"][2:])]
            for log in one["logs"]
        ]  # fmt: skip
        status, gas = int(one["status"], 16), int(one["cumulativeGasUsed"], 16)
        encoded = rlp.encode([status, gas, bytes.fromhex(one["logsBloom"][2:]), logs])
        kind = int(one["type"], 16)
        trie[rlp.encode(index)] = encoded if kind == 0 else bytes([kind]) + encoded
    return bytes(trie.root_hash)


@given(st.lists(RECEIPTS, max_size=20))
def test_hash_receipts_gives_the_librarys_root_when_a_block_is_any(
    receipts: list[dict[str, Any]],
) -> None:
    logs = [[raw_log(log) for log in one["logs"]] for one in receipts]
    assert receipts_root(receipts, logs) == by_library(receipts)


@pytest.mark.parametrize(
    "change",
    [
        {"address": "0x00"},
        {"topics": ["0x" + "00" * 31]},
        {"topics": ["0x" + "00" * 31, "0x" + "00" * 33]},
    ],
)
def test_read_log_is_refused_when_a_length_is_none_of_a_log(change: dict[str, Any]) -> None:
    log = {"address": "0x" + "00" * 20, "topics": [], "data": "0x"}
    with pytest.raises(ValueError, match="20 bytes"):
        raw_log(log | change)
