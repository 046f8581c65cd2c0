"""One thread that commits what many requests bring: a full sync is paid once for all of them."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from ledger.store.engine import Store

T = TypeVar("T")
_ROWS_PER_COMMIT = 256


@dataclass(frozen=True, slots=True)
class _Work:
    run: Callable[[Connection], Any]
    result: "Future[Any]"


class Writer:
    """Runs pieces of work on the kept tables; each is refused alone, all are committed together."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._works: queue.Queue[_Work | None] = queue.Queue(maxsize=10_000)
        self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Commit what has come and end."""
        self._works.put(None)
        self._thread.join()

    def commit(self, run: Callable[[Connection], T]) -> T:
        """The result of the work after its commit; raises what the work raised."""
        return self.committing(run).result()

    def committing(self, run: Callable[[Connection], T]) -> "Future[T]":
        """The same for who does something else until then."""
        result: Future[T] = Future()
        self._works.put(_Work(run, result))
        return result

    def post(self, run: Callable[[Connection], None]) -> None:
        """Have the work done soon, without waiting; it is dropped when too much is to be done."""
        with suppress(queue.Full):
            self._works.put_nowait(_Work(run, Future()))

    def _loop(self) -> None:
        while (first := self._works.get()) is not None:
            works, is_last = self._gather(first)
            self._commit(works)
            if is_last:
                return

    def _gather(self, first: _Work) -> tuple[list[_Work], bool]:
        works = [first]
        while len(works) < _ROWS_PER_COMMIT:
            try:
                work = self._works.get_nowait()
            except queue.Empty:
                break
            if work is None:
                return works, True
            works.append(work)
        return works, False

    def _commit(self, works: list[_Work]) -> None:
        done: list[tuple[_Work, Any]] = []
        try:
            with self._store.keeping() as connection:
                if len(works) == 1:  # what it wrote goes with the transaction
                    done = [(works[0], works[0].run(connection))]
                else:
                    for work in works:
                        done += self._run(connection, work)
        except Exception as error:  # nothing of it was committed, nothing may be acknowledged
            for work in works:
                if not work.result.done():
                    work.result.set_exception(error)
            return
        for work, value in done:
            work.result.set_result(value)

    def _run(self, connection: Connection, work: _Work) -> list[tuple[_Work, Any]]:
        try:
            with connection.begin_nested():
                return [(work, work.run(connection))]
        except Exception as error:  # handed to the one who asked, whatever it is
            work.result.set_exception(error)
            return []
