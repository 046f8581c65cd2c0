"""Several services on one database and one courier key, a mirror swapped under them, a fork."""

import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.fields import time_text
from api.nouns import NOUN_OF
from ledger.errors import ChainForked, LedgerHalted
from ledger.mirror.rebuild import rebuild
from ledger.mirror.reconcile import reconcile
from ledger.opening import opened
from ledger.outbox.queue import reopen_after
from ledger.settings import Connections, Settings
from scripts.anvil import Anvil, anvil
from tests.faults.service import Service
from tests.faults.stepped import DEPTH, SteppedPark
from tests.faults.test_reorgs import other_transaction
from tests.goals import Tell, goal_line
from tests.kept_rows import broken_kept_rows
from tests.park import Park
from tests.recorded import events_by_id, reader_of

pytestmark = pytest.mark.anvil

_FINAL_ROUNDS, _FINAL_SECONDS = 600, 0.05


def service_beside(park: Park, directory: Path, *arguments: str) -> Service:
    """A service in a directory of its own, on what the park's directory names."""
    directory.mkdir()
    shutil.copytree(park.directory / "keys", directory / "keys")
    shutil.copy(park.directory / "connections.json", directory)
    return Service(directory, *arguments)


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with anvil(block_seconds=1) as running:
        yield running


@pytest.fixture
def park(chain: Anvil, database: str, tmp_path: Path) -> Park:
    """A founded ledger in PostgreSQL, closed."""
    connections = Connections(rpc_url=chain.url, database_url=database, finality_depth=1)
    made = Park(tmp_path / "park", connections=connections, start=time_text(int(time.time())))
    made.headers("founder 1")  # a token, while somebody answers
    made.close()
    return made


def registrations(park: Park, count: int, *, prefix: str) -> list[dict[str, Any]]:
    """Envelopes of that many identifiers, made by one founder."""
    return [
        park.envelope(
            "Registration",
            {
                "parent": "88", "label": f"{prefix}{number}", "is_prefix": False,
                "kind": "source", "owner": "88", "record": None,
            },
            signer="founder 1",
        )
        for number in range(count)
    ]  # fmt: skip


def post_all(park: Park, url: str, bodies: list[dict[str, Any]]) -> int:
    """How many were accepted, each under its own key."""
    accepted = 0
    with httpx2.Client(base_url=url, trust_env=False, timeout=30) as client:
        for body in bodies:
            key = park.id_of("Registration", body["message"])[2:50]
            answer = client.post(
                f"/v1/{NOUN_OF['Registration']}",
                json=body,
                headers={"Idempotency-Key": key} | park.headers("founder 1"),
            )
            accepted += answer.status_code == 202
    return accepted


def await_final(park: Park, url: str, act: str) -> None:
    """Until the service says that this act is recorded for good."""
    with httpx2.Client(base_url=url, trust_env=False, timeout=30) as client:
        for _ in range(_FINAL_ROUNDS):
            told = client.get(f"/v1/submissions/{act}", headers=park.headers("founder 1")).json()
            if told["state"] == "final":
                return
            threading.Event().wait(_FINAL_SECONDS)
    raise AssertionError(f"{act} is {told['state']}")


def share_key(park: Park, urls: list[str], *, each: int) -> dict[str, Any]:
    """Let every service take that many acts at once; what was wrong with what became of them."""
    started = time.monotonic()
    bodies = [registrations(park, each, prefix=f"S{at}N") for at in range(len(urls))]
    with ThreadPoolExecutor(len(urls)) as pool:
        accepted = sum(pool.map(lambda pair: post_all(park, *pair), zip(urls, bodies, strict=True)))
    seconds = time.monotonic() - started
    ids = [park.id_of("Registration", body["message"]) for own in bodies for body in own]
    park.open()
    park.settle()
    counts = events_by_id(reader_of(park))
    nonces = used_nonces(park)
    violations = sum(counts[one] != 1 for one in ids) + (accepted != len(ids))
    violations += nonces != list(range(nonces[0], nonces[0] + len(nonces)))
    violations += len(broken_kept_rows(park.ledger.store, park.service_keys.row_mac))
    park.close()
    return goal_line(
        "services_one_key", seed=0, n=len(ids), violations=violations, started=started,
        accepted_per_second=round(accepted / seconds),
    )  # fmt: skip


