"""Messages, calls and answers in the words of the bindings, with an encoder that is not ours."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_account.messages import encode_typed_data
from eth_keys.datatypes import PrivateKey
from eth_utils.crypto import keccak

from ledger.chain.bindings import ERRORS, EVENTS, FUNCTIONS, MESSAGES
from tests.contracts.evm import CHAIN_ID

Message = Mapping[str, Any]


def address_of(key: PrivateKey) -> bytes:
    """The 20 bytes that a key is known by on chain."""
    return key.public_key.to_canonical_address()


def _signable(kind: str, message: Message, contract: bytes, **domain: Any) -> Any:
    usual = {"name": MESSAGES[kind]["contract"], "version": "1", "chainId": CHAIN_ID}
    return encode_typed_data(
        domain_data=usual | {"verifyingContract": contract} | domain,
        message_types={
            kind: [{"name": name, "type": type_} for name, type_ in MESSAGES[kind]["fields"]]
        },
        message_data=dict(message),
    )


def act_id(kind: str, message: Message) -> bytes:
    """The first 31 bytes of the EIP-712 struct hash, then a zero."""
    struct_hash: bytes = _signable(kind, message, bytes(20)).body
    return struct_hash[:31] + b"\0"


def digest_of(kind: str, message: Message, *, contract: bytes, **domain: Any) -> bytes:
    """What is signed; `domain` is what of it is not as usual."""
    signable = _signable(kind, message, contract, **domain)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def sign(kind: str, message: Message, *, key: PrivateKey, contract: bytes, **domain: Any) -> bytes:
    """A key's signature of a message for a contract: r, s, v of 27 or 28."""
    digest = digest_of(kind, message, contract=contract, **domain)
    signature: bytes = key.sign_msg_hash(digest).to_bytes()
    return signature[:64] + bytes([27 + signature[64]])


def call_data(contract: str, function: str, *values: Any) -> bytes:
    """The data that calls a function."""
    binding = FUNCTIONS[contract][function]
    return bytes.fromhex(binding["selector"][2:]) + encode(binding["inputs"], values)


def verb_data(
    kind: str, message: Message, *signatures: bytes, shown: Message | None = None
) -> bytes:
    """The data that calls the verb of a message, which may show an earlier message."""
    binding = MESSAGES[kind]
    structs = [message] if shown is None else [shown, message]
    values = [tuple(struct.values()) for struct in structs]
    return call_data(binding["contract"], binding["verb"], *values, *signatures)


def decode_output(contract: str, function: str, output: bytes) -> Any:
    """What a view returned; a single value alone."""
    types = FUNCTIONS[contract][function]["outputs"]
    values = tuple(map(_plain, types, decode(types, output)))
    return values[0] if len(values) == 1 else values


def decode_event(topics: list[bytes], data: bytes) -> tuple[str, dict[str, Any]]:
    """Name and fields of an event."""
    name = _named(tuple((event["topic"], name) for name, event in EVENTS.items()))[topics[0]]
    fields = EVENTS[name]["fields"]
    indexed = iter(topics[1:])
    plain = iter(decode([type_ for _, type_, is_indexed in fields if not is_indexed], data))
    values = {
        field: _plain(type_, decode([type_], next(indexed))[0] if is_indexed else next(plain))
        for field, type_, is_indexed in fields
    }
    return name, values


def decode_refusal(output: bytes) -> tuple[str, dict[str, Any]]:
    """Name and arguments of an error."""
    name = _named(tuple((error["selector"], name) for name, error in ERRORS.items()))[output[:4]]
    fields = ERRORS[name]["fields"]
    values = decode([type_ for _, type_ in fields], output[4:])
    return name, {
        field: _plain(type_, value) for (field, type_), value in zip(fields, values, strict=True)
    }


@cache
def _named(names: tuple[tuple[str, str], ...]) -> dict[bytes, str]:
    return {bytes.fromhex(text[2:]): name for text, name in names}


def _plain(type_: str, value: Any) -> Any:
    return bytes.fromhex(value[2:]) if type_ == "address" else value
