"""Commits that nobody waits for until the next transaction begins."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, Transaction


class Commits:
    """Transactions one after the other, each committed while its writer prepares the next.

    Up to a tenth of catching up was waiting for the disk: time in which blocks can be read.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._last: Future[None] | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction, begun once the one before is committed; raises what that commit raises."""
        self.wait()
        connection = self._engine.connect()
        try:
            transaction = connection.begin()
            yield connection
        except BaseException:
            connection.close()
            raise
        self._last = self._thread.submit(_commit, connection, transaction)

    def wait(self) -> None:
        """Until the last transaction is committed; raises what its commit raises."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def close(self) -> None:
        """Let go of the thread."""
        self._thread.shutdown()


def _commit(connection: Connection, transaction: Transaction) -> None:
    with connection, transaction:
        pass  # it is committed at the end of the block, or rolled back where that fails
