"""The grammar of identifiers, row by row and by its properties, and their 32 bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from identity.errors import IdentifierMalformed
from identity.identifier import Identifier, child_hash, parse_identifier

_ROWS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "identifiers.json").read_text(encoding="utf-8")
)
_SUFFIX = r"[A-Z0-9]([A-Z0-9._:-]{0,126}[A-Z0-9])?"
_NAMES = st.from_regex(rf"[0-9]{{1,10}}(\.[0-9]{{1,10}}){{0,7}}(/{_SUFFIX})?", fullmatch=True)


def _text(row: dict[str, Any]) -> str:
    repeated, times = row.get("repeated", ("", 0))
    return f"{row['input']}{repeated * times}"


def _rows(verdict: str) -> list[Any]:
    chosen = [row for row in _ROWS if row["verdict"] == verdict]
    return [pytest.param(row, id=f"{row['row']}-{row['input'][:30]!a}") for row in chosen]


@pytest.mark.parametrize("row", _rows("ok"))
def test_parse_gives_canonical_name_when_grammar_holds(row: dict[str, Any]) -> None:
    parsed = parse_identifier(_text(row), allow_prefix=not row.get("is_subject", False))
    if "name" in row:
        assert parsed.name == row["name"]


@pytest.mark.parametrize("row", _rows("bad"))
def test_parse_refuses_with_reason_and_position_when_malformed(row: dict[str, Any]) -> None:
    with pytest.raises(IdentifierMalformed) as refusal:
        parse_identifier(_text(row), allow_prefix=not row.get("is_subject", False))
    assert refusal.value.code == "IdentifierMalformed"
    assert refusal.value.facts == {"reason": row["reason"], "position": row["position"]}


@given(_NAMES)
def test_parse_changes_nothing_when_name_is_canonical(name: str) -> None:
    assert parse_identifier(name).name == name


@given(_NAMES, st.randoms(use_true_random=False))
def test_parse_gives_one_identifier_when_case_differs(name: str, random: Any) -> None:
    mixed = "".join(random.choice((char.lower(), char)) for char in name)
    assert parse_identifier(mixed) == parse_identifier(name)


@given(_NAMES, st.data())
def test_parse_gives_one_identifier_when_percent_encoded_once(name: str, data: Any) -> None:
    chosen = data.draw(st.sets(st.integers(0, len(name) - 1)))
    escaped = "".join(f"%{ord(c):02x}" if i in chosen else c for i, c in enumerate(name))
    assert parse_identifier(escaped) == parse_identifier(name)


@given(st.text(max_size=40) | st.text("8.9/%2FA\n", max_size=20))
def test_parse_points_into_the_text_when_it_refuses(text: str) -> None:
    try:
        assert parse_identifier(text).hash[28:] == bytes(4)
    except IdentifierMalformed as refusal:
        assert 0 <= refusal.position <= len(text)


@pytest.mark.parametrize(("name", "other"), [("88.101.0042", "88.101.42"), ("88/01", "88/1")])
def test_hash_differs_when_leading_zeros_differ(name: str, other: str) -> None:
    assert parse_identifier(name).hash != parse_identifier(other).hash


def _expected_step(parent: bytes, separator: bytes, label: bytes) -> bytes:
    return keccak(parent + separator + keccak(label))[:28] + bytes(4)


def test_hash_nests_segment_by_segment_when_prefix_is_deep() -> None:
    root = _expected_step(bytes(32), b".", b"88")
    park = _expected_step(root, b".", b"111")
    works = _expected_step(park, b".", b"1")
    assert parse_identifier("88").hash == root
    assert parse_identifier("88.111.1").hash == works
    assert parse_identifier("88.111.1/fac.0001").hash == _expected_step(works, b"/", b"FAC.0001")


@given(_NAMES)
def test_child_hash_equals_hash_when_parent_and_label_are_given(name: str) -> None:
    identifier = parse_identifier(name)
    parent_hash = identifier.parent.hash if identifier.parent else bytes(32)
    is_prefix, label = identifier.is_prefix, identifier.label
    assert child_hash(parent_hash, is_prefix=is_prefix, label=label) == identifier.hash


def test_child_hash_differs_when_label_is_prefix_or_suffix() -> None:
    parent = parse_identifier("88").hash
    assert child_hash(parent, is_prefix=True, label="1") != child_hash(
        parent, is_prefix=False, label="1"
    )


@pytest.mark.parametrize(
    ("name", "parent", "label"),
    [("88", None, "88"), ("88.111", "88", "111"), ("88.111/ENT.0001", "88.111", "ENT.0001")],
)
def test_parent_and_label_split_name_when_last_part_is_taken(
    name: str, parent: str | None, label: str
) -> None:
    identifier = parse_identifier(name)
    assert identifier.label == label
    assert (identifier.parent.name if identifier.parent else None) == parent


@pytest.mark.parametrize(
    ("prefix", "suffix", "reason", "position"),
    [("88.x", None, "prefix", 3), ("88", "ent", "suffix", 3), ("88", "A/B", "extra_slash", 4)],
)
def test_identifier_refuses_when_built_from_malformed_parts(
    prefix: str, suffix: str | None, reason: str, position: int
) -> None:
    with pytest.raises(IdentifierMalformed) as refusal:
        Identifier(prefix, suffix)
    assert refusal.value.facts == {"reason": reason, "position": position}
