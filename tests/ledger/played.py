"""A directory in which every table of the mirror has rows, played once and copied by each test."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import delete, insert

from api.fields import hex_text
from identity.identifier import parse_identifier
from identity.keys import address_of
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.reader import Reader
from ledger.clock import Clock
from ledger.opening import reader
from ledger.outbox.model import undecided_table
from ledger.store.chain_entries import ChainEntries
from ledger.store.manifest import Manifest, read_manifest
from ledger.store.sqlite import SqliteStore
from tests.messages import DOCUMENT, YEAR, transfer
from tests.park import START, Park, issue_quota, play_year, settle_in

ENTERPRISE_1 = parse_identifier("88.111/ENT.0001").hash
_NOBODYS_SUBMISSION = 2**40


@dataclass(frozen=True, slots=True)
class Played:
    """A played directory, everybody's private keys by the names of tests/park.py, its rows' key."""

    directory: Path
    keys: dict[str, bytes]
    mac_key: bytes


class NextSecond:
    """Time for a chain that a test seals by hand: every block is one second after its parent."""

    def now(self) -> int:
        return int(datetime.fromisoformat(START).timestamp())

    def block_time(self, parent: int) -> int | None:
        return parent + 1


@dataclass(frozen=True, slots=True)
class Opened:
    """A stopped ledger's directory: no thread runs, a test takes each step itself."""

    keys: dict[str, bytes]
    store: SqliteStore
    node: EmbeddedNode
    reader: Reader
    manifest: Manifest

    @property
    def mirror(self) -> Path:
        """The mirror file that is served now."""
        return self.store.mirror_path(self.store.mirror_generation())


def play_everything(directory: Path) -> Played:
    """A park's year and every act besides, then the ledger is stopped."""
    park = Park(directory)
    settle_in(park)
    issue_quota(park)
    play_year(park)
    play_more(park)
    park.settle()
    park.close()
    for database in (directory / "ledger.db", directory / "mirror-1.db"):
        fold_log(database)
    return Played(directory, park.keys, park.service_keys.row_mac)


def fold_log(database: Path) -> None:
    """Bring everything into the file itself, so that a copy of the file is a copy of it all."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def play_more(park: Park) -> None:
    """What a year does not need: tie, record, key ending, cancellation, refusal, reopening."""
    tie = {
        "participant": "88/VER.0001",
        "verifier": "88/VER.0001",
        "enterprise": "88.111/ENT.0002",
        "ties": 1,
    }
    park.act("Tie", tie, signer="verifier", wait=False)
    record = {"subject": "88.111.1/MTR.0001", "record": DOCUMENT, "revision": 1}
    park.act("RecordChange", record, signer="enterprise 1", wait=False)
    _end_key(park)
    cancellation = {
        "account": "88.111/ENT.0001",
        "asset": "PARK-2023",
        "tonnes": 5,
        "beneficiary": None,
        "reason": DOCUMENT,
        "nonce": 3,
    }
    park.act("Cancellation", cancellation, signer="enterprise 1")
    _let_chain_refuse(park)
    _reopen(park)


def _end_key(park: Park) -> None:
    park.add_key("88.111/ENT.0002", "spare", 2, signer="enterprise 2", wait=True)
    ending = {
        "participant": "88.111/ENT.0002",
        "ended_key": hex_text(address_of(park.key("spare"))),
        "time": None,
        "is_compromised": False,
    }
    park.act("KeyEnding", ending, signer="enterprise 2")


def _let_chain_refuse(park: Park) -> None:
    """A transfer beyond the balance, which the door lets through as something is under way."""
    row = {"subject": ENTERPRISE_1, "submission_seq": _NOBODYS_SUBMISSION}
    with park.ledger.store.keeping() as connection:
        connection.execute(insert(undecided_table).values(**row))
    body = park.envelope("Transfer", transfer(tonnes=9_000, nonce=4), signer="enterprise 1")
    answer = park.post("Transfer", body)
    assert answer.json()["code"] == "QuotaInsufficient", answer.text
    mine = undecided_table.c.submission_seq == _NOBODYS_SUBMISSION
    with park.ledger.store.keeping() as connection:
        connection.execute(delete(undecided_table).where(mine))


def _reopen(park: Park) -> None:
    confirmed = park.get("/v1/confirmations")["items"][0]["id"]
    reopening = {
        "facility": "88.111.1/FAC.0001",
        "period": str(YEAR),
        "follows": confirmed,
        "authority": "88/REG.310000",
        "reason": DOCUMENT,
    }
    park.act("Reopening", reopening, signer="regulator")


def copied(played: Played, to: Path) -> Path:
    """A copy of a played directory that a test may spoil."""
    to.mkdir(parents=True, exist_ok=True)
    for name in ("ledger.db", "mirror-1.db"):
        shutil.copyfile(played.directory / name, to / name)
    return to


@contextmanager
def opened(
    directory: Path,
    *,
    keys: dict[str, bytes],
    mac_key: bytes | None = None,
    clock: Clock | None = None,
) -> Iterator[Opened]:
    """Store, chain and reader of a stopped ledger; kept rows are written with their key only."""
    store = SqliteStore(directory, mac_key=mac_key)
    entries = ChainEntries(store.path)
    try:
        with store.reading_kept() as connection:
            manifest = read_manifest(connection)
        node = EmbeddedNode(entries, clock or NextSecond())
        yield Opened(keys, store, node, reader(node, manifest), manifest)
    finally:
        entries.close()
        store.close()
