"""Durable signed submissions a second: one by one and by the hundred, beside what they could be.

The rival (bench_rival.py) gets the same requests and must leave the same rows. It carries nothing
to a chain, so ours is measured twice: with its engine held, as the rival takes in and nothing
else, and carrying at the same time on the same cores. Ours is `serve --workers 1`: one front as the
rival is one process; batches go to `serve --workers 2` too, a front for each core here. What was
accepted is let finish before the next turn.
The ceiling is what it takes to know from its bytes that an act is rightly signed, in one process
and thread: reading, digest, recovery; `signatures` are digest and recovery alone.
"""

import json
import multiprocessing
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from api.messages import parse_envelope
from identity.signature import recover_address
from identity.typed_data import Domain, digest, struct_hash
from ledger.chain.bindings import MESSAGES
from ledger.strict_json import parse_strict
from scripts.bench_client import Clients, Played, raw_request, started_clients
from scripts.bench_load import Loaded, let_settle, loaded_service
from scripts.bench_rival import create_rival
from scripts.http_server import run_server
from scripts.listeners import listen

LANES, ROUNDS = 32, 3
SINGLES_PER_LANE, BATCHES_PER_LANE, BATCH = 60, 2, 100
_BATCHED = BATCHES_PER_LANE * BATCH
_ACTS_PER_TURN = SINGLES_PER_LANE + _BATCHED
_ACTS_PER_ROUND = 2 * _ACTS_PER_TURN  # one turn with the engine held, one with it at work
_WARMING = 5  # acts a lane before anything is timed: both load what they need at first use
_ACTS, _ACTS_OF_TWO = _WARMING + ROUNDS * _ACTS_PER_ROUND, _WARMING + ROUNDS * _BATCHED
_FIELDS = MESSAGES["Evidence"]["fields"]

Acts = list[list[dict[str, Any]]]


def measure_submissions() -> dict[str, Any]:
    """Medians of three alternated rounds; acts a second, milliseconds of the client an act."""
    with tempfile.TemporaryDirectory() as scratch, started_clients(LANES) as clients:
        directory, database = Path(scratch) / "ledger", Path(scratch) / "rival.db"
        one = loaded_service(directory, lanes=LANES, acts_per_lane=_ACTS, workers=1)
        two = loaded_service(
            Path(scratch) / "two", lanes=LANES, acts_per_lane=_ACTS_OF_TWO, workers=2
        )
        with one as load, two as wide, _rival(database) as rival_port:
            bench = _Bench(load, wide, clients, rival_port)
            bench.warm()
            for number in range(ROUNDS):
                bench.round(number)
            same = _same_rows(directory / "ledger.db", database)
            return bench.result() | {"rows_equal_to_the_rivals": same}


