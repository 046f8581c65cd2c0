"""Decoders of our events, made once from the bindings: fixed slices where every field has 32 bytes.

`eth_abi` decodes what is dynamic, and is the oracle of the property test.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from eth_abi.abi import decode

from ledger.chain.bindings import EVENTS

_WORD = 32
_DYNAMIC = ("string", "bytes")

Fields: TypeAlias = dict[str, Any]
_Read: TypeAlias = Callable[[bytes], Any]


@cache
def names_by_topic() -> dict[bytes, str]:
    """The event of each first topic."""
    return {bytes.fromhex(event["topic"][2:]): name for name, event in EVENTS.items()}


@cache
def decoder_of(name: str) -> Callable[[list[bytes], bytes], Fields]:
    """What gives the fields of a log of this event from its topics and data, in their order.

    It raises ValueError for a word that is no value of its type.
    """
    fields = EVENTS[name]["fields"]
    if any(kind in _DYNAMIC for _, kind, _ in fields):
        return _by_library(fields)
    return _by_slices(fields)


def _by_slices(fields: Any) -> Callable[[list[bytes], bytes], Fields]:
    topics_count = 1 + sum(is_indexed for _, _, is_indexed in fields)
    starts = range(0, _WORD * (len(fields) + 1 - topics_count), _WORD)
    topic_places, data_places = iter(range(topics_count - 1)), iter(range(topics_count - 1, 99))
    places = [
        (name, _reader_of(kind), next(topic_places) if is_indexed else next(data_places))
        for name, kind, is_indexed in fields
    ]

    def fields_of(topics: list[bytes], data: bytes) -> Fields:
        if len(topics) != topics_count or len(data) != _WORD * len(starts):
            raise ValueError("a log of another shape than its event")
        words = topics[1:] + [data[start : start + _WORD] for start in starts]
        return {name: read(words[place]) for name, read, place in places}

    return fields_of


def _by_library(fields: Any) -> Callable[[list[bytes], bytes], Fields]:
    kinds = [kind for _, kind, is_indexed in fields if not is_indexed]

    def fields_of(topics: list[bytes], data: bytes) -> Fields:
        plain, indexed = iter(decode(kinds, data)), iter(topics[1:])
        return {
            name: _reader_of(kind)(next(indexed)) if is_indexed else plain_of(kind, next(plain))
            for name, kind, is_indexed in fields
        }

    return fields_of


def plain_of(kind: str, value: Any) -> Any:
    """Addresses as 20 bytes, where eth_abi gives hex text."""
    return bytes.fromhex(value[2:]) if kind == "address" else value


@cache
def _reader_of(kind: str) -> _Read:
    if kind == "bytes32":
        return bytes
    if kind == "address":
        return _address
    if kind == "bool":
        return _bool
    if kind.startswith("uint"):
        return _unsigned(int(kind[4:]))
    return _signed(int(kind[3:]))


def _address(word: bytes) -> bytes:
    if any(word[:12]):
        raise ValueError("an address of more than 20 bytes")
    return word[12:]


def _bool(word: bytes) -> bool:
    return bool(_unsigned(1)(word))


@cache
def _unsigned(bits: int) -> _Read:
    beyond = 1 << bits

    def read(word: bytes) -> int:
        number = int.from_bytes(word, "big")
        if number >= beyond:
            raise ValueError("a number that its type does not hold")
        return number

    return read


@cache
def _signed(bits: int) -> _Read:
    beyond = 1 << (bits - 1)

    def read(word: bytes) -> int:
        number = int.from_bytes(word, "big", signed=True)
        if not -beyond <= number < beyond:
            raise ValueError("a number that its type does not hold")
        return number

    return read
