"""How many requests a participant, or an address without one, may make: a bucket for each.

An act costs more than a read, since the chain executes it too, and a batch as much as its acts.
What costs more than the bucket holds is answered on credit; then its participant waits.
Kept in this process's memory, of bounded size: whoever was not seen for long starts full again.
"""

import math
import time
from threading import Lock

from cachetools import LRUCache

from ledger.errors import RateLimited
from ledger.settings import Limits

_REMEMBERED_MAX = 20_000
_REQUESTS_PER_ACT = 5


class Limiter:
    """The buckets of one front. Thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._participants = Buckets(
            per_second=limits.participant_per_second, burst=limits.participant_burst
        )
        self._addresses = Buckets(per_second=limits.address_per_second, burst=limits.address_burst)

    def take_for_participant(self, participant: bytes) -> None:
        """One request of whoever this is; raises RateLimited."""
        self._participants.take(participant, now=time.monotonic())

    def charge_acts(self, participant: bytes, count: int) -> None:
        """What acts cost beyond the request that brought them and was let in."""
        self._participants.charge(participant, _REQUESTS_PER_ACT * count - 1)

    def take_for_address(self, address: str) -> None:
        """One request of nobody known; raises RateLimited."""
        self._addresses.take(address, now=time.monotonic())


class Buckets:
    """One bucket a name: it holds `burst` requests and fills with `per_second`."""

    def __init__(self, *, per_second: int, burst: int) -> None:
        self._per_second = per_second
        self._burst = burst
        self._lock = Lock()
        self._buckets: LRUCache[str | bytes, tuple[float, float]] = LRUCache(_REMEMBERED_MAX)

    def take(self, name: str | bytes, *, now: float) -> None:
        """Take one at this time (seconds, only forward); raises RateLimited when there is none."""
        with self._lock:
            held, since = self._buckets.get(name, (float(self._burst), now))
            held = min(self._burst, held + (now - since) * self._per_second)
            self._buckets[name] = (held - 1 if held >= 1 else held, now)
        if held < 1:
            raise RateLimited(max(1, math.ceil((1 - held) / self._per_second)))

    def charge(self, name: str | bytes, count: int) -> None:
        """Take so many more from a bucket that has just been taken from, even if it has less."""
        with self._lock:
            held, since = self._buckets.get(name, (float(self._burst), 0.0))
            self._buckets[name] = (held - count, since)
