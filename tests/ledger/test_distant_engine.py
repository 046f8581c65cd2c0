"""A front without a chain: what it learns by SQL, and what it asks of the engine's process."""

import threading
from collections.abc import Iterator

import pytest

from ledger.assembly import Ledger
from ledger.clock import MACHINE
from ledger.distant_engine import DistantEngine
from ledger.errors import ChainUnavailable, LedgerHalted
from ledger.local_engine import LocalEngine
from ledger.service_keys import ServiceKeys
from ledger.settings import Settings
from ledger.store.halt import clear_halt, read_halt, write_halt
from scripts.listeners import listen
from tests.ledger.played import Opened

HALT = LedgerHalted("the chain's hashes do not link", 7)
KEYS = ServiceKeys(bytes(31) + b"\x01", bytes(31) + b"\x02", bytes(31) + b"\x03")


@pytest.fixture
def front(copy: Opened) -> Iterator[Ledger]:
    """A front of a directory whose engine was heard at a port where nobody is now."""
    listener = listen(0)
    port = listener.getsockname()[1]
    listener.close()
    settings = Settings(copy.store.path.parent)
    engine = DistantEngine(settings, f"http://127.0.0.1:{port}", keys=KEYS)
    front = Ledger(keys=KEYS, engine=engine)
    front.start()
    yield front
    front.stop()


def test_tell_time_is_the_engines_when_a_front_starts_after_a_jump(copy: Opened) -> None:
    settings = Settings(copy.store.path.parent)
    url = "http://127.0.0.1:9"
    engine = DistantEngine(settings, url, keys=KEYS, offset=2_000_000_000.0)
    assert engine.clock.now() - 2_000_000_000 == int(MACHINE.steady())
    engine.store.close(is_owner=False)


def _until(front: Ledger, *, is_halted: bool) -> None:
    for _ in range(500):
        if (front.engine.halted is not None) == is_halted:
            return
        threading.Event().wait(0.01)
    raise AssertionError("the front never learned it")


def test_require_writing_is_refused_when_the_engine_wrote_that_it_halted(
    front: Ledger, copy: Opened
) -> None:
    front.require_writing()
    with copy.store.keeping() as connection:
        write_halt(connection, HALT)
    _until(front, is_halted=True)
    with pytest.raises(LedgerHalted) as told:
        front.require_writing()
    assert told.value.facts == HALT.facts


def test_require_writing_allows_again_when_the_engine_started_anew(
    front: Ledger, copy: Opened
) -> None:
    with copy.store.keeping() as connection:
        write_halt(connection, HALT)
    _until(front, is_halted=True)
    with copy.store.keeping() as connection:
        clear_halt(connection)
    _until(front, is_halted=False)
    front.require_writing()


def test_start_engine_forgets_that_it_halted_when_it_starts_anew(copy: Opened) -> None:
    with copy.store.keeping() as connection:
        write_halt(connection, HALT)
    engine = LocalEngine(Settings(copy.store.path.parent), keys=KEYS)
    engine.start()
    with copy.store.reading() as reading:
        assert read_halt(reading) is None
    engine.stop()


def test_ask_engine_is_refused_when_nobody_listens(front: Ledger) -> None:
    with pytest.raises(ChainUnavailable):
        front.rpc("eth_blockNumber", [])
    with pytest.raises(ChainUnavailable):
        front.readiness()
