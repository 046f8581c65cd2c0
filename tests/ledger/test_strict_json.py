"""Strict JSON: what is read, and the reason and byte position of what is not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import PayloadTooLarge
from ledger.strict_json import RequestMalformed, parse_strict

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers(-(10**16) + 1, 10**16 - 1) | TEXTS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
)


def read(data: bytes) -> Any:
    return parse_strict(data, limit_bytes=10_000)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_parse_gives_the_value_when_json_wrote_it(
    value: Any, is_ascii: bool, indent: int | None
) -> None:
    data = json.dumps(value, ensure_ascii=is_ascii, indent=indent).encode()
    parsed = parse_strict(data, limit_bytes=len(data))
    assert json.dumps(parsed) == json.dumps(value)


@given(st.text(st.sampled_from('{}[]":,\\u0123eE+-.tfn ')))
def test_parse_never_reads_more_than_json_when_given_noise(noise: str) -> None:
    try:
        parsed = read(noise.encode())
    except RequestMalformed:
        return
    assert parsed == json.loads(noise)


REFUSED = [
    (b"", "syntax", 0),
    (b"  ", "syntax", 2),
    (b"\xef\xbb\xbf{}", "syntax", 0),
    (b'{"a":"\xff"}', "encoding", 6),
    (b'{"a":1} x', "syntax", 8),
    (b'{"a":1,}', "syntax", 7),
    (b"[1,]", "syntax", 3),
    (b"[1 2]", "syntax", 3),
    (b'{"a" 1}', "syntax", 5),
    (b"{a:1}", "syntax", 1),
    (b"[1", "syntax", 2),
    (b"nul", "syntax", 0),
    (b"\xef\xbc\x91\xef\xbc\x92", "syntax", 0),  # full-width 12
    (b'{"a":1,"a":1}', "duplicate_key", 7),
    (b'{"a":1,"\\u0061":2}', "duplicate_key", 7),
    (b'{"\xc3\xa9":1.5}', "number", 6),  # bytes count, not characters
    (b"1e400000", "number", 0),
    (b"[NaN]", "number", 1),
    (b"-Infinity", "number", 0),
    (b"1_000", "syntax", 1),
    (b"01", "number", 0),
    (b"-0", "number", 0),
    (b"+1", "number", 0),
    (b"0x10", "number", 0),
    (b"12345678901234567", "number", 0),  # 17 digits
    (b'"\\ud800"', "text", 0),
    (b'["a\n"]', "text", 3),
    (b'"\\x"', "text", 1),
    (b'"a', "text", 0),
]


@pytest.mark.parametrize(("data", "reason", "position"), REFUSED)
def test_parse_refuses_with_position_when_json_is_not_strict(
    data: bytes, reason: str, position: int
) -> None:
    with pytest.raises(RequestMalformed) as refusal:
        read(data)
    assert refusal.value.facts == {"reason": reason, "position": position}


def test_parse_gives_the_value_when_it_is_as_deep_as_allowed() -> None:
    value = read(b"[" * 32 + b"]" * 32)
    assert json.dumps(value) == "[" * 32 + "]" * 32


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_parse_refuses_when_it_is_too_deep(opening: bytes) -> None:
    with pytest.raises(RequestMalformed) as refusal:
        parse_strict(opening * 100_000, limit_bytes=10**6)
    assert refusal.value.facts == {"reason": "depth", "position": 32 * len(opening)}


def test_parse_counts_depth_not_width_when_containers_stand_side_by_side() -> None:
    assert parse_strict(b"[" + b"[]," * 99 + b"[]]", limit_bytes=1000, depth=2) == [[]] * 100


def test_parse_refuses_when_the_body_is_one_byte_too_long() -> None:
    with pytest.raises(PayloadTooLarge) as refusal:
        parse_strict(b"[12]", limit_bytes=3)
    assert refusal.value.facts == {"limit_bytes": 3}
