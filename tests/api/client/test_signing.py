"""What the client hashes is the message on the wire, field by field, as wallets do."""

from datetime import datetime
from typing import Any

import pytest
from eth_account.messages import _hash_eip191_message, encode_typed_data

from api.client.known import Known
from api.client.signing import (
    Signer,
    hash_of_wire,
    id_of,
    signature_of,
    values_of,
    wallet_request,
)
from api.nouns import NOUN_OF
from identity.errors import IdentifierMalformed, MessageMalformed
from identity.identifier import parse_identifier
from identity.signature import recover_address
from identity.typed_data import digest, struct_hash
from ledger.chain.bindings import CONTRACTS, MESSAGES
from ledger.errors import FieldInvalid
from ledger.messages import fields_of
from ledger.naming import snake_case
from tests.messages import DOCUMENT

KEY = bytes(31) + b"\x07"
KNOWN = Known(7, {name: bytes([n]) * 20 for n, name in enumerate(CONTRACTS)}, "88/SVC.0001", KEY)
TRANSFER: dict[str, Any] = {
    "from": "88.111/ENT.0002",
    "to": "88.111/ENT.0001",
    "asset": "PARK-2023",
    "tonnes": 66,
    "nonce": 1,
    "deadline": "2024-10-17T01:00:00Z",
}
_TEXTS = {
    "label": "FAC.0001",
    "period": "2023",
    "month": "2023-01",
    "asset": "PARK-2023",
    "kind": "facility",
    "scheme": "secp256k1",
    "opinion": "positive",
    "instrument": "park",
    "parameter": "电力 2023-03",
    "carrier": "steam",
}


def any_message(message_type: str) -> dict[str, Any]:
    """A message of that type whose every field has a value that fits."""
    return {
        snake_case(name): _value(snake_case(name), kind) for name, kind in _fields(message_type)
    }


def _fields(message_type: str) -> Any:
    return fields_of(message_type)


def _value(name: str, kind: str) -> Any:
    if name in _TEXTS:
        return _TEXTS[name]
    if kind == "bool":
        return True
    if kind == "address":
        return DOCUMENT[:42]
    if kind == "bytes32":
        named = name not in ("follows", "root", "document", "record", "rule_pack", "explanation")
        return _subject(name) if named else DOCUMENT
    return "2030-01-01T00:00:00Z" if kind == "uint48" else 7


def _subject(name: str) -> str:
    hashes = ("certificate", "reason", "report", "salt", "nonce")
    return DOCUMENT if name in hashes else "88.111/ENT.0001"


def test_hash_wire_gives_the_struct_hash_when_every_field_is_converted() -> None:
    values = {
        "from": parse_identifier("88.111/ENT.0002").hash,
        "to": parse_identifier("88.111/ENT.0001").hash,
        "asset": 1 << 56 | 2023 << 40,
        "tonnes": 66,
        "nonce": 1,
        "deadline": int(datetime.fromisoformat("2024-10-17T01:00:00Z").timestamp()),
    }
    expected = struct_hash("Transfer", MESSAGES["Transfer"]["fields"], values)
    assert hash_of_wire("Transfer", TRANSFER) == expected


@pytest.mark.parametrize("field", ["tonnes", "nonce"])
def test_hash_wire_gives_another_hash_when_one_field_differs(field: str) -> None:
    other = TRANSFER | {field: 67}
    assert hash_of_wire("Transfer", other) != hash_of_wire("Transfer", TRANSFER)


@pytest.mark.parametrize("message_type", [*NOUN_OF, "Access"])
def test_request_wallet_gives_our_digest_when_eth_account_hashes_it(message_type: str) -> None:
    message, domain = any_message(message_type), KNOWN.domain(message_type)
    request = wallet_request(message_type, message, domain=domain)
    theirs = _hash_eip191_message(encode_typed_data(full_message=request))
    assert theirs == digest(domain.separator, hash_of_wire(message_type, message))


def test_sign_gives_the_signers_address_back_when_it_is_recovered() -> None:
    domain, signer = KNOWN.domain("Transfer"), Signer("88.111/ENT.0002", 1, KEY)
    signature = signature_of("Transfer", TRANSFER, domain=domain, key=signer.key)
    signed = digest(domain.separator, hash_of_wire("Transfer", TRANSFER))
    assert "0x" + recover_address(signed, bytes.fromhex(signature[2:])).hex() == signer.address


def test_show_signer_hides_the_key_when_it_is_printed() -> None:
    assert repr(Signer("88/VER.0001", 1, KEY)) == "Signer(88/VER.0001, 1, ...)"


def test_name_act_ends_in_a_zero_when_its_stage_is_not_known_yet() -> None:
    assert id_of("Transfer", TRANSFER).endswith("00")


@pytest.mark.parametrize(
    ("changes", "pointer", "rule"),
    [
        ({"tonnes": "66"}, "/message/tonnes", "type:int"),
        ({"to": 7}, "/message/to", "type:str"),
        ({"asset": None}, "/message/asset", "type:str"),
        ({"more": 1}, "/message/more", "unknown"),
        ({"deadline": "tomorrow"}, "/message/deadline", "time"),
    ],
)
def test_read_message_is_refused_when_a_field_is_none_of_its_type(
    changes: dict[str, Any], pointer: str, rule: str
) -> None:
    with pytest.raises(FieldInvalid) as refused:
        values_of("Transfer", TRANSFER | changes)
    assert refused.value.errors == [{"pointer": pointer, "rule": rule}]


def test_read_message_is_refused_when_a_field_is_missing() -> None:
    with pytest.raises(FieldInvalid) as refused:
        values_of("Transfer", {name: value for name, value in TRANSFER.items() if name != "to"})
    assert refused.value.errors == [{"pointer": "/message/to", "rule": "missing"}]


@pytest.mark.parametrize("number", [-1, 2**64, True])
def test_hash_wire_is_refused_when_a_number_does_not_fit(number: int) -> None:
    with pytest.raises(MessageMalformed):
        hash_of_wire("Transfer", TRANSFER | {"tonnes": number})


def test_hash_wire_is_refused_when_an_identifier_is_none() -> None:
    with pytest.raises(IdentifierMalformed):
        hash_of_wire("Transfer", TRANSFER | {"to": "nobody"})
