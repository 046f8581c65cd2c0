"""A record is made of the mirror's rows and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from identity.identifier import parse_identifier
from ledger.chain.bindings import KINDS, SCHEMES
from ledger.identifiers.handle_record import (
    KEYS_MAX,
    Administrator,
    Mirrored,
    PublicKey,
    handle_of,
    handle_values,
)

NAME, PARENT, OWNER = "88.111/ENT.0001", "88.111", "88/PARK.0001"
URL = "https://park.example/v1/identifiers/88.111/ENT.0001"
NOW, NEVER = 1_000, 0


def _subject(**changes: Any) -> dict[str, Any]:
    return {
        "hash": parse_identifier(NAME).hash,
        "name": NAME,
        "parent": parse_identifier(PARENT).hash,
        "owner": parse_identifier(OWNER).hash,
        "kind": KINDS["ENTERPRISE"],
        "is_prefix": False,
        "standing": 71,
        "record": bytes(32),
        "valid_from": 4,
    } | changes


def _key(**changes: Any) -> dict[str, Any]:
    return {
        "key": bytes(20),
        "person": 1,
        "rights": 11,
        "scheme": SCHEMES["SECP256K1"],
        "valid_from_time": 900,
        "valid_until_time": 1_100,
        "compromised_since": NEVER,
        "valid_from": 5,
    } | changes


def _mirrored(**changes: Any) -> Mirrored:
    names = {parse_identifier(name).hash: name for name in (PARENT, OWNER)}
    mirrored = Mirrored(_subject(), [_key()], names, {4: 400, 5: 500}, NOW)
    return replace(mirrored, **changes)


def _state(**changes: Any) -> str:
    *_, value = handle_values(_mirrored(keys=[_key(**changes)]), url=URL)
    assert isinstance(value.data, PublicKey)
    return value.data.state


def test_make_values_dates_each_by_its_own_row_when_a_key_came_later() -> None:
    values = handle_values(_mirrored(), url=URL)
    assert [(value.index, value.type, value.time) for value in values] == [
        (1, "URL", 400),
        (2, "CL_KIND", 400),
        (3, "CL_PARENT", 400),
        (4, "CL_OWNER", 400),
        (5, "CL_STANDING", 400),
        (100, "HS_ADMIN", 400),
        (300, "CL_PUBKEY", 500),
    ]


def test_make_values_gives_the_same_when_the_rows_are_the_same() -> None:
    assert handle_values(_mirrored(), url=URL) == handle_values(_mirrored(), url=URL)


def test_make_values_tells_the_digest_when_there_is_a_record() -> None:
    mirrored = _mirrored(subject=_subject(record=b"\x07" * 32))
    told = {value.type: value.data for value in handle_values(mirrored, url=URL)}
    assert told["CL_RECORD"] == "0x" + "07" * 32


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "active"),
        ({"valid_from_time": NOW}, "active"),
        ({"valid_from_time": NOW + 1}, "pending"),
        ({"valid_until_time": NOW}, "retired"),
        ({"valid_until_time": NOW + 1}, "active"),
        ({"compromised_since": NOW}, "compromised"),
        ({"compromised_since": NOW + 1}, "active"),
        ({"compromised_since": 950, "valid_until_time": 960}, "compromised"),
    ],
)
def test_make_values_tells_the_state_when_a_key_begins_or_ends(
    changes: dict[str, int], state: str
) -> None:
    assert _state(**changes) == state


@pytest.mark.parametrize(
    ("is_prefix", "permissions"), [(False, "010001010000"), (True, "110001010101")]
)
def test_make_values_lets_the_owner_do_what_it_can_when_permissions_are_written(
    is_prefix: bool, permissions: str
) -> None:
    mirrored = _mirrored(subject=_subject(is_prefix=is_prefix))
    (administrator,) = (
        value.data
        for value in handle_values(mirrored, url=URL)
        if isinstance(value.data, Administrator)
    )
    assert (administrator.handle, administrator.index) == (OWNER, 300)
    assert f"{administrator.permissions:012b}" == permissions


def test_make_values_ends_before_foreign_indexes_when_keys_are_without_end() -> None:
    values = handle_values(_mirrored(keys=[_key()] * (KEYS_MAX + 1)), url=URL)
    assert values[-1].index == 1_999


@pytest.mark.parametrize(
    ("name", "handle"), [("88", "0.NA/88"), ("88.111", "0.NA/88.111"), (NAME, NAME)]
)
def test_name_handle_puts_it_below_0_na_when_it_is_a_prefix(name: str, handle: str) -> None:
    assert handle_of(name) == handle
