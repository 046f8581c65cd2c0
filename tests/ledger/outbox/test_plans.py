"""How SQLite looks for the few submissions under way among all that are done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event

from ledger.outbox.courier import _waiting
from ledger.outbox.filling import nonces_under_way
from ledger.outbox.queue import oldest_undecided
from tests.ledger.played import Opened

LOOKS: dict[str, Callable[[Connection], Any]] = {
    "courier": lambda reading: _waiting(reading, limit=1),
    "readiness": oldest_undecided,
    "nonces": lambda reading: nonces_under_way(reading, bytes(32), 1),
}


@contextmanager
def plans_of(reading: Connection) -> Iterator[list[str]]:
    """The steps by which SQLite runs what is asked here."""
    steps: list[str] = []

    @event.listens_for(reading, "before_cursor_execute")
    def _explain(
        connection: Connection, _cursor: Any, statement: str, parameters: Any, *_more: Any
    ) -> None:
        driver_connection: Any = connection.connection.driver_connection
        steps.extend(
            row[3]
            for row in driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        )

    yield steps
    event.remove(reading, "before_cursor_execute", _explain)


@pytest.mark.parametrize("look", LOOKS)
def test_look_goes_through_the_undecided_alone_when_most_are_done(copy: Opened, look: str) -> None:
    with copy.store.reading() as reading, plans_of(reading) as steps:
        LOOKS[look](reading)
    found = [step for step in steps if "submission" in step]
    assert found
    assert all("_undecided (" in step for step in found), found
