"""The roots by which a header commits to its block's transactions and receipts (EIP-2718)."""

from binascii import unhexlify
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, NamedTuple

from rlp.codec import encode_raw, length_prefix  # without looking for a type of each item
from trie.hexary import HexaryTrie

from identity.keccak import keccak256
from ledger.chain.hexadecimal import bytes_of, known_bytes_of

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
# RLP: a list's length is added to 0xC0, a string's to 0x80; a byte below that is its own string.
_LIST_OFFSET, _STRING_OFFSET = 0xC0, 0x80
_WORD_PREFIX, _ADDRESS_PREFIX = bytes([_STRING_OFFSET + 32]), bytes([_STRING_OFFSET + 20])
_TOPIC_TEXTS = frozenset({len("0x") + 2 * 32})
_DATA = frozenset({"to", "input"})


class RawLog(NamedTuple):
    """What a log is by consensus: its address, its topics of 32 bytes each in one, and data."""

    address: bytes
    topics: bytes
    data: bytes


def raw_log(log: dict[str, Any]) -> RawLog:
    """The bytes of a log in JSON-RPC form; raises ValueError for other lengths than a log's."""
    told = log["topics"]
    topics = unhexlify("".join(told).replace("0x", ""))
    address = known_bytes_of(log["address"])
    if len(address) != 20 or not _TOPIC_TEXTS.issuperset(map(len, told)):
        raise ValueError("an address has 20 bytes and a topic 32")
    if len(topics) != 32 * len(told):
        raise ValueError("a topic is not 0x and digits")
    return RawLog(address, topics, bytes_of(log["data"]))


def receipts_root(receipts: Sequence[dict[str, Any]], logs: Sequence[Sequence[RawLog]]) -> bytes:
    """The root of a block's receipts in JSON-RPC form with the logs of each, all in order."""
    return _root([_receipt(one, own) for one, own in zip(receipts, logs, strict=True)])


def transactions_root(transactions: Sequence[dict[str, Any]]) -> tuple[bytes, list[bytes]]:
    """The root of a block's transactions in JSON-RPC form, and the hash of each."""
    encoded = [_transaction(transaction) for transaction in transactions]
    return _root(encoded), [keccak256(one) for one in encoded]


def _root(items: Sequence[bytes]) -> bytes:
    trie = HexaryTrie({})
    for index, item in enumerate(items):
        trie[encode_raw(_big_endian(index))] = item
    return bytes(trie.root_hash)


def _receipt(receipt: dict[str, Any], logs: Sequence[RawLog]) -> bytes:
    head = (
        _minimal(receipt["status"]),
        _minimal(receipt["cumulativeGasUsed"]),
        bytes_of(receipt["logsBloom"]),
    )
    items = b"".join(map(encode_raw, head))
    items += _list(b"".join(map(_log, logs)))
    return _typed(receipt, _list(items))


def _log(log: RawLog) -> bytes:
    is_bare = len(log.data) == 1 and log.data[0] < _STRING_OFFSET
    before, before_topics, words, before_data = _frame(len(log.topics), len(log.data), is_bare)
    topics = _WORD_PREFIX.join(words.unpack(log.topics))
    return b"".join((before, log.address, before_topics, topics, before_data, log.data))


@lru_cache(maxsize=1_000)
def _frame(topics: int, data: int, is_bare: bool) -> tuple[bytes, bytes, Struct, bytes]:
    """What RLP writes before the address, the topics and the data of a log of these lengths.

    In third place what takes the topics apart into words.
    """
    words = Struct(topics // 32 * "32s")
    first = _WORD_PREFIX[: topics // 32]  # the others' prefixes stand between them
    topics_size = topics // 32 * len(_WORD_PREFIX) + topics
    before_topics = length_prefix(topics_size, _LIST_OFFSET)
    before_data = b"" if is_bare else length_prefix(data, _STRING_OFFSET)
    size = len(_ADDRESS_PREFIX) + 20 + len(before_topics) + topics_size + len(before_data) + data
    before = length_prefix(size, _LIST_OFFSET) + _ADDRESS_PREFIX
    return before, before_topics + first, words, before_data


def _list(items: bytes) -> bytes:
    """A list of items that are encoded already: a block has too many to go through them twice."""
    prefix: bytes = length_prefix(len(items), _LIST_OFFSET)
    return prefix + items


def _transaction(transaction: dict[str, Any]) -> bytes:
    kind = int(transaction.get("type") or "0x0", 16)
    return _typed(transaction, encode_raw([_field(name, transaction) for name in _FIELDS[kind]]))


def _field(name: str, transaction: dict[str, Any]) -> Any:
    value = transaction.get(name)
    if name == "accessList":
        return [
            [bytes_of(one["address"]), list(map(bytes_of, one["storageKeys"]))]
            for one in value or []
        ]
    if name == "blobVersionedHashes":
        return [bytes_of(one) for one in value or []]
    if name == "authorizationList":
        return [_authorization(one) for one in value or []]
    if name in _DATA:
        return bytes_of(value or "0x")
    return _minimal(value or "0x0")


def _authorization(given: dict[str, Any]) -> list[bytes]:
    names = ("chainId", "address", "nonce", *_SIGNATURE)
    return [bytes_of(given[name]) if name == "address" else _minimal(given[name]) for name in names]


def _typed(given: dict[str, Any], encoded: bytes) -> bytes:
    kind = int(given.get("type") or "0x0", 16)
    return encoded if kind == 0 else bytes([kind]) + encoded


def _minimal(quantity: str) -> bytes:
    return _big_endian(int(quantity, 16))


def _big_endian(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
