"""Canonical documents: RFC 8785 bytes, the salt, and what has no digest."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.evidence.canonical import DocumentMalformed, canonical_bytes, digest
from ledger.strict_json import parse_strict

SALT = "0x" + "ab" * 32
KEYS = st.text(st.characters(exclude_categories=["Cs"])).filter(lambda key: key != "salt")


def test_canonical_bytes_are_sorted_by_utf16_when_keys_leave_ascii() -> None:
    document = {"\ufb33": 1, "\U0001f600": [True, None], "salt": SALT, "b": "\u20ac\n"}
    expected = f'{{"b":"€\\n","salt":"{SALT}","\U0001f600":[true,null],"\ufb33":1}}'
    assert canonical_bytes(document) == expected.encode()


def test_digest_is_sha256_of_canonical_bytes_when_document_is_valid() -> None:
    expected = hashlib.sha256(f'{{"a":1,"salt":"{SALT}"}}'.encode()).digest()
    assert digest({"salt": SALT, "a": 1}) == expected


@given(st.dictionaries(KEYS, st.integers(-(2**53) + 1, 2**53 - 1) | KEYS, max_size=5))
def test_digest_is_the_same_when_the_document_is_written_and_read_again(
    fields: dict[str, Any],
) -> None:
    document = {**fields, "salt": SALT}
    written = json.dumps(dict(reversed(document.items())), indent=1).encode()
    assert digest(parse_strict(written, limit_bytes=len(written))) == digest(document)


@pytest.mark.parametrize("salt", [None, 1, "", "ab" * 32, "0x" + "AB" * 32, SALT + "\n", SALT[:-1]])
def test_digest_refuses_when_the_salt_is_not_32_bytes_of_hex(salt: Any) -> None:
    with pytest.raises(DocumentMalformed) as refusal:
        digest({"salt": salt})
    assert refusal.value.facts == {"reason": "salt", "path": "/salt"}


@pytest.mark.parametrize("document", [{}, [], "text", None])
def test_digest_refuses_when_there_is_no_salt(document: Any) -> None:
    with pytest.raises(DocumentMalformed) as refusal:
        digest(document)
    assert refusal.value.reason == "salt"


def nested(depth: int) -> Any:
    return [nested(depth - 1)] if depth else 0


@pytest.mark.parametrize(
    ("value", "reason", "path"),
    [
        (1.5, "number", "/a"),
        (float("nan"), "number", "/a"),
        ([0, {"b/c~": 1.0}], "number", "/a/1/b~1c~0"),
        (2**53, "number", "/a"),
        (-(2**53), "number", "/a"),
        ("\ud800", "text", "/a"),
        ({"\ud800": 1}, "text", "/a"),
        ({1: 1}, "type", "/a"),
        (b"", "type", "/a"),
        (nested(32), "depth", "/a" + "/0" * 31),
    ],
)
def test_digest_refuses_when_a_value_is_not_of_the_format(
    value: Any, reason: str, path: str
) -> None:
    with pytest.raises(DocumentMalformed) as refusal:
        digest({"salt": SALT, "a": value})
    assert refusal.value.facts == {"reason": reason, "path": path}


def test_digest_accepts_when_a_document_is_as_deep_as_allowed() -> None:
    assert len(digest({"salt": SALT, "a": nested(31)})) == 32
