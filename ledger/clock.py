"""The one source of time: the machine's, a chain's elsewhere, or scripted by a file for a demo.

No clock here follows the machine's where that jumps: it tells how far off the machine's is.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

CORRECTION_SECONDS_MAX = 5  # what setting a clock by the network may change at once
# A chain where nothing happens makes a block a minute (docs/besu.md); until then it says nothing.
_SILENCE_SECONDS_MAX = 120
# Slower than the worst quartz is fast, so that blocks only ever push the time forward.
_PACE = 1 - 1e-4
_log = logging.getLogger("carbonledger.clock")


def _steady() -> float:
    """Seconds since some moment, by a clock that nobody sets and that goes on in a sleep."""
    boot_time = getattr(time, "CLOCK_BOOTTIME", None)  # not everywhere
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine knows of time: what it is set to (unix seconds), and what has passed."""

    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = _steady


MACHINE = Machine()


class Clock(Protocol):
    """Time in whole unix seconds, and the rule for the next block's time."""

    def now(self) -> int: ...

    def block_time(self, parent: int) -> int | None:
        """The time of a block sealed now on a parent of that time; None: not yet."""
        ...


class ServiceClock(Clock, Protocol):
    """One that a service goes by while its machine's clock may do anything."""

    def machine_off(self) -> int:
        """By how many seconds the machine's clock is ahead (negative: behind); 0 if it is right."""
        ...


class RealClock:
    """The machine's clock as it was at the start, and what has passed since.

    Small corrections are followed; a jump is told and taken over by the next start. At most one
    block per second of chain time. `offset`, what the clock is ahead of `machine.steady`, makes
    another process's clock the same.
    """

    def __init__(self, machine: Machine = MACHINE, *, offset: float | None = None) -> None:
        self._machine = machine
        self.offset = machine.wall() - machine.steady() if offset is None else offset
        self._is_told = False

    def now(self) -> int:
        machine_offset = self._machine.wall() - self._machine.steady()
        if abs(machine_offset - self.offset) <= CORRECTION_SECONDS_MAX:
            self.offset = machine_offset
        else:
            self._tell_once(machine_offset - self.offset)
        return int(self._machine.steady() + self.offset)

    def begin_at(self, latest: int) -> None:
        """Go on from the latest time that was written down, if the machine's is well before it."""
        if latest - self.now() > CORRECTION_SECONDS_MAX:
            self.offset = latest - self._machine.steady()

    def block_time(self, parent: int) -> int | None:
        now = self.now()
        return now if now > parent else None

    def machine_off(self) -> int:
        off = round(self._machine.wall() - self._machine.steady() - self.offset)
        return off if abs(off) > CORRECTION_SECONDS_MAX else 0

    def _tell_once(self, seconds: float) -> None:
        if not self._is_told:
            _log.warning("the machine's clock is %+.0f s off; we go on without it", seconds)
        self._is_told = True


class ChainClock:
    """The time of a chain elsewhere: its newest block's, and what has passed since that came.

    The machine's own is never asked. `head_time` gives the time of the last block that was read.
    """

    def __init__(self, head_time: Callable[[], int], machine: Machine = MACHINE) -> None:
        self._head_time = head_time
        self._machine = machine
        self._seen: tuple[float, float] | None = None  # our time and the machine's, at one moment

    def look(self) -> None:
        """See whether the chain has gone on."""
        self._at_least(self._head_time())

    def now(self) -> int:
        if self._seen is None:
            self.look()
        return int(self._now())

    def block_time(self, parent: int) -> int | None:  # noqa: ARG002 - the protocol's
        return None  # it makes its own blocks

    def machine_off(self) -> int:
        off = round(self._machine.wall() - self.now())
        return off if not -CORRECTION_SECONDS_MAX <= off <= _SILENCE_SECONDS_MAX else 0

    def _at_least(self, time_seen: int) -> None:
        """What was read late, after an outage, says less than what we knew; so does a turn."""
        if self._seen is None or time_seen > self._now():
            self._seen = time_seen, self._machine.steady()

    def _now(self) -> float:
        assert self._seen is not None, "it has looked"
        then, steady = self._seen
        return then + (self._machine.steady() - steady) * _PACE


class ScriptedClock:
    """One RFC 3339 line in a file, read at every call; real time once the file is gone.

    Time only moves forward: a line that steps back is ignored. Blocks may be sealed as
    fast as work comes, each at least one second after its parent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._latest = 0
        self._real = RealClock()

    def now(self) -> int:
        try:
            line = self._path.read_text(encoding="ascii").strip()
            scripted = int(datetime.fromisoformat(line).timestamp())
        except FileNotFoundError:
            return max(self._latest, self._real.now())
        except ValueError:  # half-written: the writer is about to finish
            return self._latest
        self._latest = max(self._latest, scripted)
        return self._latest

    def begin_at(self, latest: int) -> None:
        """The same for real time, once the file is gone."""
        self._real.begin_at(latest)

    def block_time(self, parent: int) -> int | None:
        if not self._path.exists():
            return self._real.block_time(parent)
        return max(self.now(), parent + 1)

    def machine_off(self) -> int:
        return 0 if self._path.exists() else self._real.machine_off()
