"""Transactions whose commit is waited for by the next one, in a file that others read."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from ledger.mirror.commits import Commits

WAIT_SECONDS = 5.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/rows.db", connect_args={"timeout": 0})
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE numbers (number INTEGER PRIMARY KEY)"))
    yield engine
    engine.dispose()


@pytest.fixture
def commits(engine: Engine) -> Iterator[Commits]:
    commits = Commits(engine)
    yield commits
    commits.close()


def _put(commits: Commits, number: int) -> None:
    with commits.transaction() as connection:
        connection.execute(text(f"INSERT INTO numbers VALUES ({number})"))


def _numbers(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(text("SELECT number FROM numbers ORDER BY number")))


def test_transaction_returns_when_its_commit_is_still_under_way(
    engine: Engine, commits: Commits
) -> None:
    may_commit = threading.Event()

    @event.listens_for(engine, "commit")
    def _hold(_connection: Connection) -> None:
        assert may_commit.wait(WAIT_SECONDS)

    _put(commits, 1)
    assert _numbers(engine) == []
    may_commit.set()
    commits.wait()
    assert _numbers(engine) == [1]


def test_transaction_follows_the_one_before_when_that_is_being_committed(
    engine: Engine, commits: Commits
) -> None:
    for number in range(20):
        _put(commits, number)  # the file takes one writer and nobody waits for it
    commits.wait()
    assert _numbers(engine) == list(range(20))


def test_transaction_leaves_nothing_when_its_writer_fails(engine: Engine, commits: Commits) -> None:
    with pytest.raises(KeyError), commits.transaction() as connection:
        connection.execute(text("INSERT INTO numbers VALUES (1)"))
        raise KeyError
    _put(commits, 2)
    commits.wait()
    assert _numbers(engine) == [2]


def test_wait_raises_what_the_commit_raised_when_it_failed(
    engine: Engine, commits: Commits
) -> None:
    @event.listens_for(engine, "commit")
    def _fail(_connection: Connection) -> None:
        raise OSError("the disk is full")

    _put(commits, 1)
    with pytest.raises(OSError, match="the disk is full"):
        commits.wait()
    assert _numbers(engine) == []
