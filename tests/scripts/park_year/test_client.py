"""What the client hashes is the message on the wire, field by field; time only moves forward."""

from datetime import datetime
from pathlib import Path

import pytest

from identity.identifier import parse_identifier
from identity.typed_data import struct_hash
from ledger.chain.bindings import MESSAGES
from scripts.park_year.client import NOUNS, fields_of, hash_of_wire, resource
from scripts.park_year.scripted_time import ScriptedTime

TRANSFER = {
    "from": "88.111/ENT.0002",
    "to": "88.111/ENT.0001",
    "asset": "PARK-2023",
    "tonnes": 66,
    "nonce": 1,
    "deadline": "2024-10-17T01:00:00Z",
}


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


def test_name_nouns_has_fields_for_each_when_messages_are_looked_up() -> None:
    assert all(fields_of(message_type)[-1][0] == "deadline" for message_type in NOUNS)


def test_name_resource_keeps_the_slash_when_the_identifier_has_one() -> None:
    assert resource("accounts", "88.111/ENT.0001") == "/v1/accounts/88.111/ENT.0001"


def test_move_time_writes_the_line_whole_when_it_goes_forward(tmp_path: Path) -> None:
    time = ScriptedTime(tmp_path / "clock", 1_700_000_000)
    time.move_to(1_700_003_600)
    assert (tmp_path / "clock").read_text("ascii") == "2023-11-14T23:13:20Z\n"
    assert [path.name for path in tmp_path.iterdir()] == ["clock"]


def test_move_time_is_our_mistake_when_it_goes_back(tmp_path: Path) -> None:
    time = ScriptedTime(tmp_path / "clock", 1_700_000_000)
    with pytest.raises(AssertionError, match="forward"):
        time.move_to(1_699_999_999)


def test_end_time_takes_the_file_away_when_real_time_goes_on(tmp_path: Path) -> None:
    time = ScriptedTime(tmp_path / "clock", 1_700_000_000)
    time.end()
    assert list(tmp_path.iterdir()) == []