def used_nonces(park: Park) -> list[int]:
    """The nonces of the courier's transactions, ascending: one key has no gap and none twice."""
    with park.ledger.reading() as reading:
        found = reading.exec_driver_sql("SELECT nonce FROM courier_transaction ORDER BY nonce")
        return [row[0] for row in found]


# Four processes start and carry in real time.
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_serve_carries_each_act_once_when_two_services_share_a_key(
    park: Park, tmp_path: Path, tell: Tell
) -> None:
    services = [service_beside(park, tmp_path / f"s{number}") for number in range(2)]
    try:
        urls = [one.url() for one in services]
        told = share_key(park, urls, each=100)
    finally:
        for one in services:
            one.end()
    tell(told)
    assert told["violations"] == 0, told


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_serve_carries_each_act_once_when_four_services_share_a_key(
    park: Park, tmp_path: Path, tell: Tell
) -> None:
    services = [service_beside(park, tmp_path / f"s{number}") for number in range(4)]
    try:
        told = share_key(park, [one.url() for one in services], each=5_000)
    finally:
        for one in services:
            one.end()
    tell(told)
    assert told["violations"] == 0, told


# The lease of a killed service ends with its connection; another process starts and carries.
@pytest.mark.slow
def test_serve_takes_over_when_the_service_that_carried_is_killed(
    park: Park, tmp_path: Path
) -> None:
    first = service_beside(park, tmp_path / "first")
    first_url = first.url()
    second = service_beside(park, tmp_path / "second")
    second_url = second.url()
    try:
        assert post_all(park, first_url, registrations(park, 3, prefix="BEFORE")) == 3
        first.kill()
        after = registrations(park, 3, prefix="AFTER")
        assert post_all(park, second_url, after) == 3
        act = park.id_of("Registration", after[-1]["message"])
        await_final(park, second_url, act)
    finally:
        first.kill()
        second.end()


# Three processes of a service start.
@pytest.mark.slow
def test_serve_answers_by_several_fronts_when_its_tables_are_in_postgresql(
    park: Park, tmp_path: Path
) -> None:
    service = service_beside(park, tmp_path / "service", "--workers", "2")
    try:
        url = service.url()
        bodies = registrations(park, 20, prefix="W")
        assert post_all(park, url, bodies) == 20
        act = park.id_of("Registration", bodies[-1]["message"])
        await_final(park, url, act)
    finally:
        service.end()


def test_rebuild_swaps_the_mirror_when_it_is_served_from_postgresql(
    database: str, tmp_path: Path
) -> None:
    with anvil(block_seconds=None) as chain:
        park = SteppedPark(tmp_path / "ledger", chain, database=database)
        park.registration(0)
        park.settle_all()
        engine = park.engine
        with engine.store.keeping() as connection:
            connection.exec_driver_sql("UPDATE mirror.act SET deadline = 1")
        found = reconcile(engine.store, engine.reader(), engine.manifest).differences
        assert {one.table for one in found} == {"act"}
        rebuild(engine.store, engine.reader(), engine.manifest)
        assert reconcile(engine.store, engine.reader(), engine.manifest).differences == ()
        park.mine()
        park.follow()  # what wrote the old one writes the new one
        assert park.mirrored(since=1) == park.on_chain(since=1)
        park.close()


def test_accept_fork_carries_again_when_the_chain_lost_what_was_final(
    database_url: str | None, tmp_path: Path
) -> None:
    with anvil(block_seconds=None) as chain:
        park = SteppedPark(tmp_path / "ledger", chain, database=database_url)
        act = park.registration(0)
        park.settle_all()
        chain.reorganise(chain.height() - 3, [[other_transaction(chain), 0]])
        with pytest.raises(LedgerHalted):
            park.follow()
        park.close()
        settings = Settings(park.directory)
        with pytest.raises(ChainForked), opened(settings):
            pass
        with opened(settings, accepts_fork=True, keys=park.service_keys) as ledger:
            rebuild(ledger.store, ledger.reader, ledger.manifest)
            with ledger.store.keeping() as connection:
                assert reopen_after(connection, 3) == 1
        park.open()
        park.settle_all()
        assert park.events_by_id()[act] == 1
        park.close()
    assert DEPTH > 0
