"""The engine's loops: a broken invariant halts them, any other error does not."""

import logging
import threading

import pytest

from ledger.engine import Engine
from ledger.errors import LedgerHalted


def test_run_step_goes_on_when_there_is_work() -> None:
    rounds, done = iter(range(1000)), threading.Event()

    def step() -> bool:
        if next(rounds) == 50:
            done.set()
        return not done.is_set()

    engine = Engine({"courier": step})
    engine.start()
    assert done.wait(5)
    assert engine.is_running
    engine.stop()
    assert not engine.is_running


def test_run_step_halts_every_loop_when_an_invariant_is_broken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def step() -> bool:
        raise LedgerHalted("the chain's hashes do not link", 7)

    engine = Engine({"follower": step, "courier": lambda: False})
    with caplog.at_level(logging.CRITICAL):
        engine.start()
        while engine.is_running:
            pass
        engine.stop()
    assert engine.halted is not None
    assert engine.halted.facts == {"reason": "the chain's hashes do not link", "block": 7}
    assert not engine.is_running


def test_run_step_tries_again_when_it_failed_otherwise(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rounds, done = iter(range(2)), threading.Event()

    def step() -> bool:
        if next(rounds) == 0:
            raise OSError
        done.set()
        return False

    engine = Engine({"courier": step})
    with caplog.at_level(logging.CRITICAL):
        engine.start()
        assert done.wait(5)
    engine.stop()
    assert engine.halted is None
