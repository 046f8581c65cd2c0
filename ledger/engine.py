"""The threads that carry and follow: sealer (embedded chain), courier, follower.

Each is a loop over one step with a stop event. A broken invariant halts courier and follower
for good; any other error is logged and the step is tried again.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from ledger.errors import LedgerHalted
from ledger.store.changes import Changes

_TROUBLED_SECONDS = 1.0
_log = logging.getLogger("carbonledger.engine")


@dataclass(frozen=True, slots=True)
class Step:
    """One round of work, True when there was any; without, it waits for a change or that long."""

    run: Callable[[], bool]
    idle_seconds: float


class Engine:
    """Runs named steps, each in its own thread, until stopped."""

    def __init__(
        self,
        steps: dict[str, Step],
        changes: Changes,
        *,
        on_halt: Callable[[LedgerHalted], None],
    ) -> None:
        self._stopping = threading.Event()
        self._changes = changes
        self._on_halt = on_halt
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
        self._changes.announce()  # who waits for a change sees that it is over
        for thread in self._threads:
            thread.join()

    @property
    def is_running(self) -> bool:
        return self.halted is None and all(thread.is_alive() for thread in self._threads)

    def _loop(self, name: str, step: Step) -> None:
        while not self._stopping.is_set() and self.halted is None:
            seen = self._changes.count
            try:
                if step.run():
                    self._changes.announce()
                else:
                    self._changes.wait(seen, seconds=step.idle_seconds)
            except LedgerHalted as halt:
                _log.error("%s halted at block %s: %s", name, halt.block, halt.reason)
                self.halted = halt
                self._on_halt(halt)
                return
            except Exception:  # the outermost loop: what failed is tried again, and told
                _log.exception("%s failed; it tries again", name)
                self._stopping.wait(_TROUBLED_SECONDS)
