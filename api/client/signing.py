"""Signing offline: the digest of a wire message from the message and the domain alone.

Whoever signs computes the digest himself; no service is asked and none could change it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from api.fields import (
    ENUMS,
    IDENTIFIER_FIELDS,
    PERIOD_FIELDS,
    TIME_FIELDS,
    from_wire,
    hex_text,
    invalid,
)
from identity.keys import address_of
from identity.signature import sign_digest
from identity.typed_data import Domain, Fields, act_id, digest, struct_hash
from ledger.messages import fields_of
from ledger.naming import snake_case

_NUMBER_MAX = 2**53 - 1  # what an IEEE 754 double holds exactly
_DOMAIN: Fields = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
)


@dataclass(frozen=True, slots=True)
class Signer:
    """One who signs with a key of 32 bytes: which person of which participant."""

    participant: str
    person: int
    key: bytes

    @classmethod
    def from_keystore(
        cls, path: Path, *, passphrase: str, participant: str, person: int = 1
    ) -> Self:
        """The signer whose key lies encrypted in a file; raises KeystoreUnreadable."""
        from identity.keystore import read_keystore

        return cls(participant, person, read_keystore(path, passphrase=passphrase))

    @property
    def address(self) -> str:
        """The address of the key: 0x and 40 digits."""
        return hex_text(address_of(self.key))

    def __repr__(self) -> str:
        return f"Signer({self.participant}, {self.person}, ...)"


def values_of(message_type: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """The exact values of a complete wire message by their Solidity names.

    Raises FieldInvalid, IdentifierMalformed, PeriodMalformed, AssetMalformed.
    """
    fields = fields_of(message_type)
    unknown = message.keys() - {snake_case(name) for name, _ in fields}
    if unknown:
        raise invalid(f"/message/{min(unknown)}", "unknown")
    return {name: _value(snake_case(name), kind, message) for name, kind in fields}


def _value(name: str, kind: str, message: Mapping[str, Any]) -> Any:
    pointer = f"/message/{name}"
    if name not in message:
        raise invalid(pointer, "missing")
    value = message[name]
    may_be_null = kind in ("bytes32", "address") or name in TIME_FIELDS
    if not (value is None and may_be_null) and not isinstance(value, wire_type(name, kind)):
        raise invalid(pointer, f"type:{wire_type(name, kind).__name__}")
    return from_wire(name, kind, value, pointer=pointer)


def wire_type(name: str, kind: str) -> type:
    """The JSON type of a field: str, int or bool; `kind` is its Solidity type."""
    named = IDENTIFIER_FIELDS | PERIOD_FIELDS | TIME_FIELDS | ENUMS.keys() | {"asset"}
    if name in named or kind in ("bytes32", "address", "string"):
        return str
    return bool if kind == "bool" else int


def hash_of_wire(message_type: str, message: Mapping[str, Any]) -> bytes:
    """The 32-byte struct hash of a wire message; raises as `values_of`, MessageMalformed."""
    return struct_hash(message_type, fields_of(message_type), values_of(message_type, message))


def id_of(message_type: str, message: Mapping[str, Any]) -> str:
    """The act id of a complete wire message, in hex."""
    return hex_text(act_id(hash_of_wire(message_type, message)))


def signature_of(
    message_type: str, message: Mapping[str, Any], *, domain: Domain, key: bytes
) -> str:
    """The signature of a wire message in hex; raises KeyMalformed and as `hash_of_wire`."""
    return hex_text(sign_digest(key, digest(domain.separator, hash_of_wire(message_type, message))))


def envelope(message: Mapping[str, Any], *, domain: Domain, signature: str) -> dict[str, Any]:
    """What is posted: the message, the domain it was signed for, the signature."""
    signed_for = {"chain_id": domain.chain_id, "contract": hex_text(domain.contract)}
    return {"message": dict(message), "domain": signed_for, "signature": signature}


def wallet_request(
    message_type: str, message: Mapping[str, Any], *, domain: Domain
) -> dict[str, Any]:
    """The message as `eth_signTypedData_v4` takes it, for signing elsewhere."""
    values = values_of(message_type, message)
    told = {
        "name": domain.name,
        "version": domain.version,
        "chainId": domain.chain_id,
        "verifyingContract": hex_text(domain.contract),
    }
    types = {"EIP712Domain": _DOMAIN, message_type: fields_of(message_type)}
    return {
        "types": {
            name: [{"name": field, "type": kind} for field, kind in fields]
            for name, fields in types.items()
        },
        "primaryType": message_type,
        "domain": told,
        "message": {name: _for_wallet(value) for name, value in values.items()},
    }


def _for_wallet(value: Any) -> Any:
    """A value as JSON that wallets read whole: an asset is more than their numbers hold."""
    if isinstance(value, bytes):
        return hex_text(value)
    is_large = isinstance(value, int) and value > _NUMBER_MAX
    return str(value) if is_large else value
