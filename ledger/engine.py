"""The threads that carry and follow: sealer (embedded chain), courier, follower.

Each is a loop over one step with a stop event. A broken invariant halts courier and follower
for good; any other error is logged and the step is tried again.
"""

import logging
import threading
from collections.abc import Callable

from ledger.errors import LedgerHalted

_IDLE_SECONDS = 0.02
_TROUBLED_SECONDS = 1.0
_log = logging.getLogger("carbonledger.engine")


class Engine:
    """Runs named steps, each in its own thread, until stopped."""

    def __init__(self, steps: dict[str, Callable[[], bool]]) -> None:
        self._stopping = threading.Event()
        self.halted: LedgerHalted | None = None
        self._threads = [
            threading.Thread(target=self._loop, args=(name, step), name=name, daemon=True)
            for name, step in steps.items()
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let every step finish, then end."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def is_running(self) -> bool:
        return self.halted is None and all(thread.is_alive() for thread in self._threads)

    def _loop(self, name: str, step: Callable[[], bool]) -> None:
        while not self._stopping.is_set() and self.halted is None:
            try:
                pause = 0.0 if step() else _IDLE_SECONDS
            except LedgerHalted as halt:
                _log.error("%s halted at block %s: %s", name, halt.block, halt.reason)
                self.halted = halt
                return
            except Exception:  # the outermost loop: what failed is tried again, and told
                _log.exception("%s failed; it tries again", name)
                pause = _TROUBLED_SECONDS
            self._stopping.wait(pause)
