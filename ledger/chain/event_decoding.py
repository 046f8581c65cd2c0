"""Decoders of our events, made once from the bindings: fixed slices where every field has 32 bytes.

`eth_abi` decodes what is dynamic, and is the oracle of the property test.
"""

from collections.abc import Callable, Sequence
from functools import cache
from operator import itemgetter
from struct import Struct
from typing import Any, TypeAlias

from eth_abi.abi import decode

from ledger.chain.bindings import EVENTS

_WORD = 32
_DYNAMIC = ("string", "bytes")
_BITS = {"address": 160, "bool": 1, "bytes32": 256}
_PLACES = {"address": "12x20s", "bool": "31x?", "bytes32": "32s"}

Fields: TypeAlias = dict[str, Any]
Decoder: TypeAlias = Callable[[bytes, bytes], Fields]
_Field: TypeAlias = tuple[str, str, bool]  # name, Solidity type, whether indexed


@cache
def decoders() -> dict[bytes, tuple[str, Decoder]]:
    """By first topic the event, and what gives the fields of its logs in their order.

    That takes the topics as one string of bytes, and data; it raises ValueError for a word that is
    no value of its type.
    """
    return {
        bytes.fromhex(event["topic"][2:]): (name, _decoder_of(name))
        for name, event in EVENTS.items()
    }


def _decoder_of(name: str) -> Decoder:
    fields = EVENTS[name]["fields"]
    if any(kind in _DYNAMIC for _, kind, _ in fields):
        return _by_library(fields)
    return _by_slices(fields)


def _by_slices(fields: Sequence[_Field]) -> Decoder:
    # A log has its indexed fields first, in its topics.
    placed = sorted(fields, key=lambda field: not field[2])
    layout = Struct(">" + "".join(_place_of(kind) for _, kind, _ in placed))
    in_order = itemgetter(*(placed.index(field) for field in fields))
    names = [name for name, _, _ in fields]
    topics_size = _WORD * (1 + sum(is_indexed for _, _, is_indexed in fields))
    unused = _unused_bits([kind for _, kind, _ in placed])
    wide = [(name, _read_wide(kind)) for name, kind, _ in fields if _is_wide(kind)]

    def fields_of(topics: bytes, data: bytes) -> Fields:
        words = topics[_WORD:] + data
        if len(topics) != topics_size or len(words) != layout.size:
            raise ValueError("a log of another shape than its event")
        if int.from_bytes(words, "big") & unused:
            raise ValueError("a word that is no value of its type")
        found = dict(zip(names, in_order(layout.unpack(words)), strict=True))
        for name, read in wide:
            found[name] = read(found[name])
        return found

    return fields_of


def _by_library(fields: Sequence[_Field]) -> Decoder:
    kinds = [kind for _, kind, is_indexed in fields if not is_indexed]

    def fields_of(topics: bytes, data: bytes) -> Fields:
        starts = range(_WORD, len(topics), _WORD)
        plain, indexed = iter(decode(kinds, data)), (topics[at : at + _WORD] for at in starts)
        return {
            name: plain_of(kind, decode([kind], next(indexed))[0] if is_indexed else next(plain))
            for name, kind, is_indexed in fields
        }

    return fields_of


def plain_of(kind: str, value: Any) -> Any:
    """Addresses as 20 bytes, where eth_abi gives hex text."""
    return bytes.fromhex(value[2:]) if kind == "address" else value


def _place_of(kind: str) -> str:
    """How `struct` reads a word of this type: numbers of up to 64 bits as such."""
    return "32s" if _is_wide(kind) else _PLACES.get(kind, "24xQ")


def _is_wide(kind: str) -> bool:
    """Whether it is a number that `struct` knows not."""
    return kind.startswith("int") or (kind.startswith("uint") and _bits(kind) > 64)


def _bits(kind: str) -> int:
    return _BITS.get(kind) or int(kind.removeprefix("u").removeprefix("int"))


def _unused_bits(kinds: Sequence[str]) -> int:
    """The bits of all words, as one number, that must be 0: those before a shorter type's value.

    The words of negative numbers start with ones: `_read_wide` looks at these.
    """
    unused = 0
    for kind in kinds:
        used = 256 if kind.startswith("int") else _bits(kind)
        unused = unused << 256 | (1 << 256) - (1 << used)
    return unused


def _read_wide(kind: str) -> Callable[[bytes], int]:
    is_signed = kind.startswith("int")
    beyond = 1 << _bits(kind) - is_signed

    def read(word: bytes) -> int:
        number = int.from_bytes(word, "big", signed=is_signed)
        if not -beyond <= number < beyond:
            raise ValueError("a word that is no value of its type")
        return number

    return read
