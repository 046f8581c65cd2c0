"""Following the chain: replayed, interrupted, forked and swapped, the mirror says the same."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.chain.reader import Block, Log, Reader
from ledger.embedded_engine import reader
from ledger.errors import LedgerHalted
from ledger.mirror.follower import Follower, MirrorFile
from ledger.mirror.rebuild import rebuild
from ledger.store.chain_log import freshness
from ledger.store.metadata import MIRROR
from tests.ledger.played import Opened


class Killed(Exception):
    """Stands for the end of the process."""


class _Broken(list[Log]):
    """Logs whose reading ends after the first: what follows is inside the projection."""

    def __iter__(self) -> Iterator[Log]:
        yield self[0]
        raise Killed


class BreakingReader(Reader):
    """Reads well up to one block, in whose projection it dies."""

    breaks_at: int

    def logs(self, number: int) -> list[Log]:
        found = super().logs(number)
        return _Broken(found) if number == self.breaks_at else found


class ForkedReader(Reader):
    """Shows one block with another parent than the chain's."""

    forked_at: int

    def block(self, number: int) -> Block:
        found = super().block(number)
        return replace(found, parent=b"\x01" * 32) if number == self.forked_at else found


def breaking_reader(ledger: Opened, *, at: int) -> BreakingReader:
    addresses = [ledger.manifest.address_of(name) for name in ("Identifiers", "Emissions")]
    found = BreakingReader(ledger.node, addresses=[*addresses, ledger.manifest.quotas])
    found.breaks_at = at
    return found


def digest(path: Path) -> str:
    """One digest over every row of every mirror table."""
    hashed = hashlib.sha256()
    with closing(sqlite3.connect(path)) as connection:
        for table in MIRROR.sorted_tables:
            keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
            rows = connection.execute(f'SELECT * FROM "{table.name}" ORDER BY {keys}')
            hashed.update(repr((table.name, rows.fetchall())).encode())
    return hashed.hexdigest()


def replayed(ledger: Opened, path: Path, *, reader: Reader | None = None) -> int:
    """Read the chain into the mirror file at this path; the number of blocks read."""
    file = MirrorFile(path, reader or ledger.reader, ledger.manifest)
    try:
        return file.follow()
    finally:
        file.close()


def block_with_many_events(ledger: Opened) -> int:
    """The last block with at least two events of ours."""
    head = ledger.reader.head_number()
    return max(at for at in range(head + 1) if len(ledger.reader.logs(at)) > 1)


def test_replay_gives_equal_tables_when_it_starts_from_zero(copy: Opened, tmp_path: Path) -> None:
    assert replayed(copy, tmp_path / "again.db") == copy.reader.head_number()
    assert digest(tmp_path / "again.db") == digest(copy.mirror)


def test_replay_gives_equal_tables_when_it_stops_and_starts(copy: Opened, tmp_path: Path) -> None:
    for number in (1, 2, 9, 20, copy.reader.head_number()):
        file = MirrorFile(tmp_path / "steps.db", copy.reader, copy.manifest)
        file.follow(until=number)
        assert file.head()[0] == number
        file.close()
    assert digest(tmp_path / "steps.db") == digest(copy.mirror)


def test_follow_changes_nothing_when_the_head_was_read_before(copy: Opened) -> None:
    before = digest(copy.mirror)
    assert replayed(copy, copy.mirror) == 0
    assert digest(copy.mirror) == before


def test_follow_leaves_the_block_unread_when_it_dies_inside_a_projection(
    copy: Opened, tmp_path: Path
) -> None:
    broken, path = block_with_many_events(copy), tmp_path / "killed.db"
    file = MirrorFile(path, copy.reader, copy.manifest)
    file.follow(until=broken - 1)
    file.close()
    before = digest(path)
    with pytest.raises(Killed):
        replayed(copy, path, reader=breaking_reader(copy, at=broken))
    assert digest(path) == before


def test_follow_reads_the_block_whole_when_it_died_in_it_before(
    copy: Opened, tmp_path: Path
) -> None:
    broken, path = block_with_many_events(copy), tmp_path / "killed.db"
    with pytest.raises(Killed):
        replayed(copy, path, reader=breaking_reader(copy, at=broken))
    assert replayed(copy, path) == copy.reader.head_number() - broken + 1
    assert digest(path) == digest(copy.mirror)


def test_follow_halts_when_a_block_does_not_link(copy: Opened, tmp_path: Path) -> None:
    addresses = [copy.manifest.identifiers, copy.manifest.emissions, copy.manifest.quotas]
    forked = ForkedReader(copy.node, addresses=addresses)
    forked.forked_at = 5
    file = MirrorFile(tmp_path / "forked.db", forked, copy.manifest)
    with pytest.raises(LedgerHalted) as halt:
        file.follow()
    number, _ = file.head()
    file.close()
    assert halt.value.facts == {"reason": "the chain's hashes do not link", "block": 5}
    assert number == 4


def test_follow_turns_to_the_rebuilt_mirror_when_it_is_swapped_in(copy: Opened) -> None:
    old = copy.mirror
    follower = Follower(copy.store, copy.reader, copy.manifest)
    rebuild(copy.store, copy.reader, copy.manifest)
    assert follower.run_once() is False
    follower.close()
    assert copy.mirror.name == "mirror-2.db"
    assert list(old.parent.glob("mirror-1*")) == []


def test_read_shows_the_rebuilt_mirror_when_it_is_swapped_in(copy: Opened) -> None:
    with closing(sqlite3.connect(copy.mirror)) as connection, connection:
        connection.execute("UPDATE cursor SET final_block = 1")
    assert final_block(copy) == 1
    rebuild(copy.store, copy.reader, copy.manifest)
    assert final_block(copy) == copy.reader.head_number()


def test_read_shows_the_rebuilt_mirror_when_an_older_reading_is_still_open(copy: Opened) -> None:
    follower = Follower(copy.store, copy.reader, copy.manifest)
    with copy.store.reading():
        rebuild(copy.store, copy.reader, copy.manifest)
        follower.run_once()
        assert final_block(copy) == copy.reader.head_number()
    follower.close()


def test_rebuild_starts_anew_when_an_earlier_try_left_half_a_file(copy: Opened) -> None:
    half = MirrorFile(copy.store.mirror_path(2), copy.reader, copy.manifest)
    half.follow(until=3)
    half.close()
    with closing(sqlite3.connect(copy.store.mirror_path(2))) as connection, connection:
        connection.execute("UPDATE block SET time = 1")
    before = digest(copy.mirror)
    rebuild(copy.store, copy.reader, copy.manifest)
    assert digest(copy.mirror) == before


def test_rebuild_serves_the_old_mirror_when_it_dies_on_the_way(copy: Opened) -> None:
    broken = breaking_reader(copy, at=block_with_many_events(copy))
    with pytest.raises(Killed):
        rebuild(copy.store, broken, copy.manifest)
    assert copy.store.mirror_generation() == 1
    assert final_block(copy) == copy.reader.head_number()


def final_block(ledger: Opened) -> int:
    with ledger.store.reading() as reading:
        return freshness(reading).final_block


def test_open_mirror_file_reads_the_genesis_when_it_is_new(copy: Opened, tmp_path: Path) -> None:
    file = MirrorFile(tmp_path / "new.db", reader(copy.node, copy.manifest), copy.manifest)
    assert file.head() == (0, copy.manifest.genesis)
    file.close()
