"""Durable signed submissions a second: one by one and by the hundred, beside what they could be.

The rival (bench_rival.py) gets the same requests and must leave the same rows. The ceiling is the
signature check alone: digest and recovery of the same acts in one process, nothing parsed or kept;
beside it what remains when each act is also given its signed acknowledgement.
Ours is `serve --workers 1`: one front as the rival is one process; the engine carries what was
accepted at the same time on the same cores. It is let finish before the next turn.
"""

import json
import multiprocessing
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx2

from api.fields import from_wire
from identity.keys import generate_key
from identity.signature import recover_address, sign_digest
from identity.typed_data import Domain, digest, struct_hash
from ledger.chain.bindings import MESSAGES
from ledger.naming import snake_case
from scripts.bench_client import Clients, Played, raw_request, started_clients
from scripts.bench_load import Loaded, loaded_service
from scripts.bench_rival import create_rival
from scripts.commands.serve import listen
from scripts.http_server import run_server

LANES, ROUNDS = 8, 3
SINGLES_PER_LANE, BATCHES_PER_LANE, BATCH = 100, 2, 100
_ACTS_PER_ROUND = SINGLES_PER_LANE + BATCHES_PER_LANE * BATCH
_WARMING = 5  # acts a lane before anything is timed: both load what they need at first use
_SETTLE_SECONDS, _POLL_SECONDS = 300.0, 0.1
_FIELDS = MESSAGES["Evidence"]["fields"]

Acts = list[list[dict[str, Any]]]


def measure_submissions() -> dict[str, Any]:
    """Medians of three alternated rounds; acts a second, milliseconds of the clients an act."""
    acts = ROUNDS * _ACTS_PER_ROUND + _WARMING
    with tempfile.TemporaryDirectory() as scratch, started_clients() as clients:
        directory, database = Path(scratch) / "ledger", Path(scratch) / "rival.db"
        service = loaded_service(directory, lanes=LANES, acts_per_lane=acts, workers=1)
        with service as load, _rival(database) as rival_port:
            bench = _Bench(load, clients, rival_port)
            bench.warm([lane[:_WARMING] for lane in load.lanes])
            for number in range(ROUNDS):
                first = _WARMING + number * _ACTS_PER_ROUND
                bench.round([lane[first : first + _ACTS_PER_ROUND] for lane in load.lanes])
            bench.settle()
            same = _same_rows(directory / "ledger.db", database)
            return bench.result() | {"rows_equal_to_the_rivals": same}


