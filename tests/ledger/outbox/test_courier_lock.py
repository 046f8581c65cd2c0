"""The courier asks the chain nothing while it holds the lock that the chain's node may wait for."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from ledger.chain.embedded import CHAIN_ID
from ledger.chain.node import Node
from ledger.chain.sender import Sender
from ledger.outbox.courier import Courier
from tests.ledger.outbox.signed_acts import put_in, registration
from tests.ledger.outbox.test_courier import KEY, RecordingNode
from tests.ledger.played import Opened


class LockFeelingNode(RecordingNode):
    """Fails whenever it is asked while somebody writes the kept tables."""

    def __init__(self, node: Node, database: Path) -> None:
        super().__init__(node)
        self._database = database

    def request(self, method: str, params: list[Any]) -> Any:
        with closing(
            sqlite3.connect(self._database, timeout=0, isolation_level=None)
        ) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        return super().request(method, params)


def test_store_asks_the_chain_nothing_when_it_holds_the_writers_lock(copy: Opened) -> None:
    """The embedded chain's node may wait for the same lock, and both would wait for each other."""
    put_in(copy, "Registration", registration("SRC.1"))
    node = LockFeelingNode(copy.node, copy.store.path)
    carrier = Sender(node, private_key=KEY, chain_id=CHAIN_ID)
    Courier(copy.store, carrier, copy.manifest).run_once()
    assert len(node.sent) == 1
