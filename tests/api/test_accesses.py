"""Reads of confidential data are written down for their owner, and nothing written changes."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from ledger.access.audit import AuditState, audit_entry_table, check_entries
from tests.api.entrusted import send
from tests.api.world import World


@pytest.fixture(scope="module")
def digest(world: World) -> str:
    """A document of the first enterprise."""
    told: str = world.park.upload(b"confidential", "activity")["digest"]
    return told


def _accesses(world: World, name: str = "enterprise 1") -> list[dict[str, object]]:
    items: list[dict[str, object]] = world.park.get("/v1/accesses?limit=200", by=name)["items"]
    return items


def test_read_document_is_written_down_when_somebody_else_reads(world: World, digest: str) -> None:
    before = len(_accesses(world))
    world.park.http.get(
        f"/v1/documents/{digest}?reason=inspection", headers=world.park.headers("regulator")
    )
    entry = _accesses(world)[before]
    assert {name: entry[name] for name in entry if name not in ("at", "hash")} == {
        "viewer": "88/REG.310000",
        "person": 1,
        "action": "document",
        "subject": digest,
        "reason": "inspection",
        "outcome": "shown",
    }
    assert str(entry["at"]) >= world.park.in_hours(0)


def test_read_document_is_not_written_down_when_its_owner_reads(world: World, digest: str) -> None:
    before = _accesses(world)
    headers = world.park.headers("enterprise 1")
    assert world.park.http.get(f"/v1/documents/{digest}", headers=headers).is_success
    assert _accesses(world) == before


def test_list_accesses_shows_nothing_when_the_data_is_anothers(world: World, digest: str) -> None:
    world.park.http.get(f"/v1/documents/{digest}", headers=world.park.headers("verifier"))
    assert _accesses(world, "enterprise 2") == []
    assert _accesses(world, "verifier") == []


def test_list_accesses_is_paged_when_there_are_more_than_the_limit(
    world: World, digest: str
) -> None:
    for _ in range(3):
        world.park.http.get(f"/v1/documents/{digest}", headers=world.park.headers("regulator"))
    seen, path = [], "/v1/accesses?limit=2"
    while path:
        page = world.park.get(path, by="enterprise 1")
        seen += page["items"]
        path = page["next"]
    assert seen == _accesses(world)


def test_list_accesses_is_refused_when_nobody_is_named(world: World) -> None:
    answer = send(world, "GET", "/v1/accesses", None)
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET reason = 'none'", "DELETE FROM audit_entry WHERE seq = 1"],
)
def test_change_entry_is_refused_when_the_database_itself_is_asked(
    world: World, digest: str, statement: str
) -> None:
    world.park.http.get(f"/v1/documents/{digest}", headers=world.park.headers("regulator"))
    store = world.park.ledger.store
    with pytest.raises(IntegrityError, match="only ever added"), store.keeping() as connection:
        connection.execute(text(statement))


def test_check_entries_holds_when_nothing_was_changed(world: World, digest: str) -> None:
    world.park.http.get(f"/v1/documents/{digest}", headers=world.park.headers("regulator"))
    with world.park.ledger.reading() as reading:
        state = check_entries(reading)
        hashes = list(
            reading.scalars(select(audit_entry_table.c.hash).order_by(audit_entry_table.c.seq))
        )
    assert state == AuditState(len(hashes), hashes[-1], None)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ("UPDATE audit_entry SET reason = 'other' WHERE seq = 2", 2),
        ("UPDATE audit_entry SET viewer = NULL WHERE seq = 1", 1),
        ("DELETE FROM audit_entry WHERE seq = 2", 3),
        ("UPDATE audit_entry SET seq = 9 WHERE seq = 3", 9),
    ],
)
def test_check_entries_names_the_first_that_does_not_fit_when_the_file_was_changed(
    held: World, change: str, broken: int
) -> None:
    told = held.park.upload(b"confidential", "activity")["digest"]
    for _ in range(3):
        held.park.http.get(f"/v1/documents/{told}", headers=held.park.headers("regulator"))
    with held.park.ledger.store.keeping() as connection:
        for verb in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER audit_entry_no_{verb}"))
        connection.execute(text(change))
    with held.park.ledger.reading() as reading:
        assert check_entries(reading).broken_seq == broken


def test_read_document_is_written_down_when_the_reader_has_no_scope_to_read(
    world: World, digest: str
) -> None:
    """A token without `read` is nobody: it sees what is public, and is noted as nobody."""
    token = world.park.token("regulator", scopes=2)
    before = len(_accesses(world))
    send(world, "GET", f"/v1/documents/{digest}", token)
    entry = _accesses(world)[before]
    assert (entry["viewer"], entry["person"]) == (None, None)
