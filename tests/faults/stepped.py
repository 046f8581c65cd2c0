"""A ledger on anvil whose courier and follower move only when a test says so."""

import time
from collections import Counter
from pathlib import Path

from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from api.fields import time_text
from ledger.assembly import Ledger
from ledger.chain.node import NodeContradicts
from ledger.chain.reader import Filled
from ledger.local_engine import LocalEngine
from ledger.outbox.model import courier_transaction_table, submission_table
from ledger.settings import Connections, Settings
from ledger.store.chain_log import block_table, event_table, freshness
from ledger.store.rows import Row, every_row
from scripts.anvil import Anvil
from tests.park import PLENTY, Park
from tests.recorded import events_by_id

DEPTH = 33


class SteppedPark(Park):
    """`courier`, `mine` and `follow` are the only things that move it."""

    def __init__(
        self, directory: Path, anvil: Anvil, *, url: str | None = None, database: str | None = None
    ) -> None:
        self.anvil = anvil
        connections = Connections(
            rpc_url=url or anvil.url, database_url=database, finality_depth=DEPTH
        )
        super().__init__(directory, connections=connections, start=time_text(int(time.time())))
        anvil.ask("evm_setAutomine", False)

    def open(self) -> None:
        settings = Settings(self.directory, self.clock_file)
        self.engine = LocalEngine(settings, keys=self.service_keys)
        self.ledger = Ledger(keys=self.service_keys, engine=self.engine)
        self.ledger.writer.start()
        self.engine.store.changes.start()
        self.http = TestClient(create_app(self.ledger, PLENTY), raise_server_exceptions=False)

    def close(self) -> None:
        self.http.close()
        self.ledger.writer.stop()
        self.engine.close()

    def courier(self) -> bool:
        return self.engine.steps["courier"].run()

    def follow(self) -> None:
        """Until the mirror has read what the chain has; a turn between two answers is no fault."""
        for _ in range(3):
            try:
                self.engine.steps["follower"].run()
            except NodeContradicts:
                continue
            return
        raise AssertionError("the node goes on contradicting itself")

    def mine(self, blocks: int = 1) -> None:
        self.anvil.mine(blocks)

    def registration(self, number: int) -> str:
        """Hand in one more identifier; the act's id."""
        return self.register("88", f"R{number}", "source", owner="88", signer="founder 1")

    def settle_all(self) -> None:
        """Carry and mine until nothing is under way."""
        for _ in range(40):
            self.courier()
            self.mine(DEPTH + 1)
            self.follow()
            if not self.undecided():
                return
        raise AssertionError(f"{len(self.undecided())} submissions are still under way")

    def undecided(self) -> list[Row]:
        table = submission_table
        query = select(table.c.id, table.c.state).where(table.c.state.in_(["accepted", "sent"]))
        with self.engine.store.reading() as reading:
            return every_row(reading, query)

    def mirrored(self, *, since: int) -> tuple[int, list[tuple[int, bytes, int]]]:
        """The mirror's head, and each event from a block on: block, block hash, log index."""
        query = (
            select(event_table.c.block, block_table.c.hash, event_table.c.log_index)
            .join(block_table, block_table.c.number == event_table.c.block)
            .where(event_table.c.block >= since)
            .order_by(event_table.c.seq)
        )
        with self.engine.store.reading() as reading:
            rows = [tuple(row) for row in reading.execute(query)]
            return freshness(reading).head_block, rows

    def on_chain(self, *, since: int) -> tuple[int, list[tuple[int, bytes, int]]]:
        """The same of the chain itself."""
        reader = self.engine.reader()
        head = reader.head_number()
        filled: list[Filled] = reader.filled(since, head) if since <= head else []
        return head, [
            (one.block.number, one.block.hash, log.log_index) for one in filled for log in one.logs
        ]

    def final(self) -> int:
        """The last block that the mirror takes for final."""
        with self.engine.store.reading() as reading:
            return freshness(reading).final_block

    def carried(self, *, since_nonce: int) -> list[bytes]:
        """The courier's signed bytes from a nonce on."""
        table = courier_transaction_table
        query = select(table.c.raw).where(table.c.nonce >= since_nonce).order_by(table.c.nonce)
        with self.engine.store.reading() as reading:
            return [bytes(raw) for raw in reading.scalars(query)]

    def events_by_id(self) -> Counter[str]:
        """How often each act id stands in an event of the chain."""
        return events_by_id(self.engine.reader())