class _Bench:
    """The turns of one run; every list has one entry a round."""

    def __init__(self, load: Loaded, clients: Clients, rival_port: int) -> None:
        self._load = load
        self._clients = clients
        self._port = int(load.url.rpartition(":")[2])
        self._rival_port = rival_port
        self._seconds: dict[str, list[float]] = {}
        self._client_seconds: list[float] = []

    def warm(self, lanes: Acts) -> None:
        """Not timed."""
        for port in (self._rival_port, self._port):
            self._clients.play(port, [self._singles(lane) for lane in lanes])
        self.settle()

    def round(self, lanes: Acts) -> None:
        """Ceiling, rival and ours on the same acts, then ours on further ones by the hundred."""
        singles = [lane[:SINGLES_PER_LANE] for lane in lanes]
        batched = [lane[SINGLES_PER_LANE:] for lane in lanes]
        everything = [act for lane in lanes for act in lane]
        self._note("ceiling", _check_signatures(everything, is_acknowledged=False))
        self._note("ceiling_acknowledged", _check_signatures(everything, is_acknowledged=True))
        requests = [self._singles(lane) for lane in singles]
        self._play("rival", self._rival_port, requests, status=202)
        played = self._play("single", self._port, requests, status=202)
        self._client_seconds.append(played.client_seconds / (LANES * SINGLES_PER_LANE))
        self.settle()
        self._play("batched", self._port, [self._batches(lane) for lane in batched], status=200)
        self.settle()

    def _play(self, name: str, port: int, requests: list[list[bytes]], *, status: int) -> Played:
        played = self._clients.play(port, requests)
        assert set(played.statuses) == {status}, played.statuses
        self._note(name, played.seconds)
        return played

    def _note(self, name: str, seconds: float) -> None:
        self._seconds.setdefault(name, []).append(seconds)

    def _singles(self, lane: list[dict[str, Any]]) -> list[bytes]:
        return [
            raw_request(
                "POST",
                "/v1/evidence",
                self._headers("application/json") | {"Idempotency-Key": act["signature"][2:60]},
                json.dumps(act, separators=(",", ":")).encode(),
            )
            for act in lane
        ]

    def _batches(self, lane: list[dict[str, Any]]) -> list[bytes]:
        lines = [json.dumps({"type": "Evidence"} | act, separators=(",", ":")) for act in lane]
        return [
            raw_request(
                "POST",
                "/v1/submissions",
                self._headers("application/x-ndjson"),
                "\n".join(lines[start : start + BATCH]).encode(),
            )
            for start in range(0, len(lines), BATCH)
        ]

    def _headers(self, media_type: str) -> dict[str, str]:
        return {"Content-Type": media_type, **self._load.headers}

    def settle(self) -> None:
        """Wait until everything accepted is on chain and read."""
        ends = time.monotonic() + _SETTLE_SECONDS
        with httpx2.Client(base_url=self._load.url, trust_env=False, timeout=60) as client:
            while time.monotonic() < ends:
                if client.get("/readyz").json()["oldest_waiting_seconds"] is None:
                    return
                time.sleep(_POLL_SECONDS)
        raise TimeoutError("the load was never settled")

    def result(self) -> dict[str, Any]:
        counts = {name: LANES * SINGLES_PER_LANE for name in ("rival", "single")}
        counts |= {"batched": LANES * BATCHES_PER_LANE * BATCH}
        counts |= dict.fromkeys(("ceiling", "ceiling_acknowledged"), LANES * _ACTS_PER_ROUND)
        rate = {name: counts[name] / median(times) for name, times in self._seconds.items()}
        return {
            "connections": LANES,
            "rounds": ROUNDS,
            **{f"{name}_per_second": round(each) for name, each in rate.items()},
            "single_times_rival": round(rate["single"] / rate["rival"], 2),
            "batched_share_of_ceiling": round(rate["batched"] / rate["ceiling"], 2),
            "client_ms_per_single": round(median(self._client_seconds) * 1000, 2),
        }


def _check_signatures(acts: list[dict[str, Any]], *, is_acknowledged: bool) -> float:
    """Seconds for digest and recovery of acts that were parsed before, and one signature each."""
    ours = generate_key()
    parsed = [_parsed(act) for act in acts]
    domain = acts[0]["domain"]
    contract = bytes.fromhex(domain["contract"][2:])
    separator = Domain("Emissions", "1", domain["chain_id"], contract).separator
    started = time.perf_counter()
    for message, signature in parsed:
        signed = digest(separator, struct_hash("Evidence", _FIELDS, message))
        recover_address(signed, signature)
        if is_acknowledged:
            sign_digest(ours, signed)
    return time.perf_counter() - started


def _parsed(act: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    wire = {name: act["message"][snake_case(name)] for name, _ in _FIELDS}
    message = {name: from_wire(name, kind, wire[name], pointer="") for name, kind in _FIELDS}
    return message, bytes.fromhex(act["signature"][2:])


def _same_rows(ours: Path, theirs: Path) -> int:
    """How many rows the rival has; each of them must be among ours, byte for byte."""
    columns = "id, type, key, payload, signature, deadline"
    with closing(sqlite3.connect(ours)) as mine, closing(sqlite3.connect(theirs)) as rivals:
        rows = set(rivals.execute(f"SELECT {columns} FROM submission"))  # noqa: S608 - our columns
        kept = set(mine.execute(f"SELECT {columns} FROM submission"))  # noqa: S608 - our columns
    assert rows <= kept, "both keep the same rows"
    return len(rows)


@contextmanager
def _rival(database: Path) -> Iterator[int]:
    """The rival's port; it is a process of its own, with our server's settings."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve_rival, args=(database, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve_rival(database: Path, told: Any) -> None:
    listener = listen(0)
    application = create_rival(database)
    told.send(listener.getsockname()[1])
    run_server(application, listener)
