"""ABI coding by the generated bindings: messages, calls, events and errors.

Values are Python's: bytes for bytes32, address and bytes, int, bool, str.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from ledger import contract_errors
from ledger.chain.bindings import ERRORS, FUNCTIONS, MESSAGES
from ledger.chain.event_decoding import decoders, plain_of
from ledger.errors import Refusal

# Verbs that want to see an earlier message beside their own (contracts.md, section 5).
SHOWN_BY = {"Confirmation": "Statement", "Reopening": "Confirmation"}
_EMPTY_REASONS = (b"", b"\x00")


class Event(NamedTuple):
    """A decoded event of one of our contracts; `fields` has the Solidity names."""

    name: str
    fields: dict[str, Any]


@dataclass(eq=False)
class RevertUnknown(Refusal):
    """A revert that is in no ABI of ours."""

    data: bytes


def encode_message(message_type: str, message: Mapping[str, Any]) -> bytes:
    """The message as an ABI-encoded struct."""
    fields = MESSAGES[message_type]["fields"]
    return encode([_struct_type(message_type)], [tuple(message[name] for name, _ in fields)])


def decode_message(message_type: str, payload: bytes) -> dict[str, Any]:
    """The message of an ABI-encoded struct."""
    fields = MESSAGES[message_type]["fields"]
    (values,) = decode([_struct_type(message_type)], payload)
    return {name: plain_of(kind, value) for (name, kind), value in zip(fields, values, strict=True)}


def encode_call(
    message_type: str,
    payload: bytes,
    *,
    signature: bytes,
    shown: bytes | None = None,
    possession: bytes | None = None,
) -> bytes:
    """The calldata of the verb that takes this message: selector, structs, signatures."""
    binding = MESSAGES[message_type]
    function = FUNCTIONS[binding["contract"]][binding["verb"]]
    types = [SHOWN_BY[message_type], message_type] if shown is not None else [message_type]
    structs = [shown, payload] if shown is not None else [payload]
    values: list[Any] = [
        decode([_struct_type(kind)], data)[0] for kind, data in zip(types, structs, strict=True)
    ]
    proofs = [signature] if message_type != "KeyAddition" else [possession or b"", signature]
    return bytes.fromhex(function["selector"][2:]) + encode(function["inputs"], values + proofs)


def encode_batch(contract: str, calls: list[bytes], *, is_whole: bool = False) -> bytes:
    """The calldata of `batch`: all calls or none, or a refused one leaves a CallRefused event."""
    function = FUNCTIONS[contract]["batch"]
    return bytes.fromhex(function["selector"][2:]) + encode(function["inputs"], [calls, is_whole])


def encode_view(contract: str, view: str, arguments: list[Any]) -> bytes:
    """The calldata of a view."""
    function = FUNCTIONS[contract][view]
    return bytes.fromhex(function["selector"][2:]) + encode(function["inputs"], arguments)


def decode_view(contract: str, view: str, output: bytes) -> tuple[Any, ...]:
    """The values a view returned."""
    outputs = FUNCTIONS[contract][view]["outputs"]
    values = decode(outputs, output)
    return tuple(plain_of(kind, value) for kind, value in zip(outputs, values, strict=True))


def decode_event(topics: bytes, data: bytes) -> Event | None:
    """The event of a log, its topics in one; None for an event that is in no ABI of ours."""
    found = decoders().get(topics[:32])
    if found is None:
        return None
    name, fields_of = found
    return Event(name, fields_of(topics, data))


def decode_refusal(reason: bytes) -> Refusal:
    """The refusal that a revert's data encodes."""
    name = _errors_by_selector().get(reason[:4])
    if name is None:
        return RevertUnknown(reason)
    kinds = [kind for _, kind in ERRORS[name]["fields"]]
    try:
        values = decode(kinds, reason[4:])
    except (DecodingError, UnicodeDecodeError):
        return RevertUnknown(reason)
    plain = [plain_of(kind, value) for kind, value in zip(kinds, values, strict=True)]
    refusal: Refusal = getattr(contract_errors, name)(*plain)
    return refusal


@cache
def is_static(message_type: str) -> bool:
    """Whether every field has 32 bytes in the ABI, so that the message is its EIP-712 data."""
    return all(kind != "string" for _, kind in MESSAGES[message_type]["fields"])


@cache
def _struct_type(message_type: str) -> str:
    return "(" + ",".join(kind for _, kind in MESSAGES[message_type]["fields"]) + ")"


@cache
def _errors_by_selector() -> dict[bytes, str]:
    return {bytes.fromhex(error["selector"][2:]): name for name, error in ERRORS.items()}
