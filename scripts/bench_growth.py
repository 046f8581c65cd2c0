"""What the same request costs when the ledger holds ten and a hundred times as many acts.

One directory is filled further and further (`bench_reads.fill_mirror`), served and asked one
request at a time. A slope of 0 is flat, 1 is linear: log of the cost over log of the size.
"""

import math
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx2

from identity.identifier import parse_identifier
from ledger.quotas.asset import parse_asset
from ledger.store.span import OPEN
from scripts.bench_chain import filled_chain
from scripts.bench_load import let_settle, loaded_service
from scripts.bench_mirror import follow_into_sqlite
from scripts.bench_reads import fill_mirror
from scripts.park_year.cast import ENTERPRISES
from scripts.park_year.processes import Service

SIZES = (10_000, 100_000, 1_000_000)
EVENTS = (10_000, 100_000, 1_000_000)
REQUESTS = 200
_EVENTS_PER_BLOCK = 50


def measure_growth() -> dict[str, Any]:
    """Milliseconds a request at each size, their slopes, and events a second of catching up."""
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "ledger"
        with loaded_service(
            directory, lanes=len(SIZES), acts_per_lane=REQUESTS, reports=True
        ) as load:
            tokens, lanes = (load.headers, load.owner_headers), load.lanes
            assert load.report is not None
        costs: dict[str, list[float]] = {}
        before = 0
        for size, lane in zip(SIZES, lanes, strict=True):
            ids = fill_mirror(directory / "mirror-1.db", rows=size - before, sample=REQUESTS)
            fill_outbox(directory, rows=size - before)
            fill_account(directory, rows=size - before)
            before = size
            with Service(directory, None) as service:
                for name, ask in _requests(service.url(), tokens, ids, lane, load.report).items():
                    costs.setdefault(name, []).append(ask())
                let_settle(service.url())  # the outbox is filled up after what is under way
    return {
        "acts": list(SIZES),
        "milliseconds": {name: [round(one, 2) for one in each] for name, each in costs.items()},
        "slopes": {name: _slope(SIZES, each) for name, each in costs.items()},
        "last_to_first": {name: round(each[-1] / each[0], 2) for name, each in costs.items()},
        "catching_up": _catching_up(),
    }


_SUBMISSIONS = """
INSERT INTO submission (id, attempt, type, actor, carrier, key, payload, signature, accepted_at,
                        deadline, state, acknowledgement, transaction_seq)
SELECT act.id, 1, act.type, act.actor, act.actor, act.key, zeroblob(288), zeroblob(65), 1893456000,
       act.deadline, 'done', (SELECT acknowledgement FROM submission LIMIT 1),
       (SELECT max(seq) FROM courier_transaction)
FROM mirror.act LEFT JOIN submission USING (id) WHERE submission.id IS NULL
"""


def fill_outbox(directory: Path, *, rows: int) -> None:
    """The submissions of the acts that the mirror was filled with."""
    with closing(sqlite3.connect(directory / "ledger.db", isolation_level=None)) as connection:
        connection.execute("ATTACH DATABASE ? AS mirror", (str(directory / "mirror-1.db"),))
        assert connection.execute(_SUBMISSIONS).rowcount >= rows


_ACCOUNT = (
    """
INSERT INTO quota_moved (seq, block, id, "from", "to", asset, tonnes, nonce, from_bucket,
                         to_bucket, from_after, to_after, key, deadline)
SELECT act.seq, act.block, act.id, iif(act.seq % 2, :mine, :other), iif(act.seq % 2, :other, :mine),
       :asset, 1, 1, 0, 0, 1, 1, act.key, act.deadline
FROM act LEFT JOIN quota_moved AS moved USING (seq)
WHERE act.type = 'Evidence' AND moved.seq IS NULL
""",
    """
REPLACE INTO holding (account, asset, valid_from, valid_to, received_tonnes, sent_tonnes)
SELECT :mine, :asset, 1, :open, sum("to" = :mine), sum("from" = :mine) FROM quota_moved
""",
)


def fill_account(directory: Path, *, rows: int) -> None:
    """As many tonnes to and fro between two enterprises as there are acts, one at a time."""
    mine, other = (parse_identifier(one.identifier).hash for one in ENTERPRISES[:2])
    names = {"mine": mine, "other": other, "asset": parse_asset("PARK-2030"), "open": OPEN}
    with closing(sqlite3.connect(directory / "mirror-1.db")) as connection, connection:
        moves, holding = (connection.execute(statement, names).rowcount for statement in _ACCOUNT)
    assert moves >= rows and holding == 1


def _requests(
    url: str,
    tokens: tuple[dict[str, str], dict[str, str]],
    ids: list[bytes],
    lane: list[dict[str, Any]],
    report: str,
) -> dict[str, Callable[[], float]]:
    carrier, owner = tokens
    singles = [f"/v1/evidence/0x{one.hex()}" for one in ids]
    page = f"/v1/evidence?facility={ENTERPRISES[0].facility}&limit=50"
    account = f"/v1/accounts/{ENTERPRISES[0].identifier}"
    proof = f"/v1/proofs/{report}"
    submissions = "/v1/submissions?limit=50"
    movements = f"{account}/movements?limit=50"
    return {
        "read": lambda: _ask(url, owner, iter(singles)),
        "page": lambda: _ask(url, owner, iter([page] * REQUESTS)),
        "page_of_submissions": lambda: _ask(url, owner, iter([submissions] * REQUESTS)),
        "page_of_movements": lambda: _ask(url, owner, iter([movements] * REQUESTS)),
        "proof": lambda: _ask(url, owner, iter([proof] * REQUESTS)),
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
    """Events a second from an empty mirror, and the memory that took at most, for each length."""
    rates, megabytes = [], []
    for events in EVENTS:
        blocks = events // _EVENTS_PER_BLOCK
        with filled_chain(transfers=events, blocks=blocks) as chain:
            before = _peak_megabytes()
            rates.append(round(follow_into_sqlite(chain)))
            megabytes.append(_peak_megabytes() - before)
    return {"events": list(EVENTS), "events_per_second": rates, "megabytes": megabytes}


def _peak_megabytes() -> int:
    """The most memory this process had since this was asked last."""
    status = Path("/proc/self/status").read_text("ascii").splitlines()
    (kilobytes,) = (line.split()[1] for line in status if line.startswith("VmHWM:"))
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # proc(5): the peak starts anew
    return int(kilobytes) // 1024
