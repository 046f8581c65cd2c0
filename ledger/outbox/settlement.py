"""Those who wait for what becomes of a submission: one look for all of them at each change."""

import threading
from concurrent.futures import Future

from sqlalchemy import Connection

from ledger.outbox.queue import submission
from ledger.store.chain_log import act_by_id, freshness
from ledger.store.engine import Store


class Settlements:
    """Tells who waits when a submission is final or refused. Thread-safe."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._waiting: list[tuple[bytes, Future[None]]] = []
        store.changes.listen(self._look)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def settlement(self, act_id: bytes) -> "Future[None]":
        """Done when the submission is settled, at once if it is; whoever gives up cancels it."""
        told: Future[None] = Future()
        with self._lock:
            self._waiting.append((act_id, told))
        self._store.changes.announce()
        return told

    def _look(self) -> None:
        with self._lock:
            self._waiting = [one for one in self._waiting if not one[1].cancelled()]
            waiting = list(self._waiting)
        if not waiting:
            return
        with self._store.reading() as reading:
            settled = [one for one in waiting if is_settled(reading, one[0])]
        with self._lock:
            self._waiting = [one for one in self._waiting if one not in settled]
        for _, told in settled:
            if told.set_running_or_notify_cancel():
                told.set_result(None)


def is_settled(reading: Connection, act_id: bytes) -> bool:
    """Whether nothing more becomes of it: recorded for good, or refused."""
    if (act := act_by_id(reading, act_id)) is not None:
        return bool(act["block"] <= freshness(reading).final_block)
    row = submission(reading, act_id)
    return row is not None and row["state"] == "refused"
