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
    indexed = [(name, _reader_of(kind)) for name, kind, is_indexed in fields if is_indexed]
    plain = [(name, _reader_of(kind)) for name, kind, is_indexed in fields if not is_indexed]
    order = [name for name, _, _ in fields]
    slices = [(name, read, at * _WORD, (at + 1) * _WORD) for at, (name, read) in enumerate(plain)]

    def fields_of(topics: list[bytes], data: bytes) -> Fields:
        if len(topics) != len(indexed) + 1 or len(data) != len(plain) * _WORD:
            raise ValueError("a log of another shape than its event")
        values = {
            name: read(topic) for (name, read), topic in zip(indexed, topics[1:], strict=True)
        }
        for name, read, start, end in slices:
            values[name] = read(data[start:end])
        return {name: values[name] for name in order}

    return fields_of


def _by_library(fields: Any) -> Callable[[list[bytes], bytes], Fields]:
    kinds = [kind for _, kind, is_indexed in fields if not is_indexed]

    def fields_of(topics: list[bytes], data: bytes) -> Fields:
        plain, indexed = iter(decode(kinds, data)), iter(topics[1:])
        return {
            name: _reader_of(kind)(next(indexed)) if is_indexed else _plain(kind, next(plain))
            for name, kind, is_indexed in fields
        }

    return fields_of


def _plain(kind: str, value: Any) -> Any:
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
    return bool(_ranged(int.from_bytes(word, "big"), 0, 2))


def _unsigned(bits: int) -> _Read:
    beyond = 1 << bits
    return lambda word: _ranged(int.from_bytes(word, "big"), 0, beyond)


def _signed(bits: int) -> _Read:
    beyond = 1 << (bits - 1)
    return lambda word: _ranged(int.from_bytes(word, "big", signed=True), -beyond, beyond)


def _ranged(number: int, least: int, beyond: int) -> int:
    if not least <= number < beyond:
        raise ValueError("a number that its type does not hold")
    return number
