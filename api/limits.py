"""How many requests a token, or an address without one, may make: a token bucket for each.

Kept in this process's memory, of bounded size: whoever was not seen for long starts full again.
"""

import math
import time
from threading import Lock

from cachetools import LRUCache

from ledger.errors import RateLimited
from ledger.settings import Limits

_REMEMBERED_MAX = 20_000


class Limiter:
    """The buckets of one front. Thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._tokens = Buckets(per_second=limits.token_per_second, burst=limits.token_burst)
        self._addresses = Buckets(per_second=limits.address_per_second, burst=limits.address_burst)

    def take_for_token(self, token: bytes) -> None:
        """One request of a credential; raises RateLimited."""
        self._tokens.take(token, now=time.monotonic())

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
