"""Fixed slices give what eth_abi gives, and refuse what it refuses."""

from typing import Any

import pytest
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.bindings import EVENTS
from ledger.chain.codec import decode_event


def values_of(kind: str) -> st.SearchStrategy[Any]:
    """Any value of a Solidity type, as eth_abi takes it."""
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1)
    if kind.startswith("int"):
        half = 2 ** (int(kind[3:]) - 1)
        return st.integers(-half, half - 1)
    return {
        "bytes32": st.binary(min_size=32, max_size=32),
        "address": st.binary(min_size=20, max_size=20),
        "bool": st.booleans(),
        "string": st.text(max_size=80),
        "bytes": st.binary(max_size=80),
    }[kind]


@st.composite
def logs(draw: st.DrawFn) -> tuple[str, dict[str, Any], bytes, bytes]:
    """An event, its values, and the log the EVM makes of them."""
    name = draw(st.sampled_from(sorted(EVENTS)))
    fields = EVENTS[name]["fields"]
    values = {field: draw(values_of(kind)) for field, kind, _ in fields}
    topics = [encode([kind], [values[field]]) for field, kind, is_indexed in fields if is_indexed]
    plain = [(kind, values[field]) for field, kind, is_indexed in fields if not is_indexed]
    data = encode([kind for kind, _ in plain], [value for _, value in plain])
    return name, values, topic_of(name) + b"".join(topics), data


def topic_of(name: str) -> bytes:
    return bytes.fromhex(EVENTS[name]["topic"][2:])


@given(logs())
def test_decode_gives_what_was_encoded_when_any_event_is_read(log: Any) -> None:
    name, values, topics, data = log
    event = decode_event(topics, data)
    assert event is not None
    assert (event.name, event.fields) == (name, values)
    assert list(event.fields) == [field for field, _, _ in EVENTS[name]["fields"]]


@given(st.data())
def test_decode_refuses_what_the_library_refuses_when_a_word_is_any(data: st.DataObject) -> None:
    statics = sorted(
        name
        for name, event in EVENTS.items()
        if all(kind not in ("string", "bytes") for _, kind, _ in event["fields"])
    )
    name = data.draw(st.sampled_from(statics))
    fields = EVENTS[name]["fields"]
    kinds = [kind for _, kind, is_indexed in fields if not is_indexed]
    words = data.draw(st.binary(min_size=32 * len(kinds), max_size=32 * len(kinds)))
    topics = topic_of(name) + bytes(32 * sum(is_indexed for _, _, is_indexed in fields))
    try:
        decode(kinds, words)
    except DecodingError:
        with pytest.raises(ValueError, match="no value of its type"):
            decode_event(topics, words)
    else:
        assert decode_event(topics, words) is not None


def test_decode_refuses_a_log_when_its_data_is_short() -> None:
    with pytest.raises(ValueError, match="another shape"):
        decode_event(topic_of("CapSet") + bytes(32 * 3), bytes(31))
