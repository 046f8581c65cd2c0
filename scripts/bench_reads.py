"""Reads a second in a mirror of 10^6 acts: one by its id, and lists of fifty.

The acts are written into the mirror's tables directly, since no chain of that length is at hand:
what is read is what such a chain would leave, and the requests go through `serve --workers 1`.
Who reads is the enterprise that a third of them are of.
"""

import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from identity.identifier import parse_identifier
from scripts.bench_client import Clients, raw_request, started_clients
from scripts.bench_load import loaded_service
from scripts.park_year.cast import ENTERPRISES
from scripts.park_year.processes import Service

ROWS = 1_000_000
LANES, SINGLES_PER_LANE, LISTS_PER_LANE = 8, 250, 50
_FACILITIES = [
    (parse_identifier(one.facility).hash, parse_identifier(one.identifier).hash)
    for one in ENTERPRISES
]
_NUMBERS = """
WITH RECURSIVE numbered(seq, id, place) AS (
  SELECT head + 1, CAST(randomblob(31) || x'00' AS BLOB), 0 FROM (SELECT seq AS head FROM cursor)
  UNION ALL
  SELECT seq + 1, CAST(randomblob(31) || x'00' AS BLOB), (place + 1) % :places FROM numbered
  LIMIT :rows
)
INSERT INTO numbers SELECT seq, id, place FROM numbered
"""
_FILL = (
    "CREATE TEMP TABLE numbers (seq INTEGER PRIMARY KEY, id BLOB, place INTEGER)",
    "CREATE TEMP TABLE places (place INTEGER PRIMARY KEY, facility BLOB, enterprise BLOB)",
)
_COPY = (
    "INSERT INTO act (seq, id, type, actor, key, deadline, block) "
    "SELECT seq, id, 'Evidence', enterprise, :key, 4070908800, head_block "
    "FROM numbers JOIN places USING (place), (SELECT head_block FROM cursor)",
    "INSERT INTO evidence_anchored (seq, block, id, facility, period, enterprise, follows, "
    "month, root, leaves, key, deadline) "
    "SELECT seq, head_block, id, facility, 203000, enterprise, zeroblob(32), "
    "203001, id, 2976, :key, 4070908800 "
    "FROM numbers JOIN places USING (place), (SELECT head_block FROM cursor)",
    "INSERT INTO event (seq, block, log_index, transaction_index, transaction_hash, address, name, "
    "topics, data) SELECT seq, head_block, seq, 0, id, :key, 'EvidenceAnchored', zeroblob(128), "
    "zeroblob(256) FROM numbers, (SELECT head_block FROM cursor)",
    "UPDATE cursor SET seq = seq + :rows",
)


def measure_reads() -> dict[str, Any]:
    """Answers a second over 8 connections, and milliseconds of the clients an answer."""
    with tempfile.TemporaryDirectory() as scratch, started_clients(LANES) as clients:
        directory = Path(scratch) / "ledger"
        with loaded_service(directory, lanes=1, acts_per_lane=1) as load:
            owner = load.owner_headers
        mirror = directory / "mirror-1.db"
        ids = fill_mirror(mirror, rows=ROWS, sample=LANES * SINGLES_PER_LANE)
        with Service(directory, None, workers=1) as service:
            port = int(service.url().rpartition(":")[2])
            lists = [f"/v1/evidence?facility={ENTERPRISES[0].facility}&limit=50"]
            singles = [f"/v1/evidence/0x{act_id.hex()}" for act_id in ids]
            return {
                "rows": ROWS,
                "connections": LANES,
                **_read(clients, port, owner, _spread(singles, SINGLES_PER_LANE), name="by_id"),
                **_read(clients, port, owner, _spread(lists, LISTS_PER_LANE), name="lists_of_50"),
            }


def fill_mirror(mirror: Path, *, rows: int, sample: int) -> list[bytes]:
    """Write the acts in; ids of some of the first enterprise's, drawn anew in each run."""
    with closing(sqlite3.connect(mirror)) as connection, connection:
        for statement in _FILL:
            connection.execute(statement)
        places = [(place, *hashes) for place, hashes in enumerate(_FACILITIES)]
        connection.executemany("INSERT INTO places VALUES (?, ?, ?)", places)
        connection.execute(_NUMBERS, {"rows": rows, "places": len(_FACILITIES)})
        for statement in _COPY:
            connection.execute(statement, {"key": secrets.token_bytes(20), "rows": rows})
        first = connection.execute("SELECT min(seq) FROM numbers").fetchone()[0]
        mine = range(first, first + rows, len(_FACILITIES))
        drawn = Random(secrets.randbits(64)).sample(mine, sample)  # noqa: S311 - which to read
        found = (connection.execute("SELECT id FROM act WHERE seq = ?", (seq,)) for seq in drawn)
        return [each.fetchone()[0] for each in found]


def _spread(paths: list[str], count: int) -> Iterator[list[str]]:
    for lane in range(LANES):
        yield [paths[(lane * count + number) % len(paths)] for number in range(count)]


def _read(
    clients: Clients, port: int, headers: dict[str, str], lanes: Iterator[list[str]], *, name: str
) -> dict[str, float]:
    requests = [[raw_request("GET", path, headers) for path in lane] for lane in lanes]
    clients.play(port, [lane[:5] for lane in requests])  # loads what the first use needs
    played = clients.play(port, requests)
    assert set(played.statuses) == {200}, played.statuses
    count = played.statuses.total()
    return {
        f"{name}_per_second": round(count / played.seconds),
        f"{name}_client_ms": round(1000 * played.client_seconds / count, 2),
    }
