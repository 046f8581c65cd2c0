"""What the same request costs when the ledger holds ten and a hundred times as many acts.

One directory is filled further and further (`bench_reads.fill_mirror`), served and asked one
request at a time. A slope of 0 is flat, 1 is linear: log of the cost over log of the size.
"""

import math
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx2

from scripts.bench_chain import filled_chain
from scripts.bench_load import loaded_service
from scripts.bench_mirror import follow_into_sqlite
from scripts.bench_reads import fill_mirror
from scripts.park_year.cast import ENTERPRISES
from scripts.park_year.processes import Service

SIZES = (10_000, 100_000, 1_000_000)
EVENTS = (10_000, 100_000)
REQUESTS = 200
_EVENTS_PER_BLOCK = 50


def measure_growth() -> dict[str, Any]:
    """Milliseconds a request at each size, their slopes, and events a second of catching up."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "ledger"
        with loaded_service(directory, lanes=len(SIZES), acts_per_lane=REQUESTS) as load:
            tokens, lanes = (load.headers, load.owner_headers), load.lanes
        costs: dict[str, list[float]] = {}
        before = 0
        for size, lane in zip(SIZES, lanes, strict=True):
            ids = fill_mirror(directory / "mirror-1.db", rows=size - before, sample=REQUESTS)
            before = size
            with Service(directory, None) as service:
                for name, ask in _requests(service.url(), tokens, ids, lane).items():
                    costs.setdefault(name, []).append(ask())
    return {
        "acts": list(SIZES),
        "milliseconds": {name: [round(one, 2) for one in each] for name, each in costs.items()},
        "slopes": {name: _slope(SIZES, each) for name, each in costs.items()},
        "last_to_first": {name: round(each[-1] / each[0], 2) for name, each in costs.items()},
        "catching_up": _catching_up(),
    }


def _requests(
    url: str,
    tokens: tuple[dict[str, str], dict[str, str]],
    ids: list[bytes],
    lane: list[dict[str, Any]],
) -> dict[str, Callable[[], float]]:
    carrier, owner = tokens
    singles = [f"/v1/evidence/0x{one.hex()}" for one in ids]
    page = f"/v1/evidence?facility={ENTERPRISES[0].facility}&limit=50"
    account = f"/v1/accounts/{ENTERPRISES[0].identifier}"
    return {
        "read": lambda: _ask(url, owner, iter(singles)),
        "page": lambda: _ask(url, owner, iter([page] * REQUESTS)),
        "balance": lambda: _ask(url, owner, iter([account] * REQUESTS)),
        "submit": lambda: _submit(url, carrier, lane),
    }


def _ask(url: str, headers: dict[str, str], paths: Iterator[str]) -> float:
    """The median of a request's milliseconds."""
    with httpx2.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
        return _median(client.get(path) for path in paths)


def _submit(url: str, headers: dict[str, str], lane: list[dict[str, Any]]) -> float:
    with httpx2.Client(base_url=url, headers=headers, trust_env=False, timeout=60) as client:
        return _median(
            client.post("/v1/evidence", json=body, headers={"Idempotency-Key": token_hex(16)})
            for body in lane
        )


def _median(answers: Iterator[httpx2.Response]) -> float:
    spent, at = [], time.perf_counter()
    for answer in answers:
        now = time.perf_counter()
        assert answer.is_success, answer.text
        spent.append(1000 * (now - at))
        at = time.perf_counter()
    return statistics.median(spent)


def _slope(sizes: tuple[int, ...], costs: list[float]) -> float:
    return round(math.log(costs[-1] / costs[0]) / math.log(sizes[-1] / sizes[0]), 3)


def _catching_up() -> dict[str, Any]:
    """Events a second from an empty mirror, and the memory it took at most, for each length."""
    rates, megabytes = [], []
    for events in EVENTS:
        blocks = events // _EVENTS_PER_BLOCK
        with filled_chain(transfers=events, blocks=blocks) as chain:
            rates.append(round(follow_into_sqlite(chain)))
            megabytes.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
    return {"events": list(EVENTS), "events_per_second": rates, "peak_megabytes": megabytes}
