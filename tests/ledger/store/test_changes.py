"""Commits are noticed: of this process at once, of others by the beat, also in a swapped mirror."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from ledger.errors import LedgerHalted
from ledger.mirror.rebuild import rebuild
from ledger.store.changes import Changes
from ledger.store.halt import halt_table, read_halt, write_halt
from ledger.store.sqlite import SqliteStore, open_mirror
from tests.ledger.played import Opened

HALT = LedgerHalted("the chain's hashes do not link", 7)
WAIT_SECONDS, QUIET_SECONDS = 5.0, 0.3


class Watched:
    """What the watcher of a store told, and its only listener."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self._told = threading.Semaphore(0)
        store.changes.listen(self._told.release)
        store.changes.start()
        assert self.is_told()  # the first look always tells

    def is_told(self) -> bool:
        return self._told.acquire(timeout=WAIT_SECONDS)

    def forget(self) -> None:
        """Until nothing is told for some beats: what comes then is news."""
        while self._told.acquire(timeout=QUIET_SECONDS):
            pass


@pytest.fixture
def watched(copy: Opened) -> Iterator[Watched]:
    """A watched directory in which nobody does anything by himself."""
    watched = Watched(SqliteStore(copy.store.path.parent))
    yield watched
    watched.store.changes.stop()
    watched.store.close(is_owner=False)


def test_listen_is_told_when_another_process_commits(copy: Opened, watched: Watched) -> None:
    with copy.store.keeping() as connection:
        write_halt(connection, HALT)
    assert watched.is_told()


def test_listen_is_told_when_the_mirror_alone_changes(copy: Opened, watched: Watched) -> None:
    mirror = open_mirror(copy.mirror)
    with mirror.begin() as connection:
        connection.exec_driver_sql("UPDATE mirror.cursor SET head_block = head_block + 1")
    mirror.dispose()
    assert watched.is_told()


def test_listen_is_told_when_the_mirror_served_is_another_one(
    copy: Opened, watched: Watched
) -> None:
    rebuild(copy.store, copy.reader, copy.manifest)
    assert watched.is_told()
    with watched.store.reading():  # from here on the new file is read, and watched
        pass
    watched.forget()
    test_listen_is_told_when_the_mirror_alone_changes(copy, watched)


def test_announce_wakes_who_waits_when_no_version_changed() -> None:
    changes = Changes(lambda: 0)
    changes.start()
    changes.wait(0, seconds=WAIT_SECONDS)
    seen = changes.count
    changes.announce()
    changes.wait(seen, seconds=WAIT_SECONDS)
    assert (seen, changes.count) == (1, 2)
    changes.stop()


class LateEvent(threading.Event):
    """Set in the very moment when somebody's waiting for it ran out."""

    is_late = False

    def wait(self, timeout: float | None = None) -> bool:
        came = super().wait(timeout)
        if not came and not self.is_late:
            self.is_late = True
            self.set()
        return came


def test_announce_is_heard_when_it_comes_as_the_beat_ends() -> None:
    changes = Changes(lambda: 0)
    changes._announced = LateEvent()
    changes.start()
    changes.wait(0, seconds=WAIT_SECONDS)
    changes.wait(1, seconds=WAIT_SECONDS)
    assert changes.count == 2
    changes.stop()


def test_listen_is_told_again_when_a_listener_failed(caplog: pytest.LogCaptureFixture) -> None:
    told = threading.Semaphore(0)

    def fail() -> None:
        told.release()
        raise OSError

    changes = Changes(lambda: 0)
    changes.listen(fail)
    with caplog.at_level("CRITICAL"):
        changes.start()
        assert told.acquire(timeout=WAIT_SECONDS)
        assert told.acquire(timeout=WAIT_SECONDS)
        changes.stop()


def test_read_halt_gives_the_last_when_several_were_written(copy: Opened) -> None:
    with copy.store.keeping() as connection:
        write_halt(connection, HALT)
        write_halt(connection, LedgerHalted("receipts_root", 8))
    with copy.store.reading() as reading:
        halt = read_halt(reading)
        assert halt is not None
        assert halt.facts == {"reason": "receipts_root", "block": 8}
        assert len(reading.execute(select(halt_table)).all()) == 1
