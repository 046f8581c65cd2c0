"""EIP-712 digests of flat messages, checked field by field before anything is hashed.

A message is a mapping of its type's fields, no more and no less, to exact Python values: bytes,
int, bool, str. The fields of what a contract reads come from the generated bindings; those of
what is signed and never sent stand here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TypeAlias

from identity.errors import MessageMalformed
from identity.keccak import keccak256

Fields: TypeAlias = tuple[tuple[str, str], ...]
"""Names and Solidity types, in the order that is hashed."""
_Encoder: TypeAlias = Callable[[object], bytes]

DOMAIN_NAME = "carbonledger"  # of the messages below; their contract is Identifiers
DOMAIN_VERSION = "1"
FINDING: Fields = (
    ("report", "bytes32"),
    ("verifier", "bytes32"),
    ("parameter", "string"),
    ("document", "bytes32"),
    ("deadline", "uint48"),
)
DELIVERY: Fields = (
    ("supplier", "bytes32"),
    ("consumer", "bytes32"),
    ("month", "uint32"),
    ("carrier", "string"),
    ("megajoules", "uint64"),
    ("salt", "bytes32"),
    ("deadline", "uint48"),
)
ACCESS: Fields = (
    ("actor", "bytes32"),
    ("scopes", "uint16"),
    ("person", "uint32"),
    ("service", "bytes32"),
    ("nonce", "bytes32"),
    ("deadline", "uint48"),
)
ACKNOWLEDGEMENT: Fields = (
    ("id", "bytes32"),
    ("actor", "bytes32"),
    ("acceptedAt", "uint48"),
    ("carryBy", "uint48"),
    ("head", "bytes32"),
    ("service", "bytes32"),
)

_DOMAIN: Fields = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)
_INTEGER = re.compile(r"(u?)int([0-9]{1,3})")
_SAFE_BITS = 53  # of an integer in JavaScript (ECMA-262, Number.MAX_SAFE_INTEGER)


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a signature counts: one contract (20 bytes) of one chain.

    `separator` is its 32-byte hash. Raises MessageMalformed (name, version, chainId,
    verifyingContract).
    """

    name: str
    version: str
    chain_id: int
    contract: bytes
    separator: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        message = {
            "name": self.name,
            "version": self.version,
            "chainId": self.chain_id,
            "verifyingContract": self.contract,
        }
        object.__setattr__(self, "separator", struct_hash("EIP712Domain", _DOMAIN, message))


def type_string(name: str, fields: Fields) -> str:
    """The text whose hash names the type: `Name(type field,type field)`."""
    return f"{name}({','.join(f'{kind} {field_name}' for field_name, kind in fields)})"


def check_message(fields: Fields, message: Mapping[str, object]) -> None:
    """Raise MessageMalformed unless `message` has exactly these fields with exact values.

    Rules: unknown, missing, type (bool is no int, str no bytes, subclasses are refused),
    range, length (bytes32, address), utf8 (a lone surrogate).
    """
    _encode(_encoders(fields), message)


def struct_hash(name: str, fields: Fields, message: Mapping[str, object]) -> bytes:
    """The 32-byte hash of a message of type `name`; raises MessageMalformed as check_message."""
    return hash_of_data(name, fields, encode_data(fields, message))


def encode_data(fields: Fields, message: Mapping[str, object]) -> bytes:
    """EIP-712's encodeData: 32 bytes a field, of a string its hash; raises as check_message.

    Of a message without strings it is also its ABI encoding.
    """
    return _encode(_encoders(fields), message)


def hash_of_data(name: str, fields: Fields, data: bytes) -> bytes:
    """The 32-byte hash of a message of type `name` from its encoded data."""
    return keccak256(_type_hash(name, fields) + data)


def digest(separator: bytes, struct_hash: bytes) -> bytes:
    """The 32 bytes that are signed: a struct hash within a domain (both 32 bytes)."""
    assert len(separator) == len(struct_hash) == 32
    return keccak256(b"\x19\x01" + separator + struct_hash)


