"""One commit for what many bring: each is refused alone, none is told before it is kept."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from ledger.evidence.model import document_table
from ledger.founding import migrate
from ledger.store.sqlite import SqliteStore
from ledger.store.writer import Writer


class CommitFailed(Exception):
    """What a full disk would be."""


class PieceRefused(Exception):
    """What one piece of work says no with."""


class UnreachableStore(SqliteStore):
    """Cannot begin a transaction: the database is locked, or its disk is gone."""

    @contextmanager
    def keeping(self) -> Iterator[Connection]:
        raise CommitFailed
        yield  # a generator, as the real one


class CountingStore(SqliteStore):
    """Counts its commits and fails the next ones on request."""

    commits = 0
    failures = 0

    @contextmanager
    def keeping(self) -> Iterator[Connection]:
        with super().keeping() as connection:
            yield connection
            if self.failures:
                self.failures -= 1
                raise CommitFailed
        self.commits += 1


@pytest.fixture
def store(tmp_path: Path) -> Iterator[CountingStore]:
    store = CountingStore(tmp_path, mac_key=bytes(32))
    store.prepare()
    migrate(store)
    store.commits = 0
    yield store
    store.close()


def keep(content: bytes) -> Callable[[Connection], bytes]:
    """Work that stores a document and gives its content."""

    def run(connection: Connection) -> bytes:
        row = {"digest": content.ljust(32), "kind": "other", "media_type": "a/b", "created_at": 1}
        connection.execute(insert(document_table).values(content=content, **row))
        return content

    return run


def refuse(connection: Connection) -> bytes:
    """Work that stores something and then says no."""
    keep(b"half")(connection)
    raise PieceRefused


def run_together(
    store: SqliteStore, works: list[Callable[[Connection], bytes]]
) -> list[Future[bytes]]:
    """Let all of these wait before the writer starts; what became of each."""
    writer = Writer(store)
    with ThreadPoolExecutor(len(works)) as pool:
        told = [pool.submit(writer.commit, work) for work in works]
        while writer._works.qsize() < len(works):
            pass
        writer.start()
    writer.stop()
    return told


def kept(store: SqliteStore) -> set[bytes]:
    with store.keeping() as connection:
        return set(connection.scalars(select(document_table.c.content)))


def test_commit_happens_once_when_many_pieces_wait(store: CountingStore) -> None:
    contents = [b"%d" % number for number in range(20)]
    told = run_together(store, [keep(content) for content in contents])
    assert store.commits == 1
    assert [one.result() for one in told] == contents
    assert kept(store) == set(contents)


def test_commit_keeps_the_others_when_one_piece_is_refused(store: CountingStore) -> None:
    told = run_together(store, [keep(b"one"), refuse, keep(b"two")])
    assert isinstance(told[1].exception(), PieceRefused)
    assert (told[0].result(), told[2].result()) == (b"one", b"two")
    assert kept(store) == {b"one", b"two"}


def test_commit_refuses_the_second_only_when_two_bring_the_same(store: CountingStore) -> None:
    told = run_together(store, [keep(b"same"), keep(b"same"), keep(b"other")])
    assert sum(one.exception() is None for one in told) == 2
    assert kept(store) == {b"same", b"other"}


def test_commit_tells_all_of_the_failure_when_the_commit_itself_fails(
    store: CountingStore,
) -> None:
    store.failures = 1
    told = run_together(store, [keep(b"one"), keep(b"two"), refuse])
    assert [type(one.exception()) for one in told] == [CommitFailed, CommitFailed, PieceRefused]
    assert kept(store) == set()


def test_commit_goes_on_when_the_one_before_failed(store: CountingStore) -> None:
    writer = Writer(store)
    writer.start()
    store.failures = 1
    with pytest.raises(CommitFailed):
        writer.commit(keep(b"one"))
    assert writer.commit(keep(b"two")) == b"two"
    writer.stop()
    assert kept(store) == {b"two"}


def test_commit_fails_for_all_when_no_transaction_begins(tmp_path: Path) -> None:
    writer = Writer(UnreachableStore(tmp_path))
    writer.start()
    with ThreadPoolExecutor(2) as pool:
        works = [pool.submit(writer.commit, keep(content)) for content in (b"one", b"two")]
        errors = [work.exception(timeout=5) for work in works]
    writer.stop()
    assert [type(error) for error in errors] == [CommitFailed, CommitFailed]