class _Bench:
    """The turns of one run; every list has one entry a round."""

    def __init__(self, load: Loaded, wide: Loaded, clients: Clients, rival_port: int) -> None:
        self._load = load
        self._wide = wide
        self._clients = clients
        self._rival_port = rival_port
        self._seconds: dict[str, list[float]] = {}
        self._client_seconds: list[float] = []

    def warm(self) -> None:
        """Not timed."""
        for port, load in (
            (self._rival_port, self._load),
            (_port_of(self._load), self._load),
            (_port_of(self._wide), self._wide),
        ):
            singles = [_singles(load, lane[:_WARMING]) for lane in load.lanes]
            played = self._clients.play(port, singles)
            assert set(played.statuses) == {202}, played.statuses
            let_settle(load.url)

    def round(self, number: int) -> None:
        """Ceiling, rival and ours on the same acts, then ours on further ones while it carries."""
        first = _WARMING + number * _ACTS_PER_ROUND
        held = [lane[first : first + _ACTS_PER_TURN] for lane in self._load.lanes]
        further = [
            lane[first + _ACTS_PER_TURN : first + _ACTS_PER_ROUND] for lane in self._load.lanes
        ]
        everything = [act for lane in held for act in lane]
        self._note("ceiling", _check(everything))
        self._note("signatures", _check_signatures(everything))
        singles = [_singles(self._load, lane[:SINGLES_PER_LANE]) for lane in held]
        self._play("rival", self._rival_port, singles, status=202)
        with _stopped(self._load.process):
            played = self._take_in("", held)
            self._take_in_by_two(number)
        self._client_seconds.append(played.client_seconds / (LANES * SINGLES_PER_LANE))
        for load in (self._load, self._wide):
            let_settle(load.url)
        self._take_in("_carrying", further)
        let_settle(self._load.url)

    def _take_in(self, suffix: str, lanes: Acts) -> Played:
        load, port = self._load, _port_of(self._load)
        singles = [_singles(load, lane[:SINGLES_PER_LANE]) for lane in lanes]
        batches = _batches(load, [lane[SINGLES_PER_LANE:] for lane in lanes])
        played = self._play(f"single{suffix}", port, singles, status=202)
        self._play(f"batched{suffix}", port, batches, status=200)
        return played

    def _take_in_by_two(self, number: int) -> None:
        first, count = _WARMING + number * _BATCHED, _BATCHED
        lanes = _batches(self._wide, [lane[first : first + count] for lane in self._wide.lanes])
        with _stopped(self._wide.process):
            self._play("batched_by_two", _port_of(self._wide), lanes, status=200)

    def _play(self, name: str, port: int, requests: list[list[bytes]], *, status: int) -> Played:
        played = self._clients.play(port, requests)
        assert set(played.statuses) == {status}, played.statuses
        self._note(name, played.seconds)
        return played

    def _note(self, name: str, seconds: float) -> None:
        self._seconds.setdefault(name, []).append(seconds)

    def result(self) -> dict[str, Any]:
        counts = dict.fromkeys(self._seconds, LANES * SINGLES_PER_LANE)
        for name in self._seconds:
            if name.startswith("batched"):
                counts[name] = LANES * _BATCHED
        counts |= dict.fromkeys(("ceiling", "signatures"), LANES * _ACTS_PER_TURN)
        rate = {name: counts[name] / median(times) for name, times in self._seconds.items()}
        return {
            "connections": LANES,
            "rounds": ROUNDS,
            **{f"{name}_per_second": round(each) for name, each in rate.items()},
            "single_times_rival": round(rate["single"] / rate["rival"], 2),
            "single_carrying_times_rival": round(rate["single_carrying"] / rate["rival"], 2),
            "single_share_of_ceiling": round(rate["single"] / rate["ceiling"], 2),
            "batched_share_of_ceiling": round(rate["batched"] / rate["ceiling"], 2),
            "batched_by_two_share_of_ceiling": round(rate["batched_by_two"] / rate["ceiling"], 2),
            "client_ms_per_single": round(median(self._client_seconds) * 1000, 3),
        }


def _port_of(load: Loaded) -> int:
    return int(load.url.rpartition(":")[2])


def _singles(load: Loaded, lane: list[dict[str, Any]]) -> list[bytes]:
    headers = {"Content-Type": "application/json", **load.headers}
    return [
        raw_request(
            "POST",
            "/v1/evidence",
            headers | {"Idempotency-Key": act["signature"][2:60]},
            json.dumps(act, separators=(",", ":")).encode(),
        )
        for act in lane
    ]


def _batches(load: Loaded, lanes: Acts) -> list[list[bytes]]:
    """Every batch for itself, the first of each lane first: a connection takes what is next."""
    headers = {"Content-Type": "application/x-ndjson", **load.headers}
    batches = []
    for start in range(0, len(lanes[0]), BATCH):
        for lane in lanes:
            lines = [json.dumps({"type": "Evidence"} | act) for act in lane[start : start + BATCH]]
            body = "\n".join(lines).encode()
            batches.append([raw_request("POST", "/v1/submissions", headers, body)])
    return batches


@contextmanager
def _stopped(process: int) -> Iterator[None]:
    """The engine held: its front answers alone, for it needs nothing but the database."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def _check(acts: list[dict[str, Any]]) -> float:
    """Seconds to read acts and to know who signed each."""
    bodies = [json.dumps(act, separators=(",", ":")).encode() for act in acts]
    separator = _separator(acts[0]["domain"])
    started = time.perf_counter()
    for body in bodies:
        envelope, _ = parse_envelope("Evidence", parse_strict(body, limit_bytes=len(body)))
        signed = digest(separator, struct_hash("Evidence", _FIELDS, envelope.message))
        recover_address(signed, envelope.signature)
    return time.perf_counter() - started


def _check_signatures(acts: list[dict[str, Any]]) -> float:
    """Seconds for digest and recovery of acts that were read before."""
    parsed = [parse_envelope("Evidence", act)[0] for act in acts]
    separator = _separator(acts[0]["domain"])
    started = time.perf_counter()
    for envelope in parsed:
        signed = digest(separator, struct_hash("Evidence", _FIELDS, envelope.message))
        recover_address(signed, envelope.signature)
    return time.perf_counter() - started


def _separator(domain: dict[str, Any]) -> bytes:
    contract = bytes.fromhex(domain["contract"][2:])
    return Domain("Emissions", "1", domain["chain_id"], contract).separator


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
