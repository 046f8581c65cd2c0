"""The engine's loops: a broken invariant halts them, any other error does not."""

import logging
import threading
from collections.abc import Callable, Iterator

import pytest

from ledger.engine import Engine, Step
from ledger.errors import LedgerHalted
from ledger.store.changes import Changes

HALT = LedgerHalted("the chain's hashes do not link", 7)


@pytest.fixture
def changes() -> Iterator[Changes]:
    """The watcher of databases in which nobody else writes."""
    changes = Changes(lambda: 0)
    changes.start()
    changes.wait(0, seconds=5)  # the first look always tells
    yield changes
    changes.stop()


def _engine(changes: Changes, *, told: list[LedgerHalted], **steps: Callable[[], bool]) -> Engine:
    """An engine whose steps wait an hour for a change."""
    named = {name: Step(step, idle_seconds=3600) for name, step in steps.items()}
    return Engine(named, changes, on_halt=told.append)


def test_run_step_goes_on_when_there_is_work(changes: Changes) -> None:
    rounds, done = iter(range(1000)), threading.Event()

    def step() -> bool:
        if next(rounds) == 50:
            done.set()
        return not done.is_set()

    engine = _engine(changes, told=[], courier=step)
    engine.start()
    assert done.wait(5)
    assert engine.is_running
    engine.stop()
    assert not engine.is_running


def test_run_step_wakes_the_others_when_it_did_something(changes: Changes) -> None:
    works, woken = iter([True]), threading.Semaphore(0)

    def follow() -> bool:
        woken.release()
        return False

    engine = _engine(changes, told=[], follower=follow)
    engine.start()
    assert woken.acquire(timeout=5)
    sealing = _engine(changes, told=[], sealer=lambda: next(works, False))
    sealing.start()
    assert woken.acquire(timeout=5)
    for one in (sealing, engine):
        one.stop()


def test_run_step_halts_every_loop_when_an_invariant_is_broken(
    changes: Changes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def step() -> bool:
        raise HALT

    told: list[LedgerHalted] = []
    engine = _engine(changes, told=told, follower=step, courier=lambda: False)
    with caplog.at_level(logging.CRITICAL):
        engine.start()
        while engine.is_running:
            pass
        engine.stop()
    assert engine.halted is HALT
    assert told == [HALT]
    assert not engine.is_running


def test_run_step_tries_again_when_it_failed_otherwise(
    changes: Changes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    rounds, done = iter(range(2)), threading.Event()

    def step() -> bool:
        if next(rounds) == 0:
            raise OSError
        done.set()
        return False

    engine = _engine(changes, told=[], courier=step)
    with caplog.at_level(logging.CRITICAL):
        engine.start()
        assert done.wait(5)
    engine.stop()
    assert engine.halted is None
