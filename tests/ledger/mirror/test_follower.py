"""Following the chain: replayed, interrupted, forked and swapped, the mirror says the same."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ledger.chain.node import Node, NodeContradicts
from ledger.chain.reader import Answers, Filled, Log, Reader
from ledger.errors import LedgerHalted
from ledger.mirror.follower import Follower, Mirror
from ledger.mirror.rebuild import rebuild
from ledger.opening import reader
from ledger.store.chain_log import freshness
from ledger.store.manifest import Manifest
from ledger.store.metadata import MIRROR
from ledger.store.sqlite import open_mirror
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

    def ask(self, first: int, last: int) -> Answers:  # noqa: ARG002
        """One block at a time, so that all before the broken one are written."""
        return super().ask(first, first)

    def read(self, answers: Answers) -> list[Filled]:
        return [
            replace(one, logs=_Broken(one.logs)) if one.block.number == self.breaks_at else one
            for one in super().read(answers)
        ]


class ForkedNode(Node):
    """Shows one block with another parent than the chain's."""

    def __init__(self, node: Node, *, forked_at: int) -> None:
        self._node = node
        self._forked_at = hex(forked_at)

    def request(self, method: str, params: list[Any]) -> Any:
        found = self._node.request(method, params)
        if method == "eth_getBlockByNumber" and found and found["number"] == self._forked_at:
            return found | {"parentHash": "0x" + "01" * 32}
        return found


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


def mirror_at(path: Path, reader: Reader, manifest: Manifest) -> Mirror:
    """What writes the mirror file of this path."""
    return Mirror(open_mirror(path), reader, manifest)


def replayed(ledger: Opened, path: Path, *, reader: Reader | None = None) -> int:
    """Read the chain into the mirror file at this path; the number of blocks read."""
    file = mirror_at(path, reader or ledger.reader, ledger.manifest)
    try:
        return file.follow()
    finally:
        file.close()


def block_with_many_events(ledger: Opened) -> int:
    """The last block with at least two events of ours."""
    head = ledger.reader.head_number()
    return max(at for at in range(head + 1) if len(ledger.reader.filled(at, at)[0].logs) > 1)


def test_replay_gives_equal_tables_when_it_starts_from_zero(copy: Opened, tmp_path: Path) -> None:
    assert replayed(copy, tmp_path / "again.db") == copy.reader.head_number()
    assert digest(tmp_path / "again.db") == digest(copy.mirror)


def test_replay_gives_equal_tables_when_it_stops_and_starts(copy: Opened, tmp_path: Path) -> None:
    for number in (1, 2, 9, 20, copy.reader.head_number()):
        file = mirror_at(tmp_path / "steps.db", copy.reader, copy.manifest)
        file.follow(until=number)
        assert file.tip().number == number
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
    file = mirror_at(path, copy.reader, copy.manifest)
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
    forked = reader(ForkedNode(copy.node, forked_at=5), copy.manifest)
    file = mirror_at(tmp_path / "forked.db", forked, copy.manifest)
    for _ in range(2):  # the chain might have turned between two answers
        with pytest.raises(NodeContradicts):
            file.follow()
    with pytest.raises(LedgerHalted) as halt:
        file.follow()
    assert halt.value.facts == {"reason": "the chain's hashes do not link", "block": 5}
    assert file.tip().number < 5
    file.close()


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
    half = mirror_at(copy.store.mirror_path(2), copy.reader, copy.manifest)
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
    file = mirror_at(tmp_path / "new.db", reader(copy.node, copy.manifest), copy.manifest)
    assert (file.tip().number, file.tip().hash) == (0, copy.manifest.genesis)
    file.close()
