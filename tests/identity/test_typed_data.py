"""Messages are refused before they are hashed unless they fit their type exactly."""

from enum import IntEnum
from typing import Any

import pytest
from eth_utils.crypto import keccak

from identity.errors import MessageMalformed
from identity.typed_data import (
    Domain,
    act_id,
    check_message,
    digest,
    struct_hash,
    type_string,
)

_FIELDS = (
    ("subject", "bytes32"),
    ("key", "address"),
    ("isPrefix", "bool"),
    ("label", "string"),
    ("kind", "uint8"),
    ("asset", "uint64"),
    ("tonnes", "int64"),
)
_MESSAGE: dict[str, Any] = {
    "subject": bytes(32),
    "key": bytes(20),
    "isPrefix": True,
    "label": "ENT.1",
    "kind": 2,
    "asset": 5,
    "tonnes": -5,
}


class _Kind(IntEnum):
    ENTERPRISE = 2


class _Text(str):
    """A text that could compare or encode as it likes."""

    __slots__ = ()


_BROKEN: dict[str, tuple[str, object, str]] = {
    "text for bytes": ("subject", "0x" + "00" * 32, "type"),
    "bytearray": ("subject", bytearray(32), "type"),
    "31 bytes": ("subject", bytes(31), "length"),
    "33 bytes": ("subject", bytes(33), "length"),
    "address of 32": ("key", bytes(32), "length"),
    "address as text": ("key", "0x" + "00" * 20, "type"),
    "int for bool": ("isPrefix", 1, "type"),
    "text for bool": ("isPrefix", "true", "type"),
    "bytes for text": ("label", b"ENT.1", "type"),
    "subclass of text": ("label", _Text("ENT.1"), "type"),
    "lone surrogate": ("label", "\ud800", "utf8"),
    "null text": ("label", None, "type"),
    "bool for int": ("kind", True, "type"),
    "text for int": ("asset", "5", "type"),
    "hex for int": ("asset", "0x5", "type"),
    "fraction for int": ("asset", 5.0, "type"),
    "enum for int": ("kind", _Kind.ENTERPRISE, "type"),
    "null int": ("asset", None, "type"),
    "uint8 too large": ("kind", 256, "range"),
    "uint8 negative": ("kind", -1, "range"),
    "uint64 too large": ("asset", 2**64, "range"),
    "int64 too large": ("tonnes", 2**63, "range"),
    "int64 too small": ("tonnes", -(2**63) - 1, "range"),
}


@pytest.mark.parametrize("judge", ["check", "hash"])
@pytest.mark.parametrize(("name", "value", "rule"), _BROKEN.values(), ids=_BROKEN)
def test_message_is_refused_when_a_value_is_not_exact(
    name: str, value: object, rule: str, judge: str
) -> None:
    message = _MESSAGE | {name: value}
    with pytest.raises(MessageMalformed) as refusal:
        if judge == "check":
            check_message(_FIELDS, message)
        else:
            struct_hash("Thing", _FIELDS, message)
    assert refusal.value.code == "MessageMalformed"
    assert refusal.value.facts == {"field": name, "rule": rule}


@pytest.mark.parametrize("name", [name for name, _ in _FIELDS])
def test_message_is_refused_when_a_field_is_missing(name: str) -> None:
    message = {other: value for other, value in _MESSAGE.items() if other != name}
    with pytest.raises(MessageMalformed) as refusal:
        struct_hash("Thing", _FIELDS, message)
    assert refusal.value.facts == {"field": name, "rule": "missing"}


def test_message_is_refused_when_a_field_is_unknown() -> None:
    with pytest.raises(MessageMalformed) as refusal:
        check_message(_FIELDS, _MESSAGE | {"memo": "hello"})
    assert refusal.value.facts == {"field": "memo", "rule": "unknown"}


@pytest.mark.parametrize(
    ("name", "value"),
    [("kind", 0), ("kind", 255), ("asset", 2**64 - 1), ("tonnes", 2**63 - 1), ("tonnes", -(2**63))],
)
def test_check_accepts_when_integer_is_at_its_bound(name: str, value: int) -> None:
    check_message(_FIELDS, _MESSAGE | {name: value})


def test_struct_hash_ignores_order_when_message_is_a_mapping() -> None:
    reversed_message = dict(reversed(_MESSAGE.items()))
    assert struct_hash("Thing", _FIELDS, reversed_message) == struct_hash(
        "Thing", _FIELDS, _MESSAGE
    )


def test_type_string_follows_the_standard_when_fields_are_given() -> None:
    fields = (("from", "bytes32"), ("tonnes", "uint64"))
    assert type_string("Transfer", fields) == "Transfer(bytes32 from,uint64 tonnes)"


def test_act_id_ends_in_zero_when_struct_hash_is_cut() -> None:
    assert act_id(b"\xff" * 32) == b"\xff" * 31 + b"\x00"


def test_digest_binds_domain_and_struct_when_both_are_given() -> None:
    expected = keccak(b"\x19\x01" + b"\x01" * 32 + b"\x02" * 32)
    assert digest(b"\x01" * 32, b"\x02" * 32) == expected


@pytest.mark.parametrize(
    ("chain_id", "contract", "name", "rule"),
    [
        (-1, bytes(20), "chainId", "range"),
        (2**256, bytes(20), "chainId", "range"),
        (1, bytes(19), "verifyingContract", "length"),
    ],
)
def test_domain_is_refused_when_a_part_is_not_exact(
    chain_id: int, contract: bytes, name: str, rule: str
) -> None:
    with pytest.raises(MessageMalformed) as refusal:
        Domain("Quotas", "1", chain_id, contract)
    assert refusal.value.facts == {"field": name, "rule": rule}
