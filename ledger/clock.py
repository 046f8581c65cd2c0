"""The one source of time: real, or scripted by a file for a demo directory."""

import time
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ledger.errors import ScriptRefused


class Clock(Protocol):
    """Time in whole unix seconds, and the rule for the next block's time."""

    def now(self) -> int: ...

    def block_time(self, parent: int) -> int | None:
        """The time of a block sealed now on a parent of that time; None: not yet."""
        ...


class RealClock:
    """The machine's clock; at most one block per second of chain time."""

    def now(self) -> int:
        return int(time.time())

    def block_time(self, parent: int) -> int | None:
        return self.now() if self.now() > parent else None


class ScriptedClock:
    """One RFC 3339 line in a file, read at every call; real time once the file is gone.

    Time only moves forward: a line that steps back is ignored. Blocks may be sealed as
    fast as work comes, each at least one second after its parent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._latest = 0

    def now(self) -> int:
        try:
            line = self._path.read_text(encoding="ascii").strip()
            scripted = int(datetime.fromisoformat(line).timestamp())
        except FileNotFoundError:
            return max(self._latest, int(time.time()))
        except ValueError:  # half-written: the writer is about to finish
            return self._latest
        self._latest = max(self._latest, scripted)
        return self._latest

    def block_time(self, parent: int) -> int | None:
        if not self._path.exists():
            return RealClock().block_time(parent)
        return max(self.now(), parent + 1)


def clock_of(script: Path | None, *, is_demo: bool) -> Clock:
    """The clock of a directory; raises ScriptRefused for scripted time where it is no demo's."""
    if script is None:
        return RealClock()
    if not is_demo:
        raise ScriptRefused()
    return ScriptedClock(script)
