"""Notices what anybody commits to a directory's databases, and tells who waits for it.

Commits of other processes are seen by a beat; those of this one are announced and seen at once.
"""

import logging
import threading
from collections.abc import Callable, Hashable

_BEAT_SECONDS = 0.05
# Under load commits come by the hundred: whoever waits is told of them together.
_BREATH_SECONDS = 0.01
_log = logging.getLogger("carbonledger.changes")


class Changes:
    """One thread that watches; `version` differs after every commit. Thread-safe."""

    def __init__(self, version: Callable[[], Hashable]) -> None:
        self._version = version
        self._seen: Hashable = None
        self._announced = threading.Event()
        self._ending = threading.Event()
        self._told = threading.Condition()
        self._listeners: list[Callable[[], None]] = []
        self._thread = threading.Thread(target=self._loop, name="watcher", daemon=True)
        self.count = 0

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this after every change, in the watcher's thread; before `start` only."""
        self._listeners.append(listener)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ending.set()
        self._announced.set()
        self._thread.join()

    def announce(self) -> None:
        """Something was committed here: do not wait for the beat."""
        self._announced.set()

    def wait(self, seen: int, *, seconds: float) -> None:
        """Until more changes were counted than `seen`, or the seconds are over."""
        with self._told:
            self._told.wait_for(lambda: self.count != seen, seconds)

    def _loop(self) -> None:
        is_owed = False
        while not self._ending.is_set():
            is_owed |= self._hears()
            try:
                is_owed |= self._is_changed()
                if is_owed:
                    self._tell()
                is_owed = False
            except Exception:  # the outermost loop: the next beat tries again
                _log.exception("the watcher failed; it tries again")
            self._ending.wait(_BREATH_SECONDS)

    def _hears(self) -> bool:
        """Whether something was announced within a beat; what comes as it ends is kept."""
        is_announced = self._announced.wait(_BEAT_SECONDS)
        if is_announced:
            self._announced.clear()
        return is_announced

    def _is_changed(self) -> bool:
        before, self._seen = self._seen, self._version()
        return before != self._seen

    def _tell(self) -> None:
        with self._told:
            self.count += 1
            self._told.notify_all()
        for listener in self._listeners:
            listener()
