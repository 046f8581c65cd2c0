"""What every database of a ledger offers: kept tables, the served mirror, and news of commits.

The kept tables have one writer at a time, so that numbers follow the order of commits.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError, TimeoutError

from ledger.errors import DatabaseUnavailable
from ledger.store.changes import Changes

_log = logging.getLogger("carbonledger.store")
_OUR_FAULT = "SQLITE_ERROR"  # a statement that cannot be run: no such table, wrong syntax


class Store(ABC):
    """Connections to a ledger's tables. Thread-safe."""

    changes: Changes

    @abstractmethod
    def keeping(self) -> AbstractContextManager[Connection]:
        """A write transaction on the kept tables, committed at the end of the block.

        With the MACs of what it changed, so only for who opened the store with their key.
        """

    @abstractmethod
    def reading_kept(self) -> AbstractContextManager[Connection]:
        """A read-only snapshot of the kept tables alone, whether or not there is a mirror."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """A read-only snapshot of the kept tables and of the mirror now served."""

    @abstractmethod
    def prepare(self) -> None:
        """Once, when the ledger is made: what must be there before its tables."""

    @abstractmethod
    def mirror_generation(self) -> int:
        """The number of the mirror that is served."""

    @abstractmethod
    def mirror_writer(self, generation: int) -> Engine:
        """What writes the mirror of this number, made with its tables if missing."""

    @abstractmethod
    def serve_mirror(self, generation: int) -> None:
        """Let all readers turn to the mirror of this number."""

    @abstractmethod
    def remove_mirror(self, generation: int) -> None:
        """Remove a mirror that is not served; harmless where there is none."""

    @abstractmethod
    def scratch_mirror(self) -> AbstractContextManager[Engine]:
        """What writes a mirror that nobody serves, gone at the end of the block."""

    @abstractmethod
    def leads(self, role: str) -> bool:
        """Whether this process alone has this role now: of several services on one database."""

    @abstractmethod
    def close(self, *, is_owner: bool = True) -> None:
        """Let go of everything; the owner is who ends last."""


@contextmanager
def answering(driver_error: type[Exception]) -> Iterator[None]:
    """Raises DatabaseUnavailable for what SQLAlchemy and the driver say when it does not answer."""
    try:
        yield
    except (OperationalError, InterfaceError, TimeoutError, driver_error) as error:
        cause = getattr(error, "orig", None) or error  # without the statement and its values
        if getattr(cause, "sqlite_errorname", "") == _OUR_FAULT:
            raise
        _log.warning("the database does not answer: %s", cause)
        raise DatabaseUnavailable from error


@contextmanager
def disposing(engine: Engine) -> Iterator[Engine]:
    """The engine, disposed of at the end of the block."""
    try:
        yield engine
    finally:
        engine.dispose()
