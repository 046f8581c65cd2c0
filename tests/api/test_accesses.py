"""What was written down of reads of confidential data: who sees it, and that nothing changes it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from ledger.access.audit import first_broken_entry
from tests.api.entrusted import send
from tests.api.world import World


@pytest.fixture(scope="module")
def digest(world: World) -> str:
    """A document of the first enterprise, which the regulator has read three times."""
    told: str = world.park.upload(b"confidential", "activity")["digest"]
    for _ in range(3):
        _read(world, told)
    return told


def _read(world: World, digest: str) -> None:
    path = f"/v1/documents/{digest}?reason=inspection"
    assert world.park.http.get(path, headers=world.park.headers("regulator")).is_success


def _accesses(world: World, name: str = "enterprise 1") -> list[dict[str, object]]:
    items: list[dict[str, object]] = world.park.get("/v1/accesses?limit=200", by=name)["items"]
    return items


def test_list_accesses_shows_nothing_when_the_data_is_anothers(world: World, digest: str) -> None:
    assert _accesses(world)[-1]["subject"] == digest
    assert _accesses(world, "enterprise 2") == _accesses(world, "regulator") == []


def test_list_accesses_is_paged_when_there_are_more_than_the_limit(
    world: World, digest: str
) -> None:
    seen, path = [], "/v1/accesses?limit=2"
    while path:
        page = world.park.get(path, by="enterprise 1")
        seen += page["items"]
        path = page["next"]
    assert seen == _accesses(world)
    assert len([one for one in seen if one["subject"] == digest]) == 3


def test_list_accesses_is_refused_when_the_scope_to_read_is_missing(world: World) -> None:
    answer = send(world, "GET", "/v1/accesses", world.park.token("enterprise 1", scopes=2))
    assert (answer.status_code, answer.json()["code"]) == (403, "ScopeMissing")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entry SET reason = 'none'", "DELETE FROM audit_entry WHERE seq = 1"],
)
@pytest.mark.usefixtures("digest")
def test_change_entry_is_refused_when_the_database_itself_is_asked(
    world: World, statement: str
) -> None:
    store = world.park.ledger.store
    with pytest.raises(IntegrityError, match="only ever added"), store.keeping() as connection:
        connection.execute(text(statement))
    with world.park.ledger.reading() as reading:
        assert first_broken_entry(reading) is None
