"""ABI coding by the bindings: what goes in comes out, and what is unknown is said to be so."""

from itertools import islice
from typing import Any

import pytest
from eth_abi.abi import decode, encode

from ledger.chain.bindings import ERRORS, EVENTS, FUNCTIONS, MESSAGES
from ledger.chain.codec import (
    SHOWN_BY,
    RevertUnknown,
    decode_event,
    decode_message,
    decode_refusal,
    encode_batch,
    encode_call,
    encode_message,
)
from tests.identity.generated_messages import generate_messages

VALUES = 60
SIGNATURE, POSSESSION = b"\x01" * 65, b"\x02" * 65


def generated(name: str, fields: Any) -> list[dict[str, Any]]:
    """Values for these fields; `bytes`, which no message has, as a fixed text."""
    plain = [(field, kind) for field, kind in fields if kind != "bytes"]
    opaque = {field: b"\x00opaque\xff" for field, kind in fields if kind == "bytes"}
    return [made | opaque for made in islice(generate_messages(name, tuple(plain)), VALUES)]


def selector(binding: Any) -> bytes:
    return bytes.fromhex(binding["selector"][2:])


def plain(kind: str, value: Any) -> Any:
    return bytes.fromhex(value[2:]) if kind == "address" else value


@pytest.mark.parametrize("message_type", MESSAGES)
def test_decode_message_gives_what_was_encoded_when_values_are_generated(
    message_type: str,
) -> None:
    for message in generated(message_type, MESSAGES[message_type]["fields"]):
        assert decode_message(message_type, encode_message(message_type, message)) == message


@pytest.mark.parametrize("message_type", MESSAGES)
def test_encode_call_gives_the_verb_s_arguments_when_all_proofs_are_there(
    message_type: str,
) -> None:
    binding = MESSAGES[message_type]
    function = FUNCTIONS[binding["contract"]][binding["verb"]]
    message = generated(message_type, binding["fields"])[7]
    shown_type = SHOWN_BY.get(message_type)
    shown = generated(shown_type, MESSAGES[shown_type]["fields"])[8] if shown_type else None
    data = encode_call(
        message_type,
        encode_message(message_type, message),
        signature=SIGNATURE,
        shown=encode_message(shown_type, shown) if shown_type and shown else None,
        possession=POSSESSION if message_type == "KeyAddition" else None,
    )
    arguments = decode(function["inputs"], data[4:])
    structs = [shown, message] if shown else [message]
    proofs = [POSSESSION, SIGNATURE] if message_type == "KeyAddition" else [SIGNATURE]
    assert data[:4] == selector(function)
    assert list(arguments[len(structs) :]) == proofs
    for struct, values in zip(structs, arguments, strict=False):
        assert [value for value in struct.values() if not isinstance(value, bytes)] == [
            value
            for value, given in zip(values, struct.values(), strict=True)
            if not isinstance(given, bytes)
        ]


@pytest.mark.parametrize("contract", ["Identifiers", "Emissions", "Quotas"])
def test_encode_batch_asks_for_no_all_or_nothing_when_calls_are_given(contract: str) -> None:
    function = FUNCTIONS[contract]["batch"]
    data = encode_batch(contract, [b"\x01", b"\x02\x03"])
    assert data[:4] == selector(function)
    assert decode(function["inputs"], data[4:]) == ((b"\x01", b"\x02\x03"), False)


@pytest.mark.parametrize("event", EVENTS)
def test_decode_event_gives_every_field_when_values_are_generated(event: str) -> None:
    fields = EVENTS[event]["fields"]
    for values in generated(event, [(name, kind) for name, kind, _ in fields]):
        topics = [(kind, values[name]) for name, kind, is_indexed in fields if is_indexed]
        indexed = [encode([kind], [value]) for kind, value in topics]
        rest = [(kind, values[name]) for name, kind, is_indexed in fields if not is_indexed]
        data = encode([kind for kind, _ in rest], [value for _, value in rest])
        told = decode_event(bytes.fromhex(EVENTS[event]["topic"][2:]) + b"".join(indexed), data)
        assert told is not None
        assert (told.name, told.fields) == (event, values)


def test_decode_event_gives_none_when_the_topic_is_foreign() -> None:
    assert decode_event(b"\x07" * 32, b"") is None


@pytest.mark.parametrize("error", ERRORS)
def test_decode_refusal_gives_code_and_facts_when_the_error_is_ours(error: str) -> None:
    fields = ERRORS[error]["fields"]
    for values in generated(error, fields):
        data = encode([kind for _, kind in fields], [values[name] for name, _ in fields])
        refusal = decode_refusal(selector(ERRORS[error]) + data)
        assert (refusal.code, list(refusal.facts.values())) == (error, list(values.values()))


@pytest.mark.parametrize(
    "reason",
    [
        b"",
        b"\x00",
        b"\xff\xff\xff\xff",
        b"\xff\xff\xff\xff" + bytes(32),
        selector(ERRORS["FigureOutOfDate"]) + bytes(31),
        selector(ERRORS["IdentifierLabelBad"]) + b"\xff" * 32,
        selector(ERRORS["IdentifierLabelBad"])
        + encode(["bytes"], [b"\xff\xfe"]),  # no text of ours is not UTF-8
        bytes.fromhex("08c379a0") + encode(["string"], ["a foreign revert"]),
    ],
    ids=["empty", "zero", "bare", "foreign", "cut", "wild", "not-utf8", "string"],
)
def test_decode_refusal_says_unknown_when_the_data_is_no_error_of_ours(reason: bytes) -> None:
    refusal = decode_refusal(reason)
    assert isinstance(refusal, RevertUnknown)
    assert refusal.facts == {"data": reason}