def act_id(struct_hash: bytes) -> bytes:
    """The id of a signed act: 31 bytes of its struct hash, then a zero (its stage on chain)."""
    assert len(struct_hash) == 32
    return struct_hash[:31] + b"\x00"


@lru_cache(maxsize=128)
def _type_hash(name: str, fields: Fields) -> bytes:
    return keccak256(type_string(name, fields).encode())


@lru_cache(maxsize=128)
def _encoders(fields: Fields) -> dict[str, _Encoder]:
    """What turns each field's value into its 32-byte word, in order."""
    return {field_name: _encoder(field_name, kind) for field_name, kind in fields}


def _encode(encoders: dict[str, _Encoder], message: Mapping[str, object]) -> bytes:
    if message.keys() != encoders.keys():
        _refuse_fields(encoders, message)
    return b"".join([encode(message[name]) for name, encode in encoders.items()])


def _refuse_fields(encoders: dict[str, _Encoder], message: Mapping[str, object]) -> None:
    for name in message:
        if name not in encoders:
            raise MessageMalformed(name, "unknown")
    for name in encoders:
        if name not in message:
            raise MessageMalformed(name, "missing")


def _encoder(name: str, kind: str) -> _Encoder:
    match kind:
        case "bytes32":
            return partial(_bytes_word, name, 32)
        case "address":
            return partial(_bytes_word, name, 20)
        case "bool":
            return partial(_bool_word, name)
        case "string":
            return partial(_string_word, name)
    return _integer_encoder(name, kind)


def _integer_encoder(name: str, kind: str) -> _Encoder:
    integer = _INTEGER.fullmatch(kind)
    assert integer, f"{name}: no message has a field of type {kind}"
    bits = int(integer[2])
    assert 8 <= bits <= 256
    assert bits % 8 == 0
    if integer[1]:
        return partial(_integer_word, name, 0, (1 << bits) - 1)
    return partial(_integer_word, name, -(1 << bits - 1), (1 << bits - 1) - 1)


def _bytes_word(name: str, size: int, value: object) -> bytes:
    if type(value) is not bytes:
        raise MessageMalformed(name, "type")
    if len(value) != size:
        raise MessageMalformed(name, "length")
    return value.rjust(32, b"\x00")


def _bool_word(name: str, value: object) -> bytes:
    if type(value) is not bool:
        raise MessageMalformed(name, "type")
    return value.to_bytes(32, "big")


def _integer_word(name: str, low: int, high: int, value: object) -> bytes:
    if type(value) is not int:
        raise MessageMalformed(name, "type")
    if not low <= value <= high:
        raise MessageMalformed(name, "range")
    return value.to_bytes(32, "big", signed=low < 0)


def _string_word(name: str, value: object) -> bytes:
    if type(value) is not str:
        raise MessageMalformed(name, "type")
    try:
        return keccak256(value.encode())
    except UnicodeEncodeError:
        raise MessageMalformed(name, "utf8") from None


def wallet_form(
    domain: Domain, name: str, fields: Fields, *, message: Mapping[str, object]
) -> dict[str, object]:
    """What a wallet's `eth_signTypedData_v4` takes: types, primaryType, domain, message.

    Bytes are hex; integers of more than 53 bits are decimal strings, as JavaScript needs them.
    """
    types = {"EIP712Domain": _DOMAIN, name: fields}
    return {
        "types": {
            type_name: [{"name": field_name, "type": kind} for field_name, kind in members]
            for type_name, members in types.items()
        },
        "primaryType": name,
        "domain": {
            "name": domain.name,
            "version": domain.version,
            "chainId": domain.chain_id,
            "verifyingContract": "0x" + domain.contract.hex(),
        },
        "message": {
            field_name: _wallet_value(kind, message[field_name]) for field_name, kind in fields
        },
    }


def _wallet_value(kind: str, value: object) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    integer = _INTEGER.fullmatch(kind)
    return str(value) if integer and int(integer[2]) > _SAFE_BITS else value
