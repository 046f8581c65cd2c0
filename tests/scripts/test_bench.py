"""The bench compares like with like: same requests, same rows, same digests."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from httpx2 import codes

from api.app import create_app
from scripts.bench_client import raw_request, started_clients
from scripts.bench_digest import measure_digest
from scripts.bench_reads import fill_mirror
from scripts.bench_rival import create_rival
from scripts.listeners import listen
from tests.house.source_tree import text_files
from tests.messages import evidence
from tests.park import PLENTY, Park, settle_in

RIVAL_LINES_MAX = 60
_ROW = "SELECT id, type, key, payload, signature, deadline FROM submission"


@pytest.fixture(scope="module")
def park(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Park]:
    """A park whose enterprise may report."""
    park = Park(tmp_path_factory.mktemp("park") / "park")
    settle_in(park)
    yield park
    park.close()


def test_rival_keeps_the_same_row_when_it_gets_the_same_request(park: Park, tmp_path: Path) -> None:
    body = park.envelope("Evidence", evidence(), signer="enterprise 1")
    told = park.post("Evidence", body).json()
    with TestClient(create_rival(tmp_path / "rival.db")) as rival:
        assert rival.post("/v1/evidence", json=body).json() == {"id": told["id"]}
    with (
        closing(sqlite3.connect(tmp_path / "rival.db")) as theirs,
        closing(sqlite3.connect(park.directory / "ledger.db")) as ours,
    ):
        where = f"{_ROW} WHERE id = ?"
        rows = ours.execute(where, (bytes.fromhex(told["id"][2:]),)).fetchall()
        assert theirs.execute(_ROW).fetchall() == rows


def test_read_rival_ends_early_when_its_lines_are_counted() -> None:
    lines = text_files()["scripts/bench_rival.py"].splitlines()
    assert len([line for line in lines if line.strip()]) <= RIVAL_LINES_MAX


def test_measure_digest_finds_both_equal_when_records_are_random() -> None:
    assert measure_digest(records=20)["records_equal"] == 20


def test_play_counts_every_answer_when_lanes_are_sent_at_once(park: Park) -> None:
    listener = listen(0)
    config = uvicorn.Config(create_app(park.ledger, PLENTY), log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    serving.start()
    known, unknown = (raw_request("GET", path, {}) for path in ("/healthz", "/nothing"))
    with started_clients(2) as clients:
        played = clients.play(listener.getsockname()[1], [[known, unknown], [known], [known]])
    server.should_exit = True
    serving.join()
    assert played.statuses == {codes.OK: 3, codes.NOT_FOUND: 1}
    assert played.seconds > 0 and played.client_seconds > 0


def test_fill_mirror_gives_acts_that_are_read_when_it_wrote_them_directly(park: Park) -> None:
    park.settle()
    ids = fill_mirror(park.directory / "mirror-1.db", rows=30, sample=5)
    shown = [park.get(f"/v1/evidence/0x{act_id.hex()}", by="enterprise 1") for act_id in ids]
    assert [each["id"] for each in shown] == ["0x" + act_id.hex() for act_id in ids]
    page = park.get("/v1/evidence?facility=88.111.1/FAC.0001&limit=50", by="enterprise 1")
    assert {each["id"] for each in shown} <= {each["id"] for each in page["items"]}
    further = evidence(period="2024", month="2024-01")
    park.act("Evidence", further, signer="enterprise 1")  # the mirror goes on behind them
