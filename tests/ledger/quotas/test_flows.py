"""What a holding received and sent is the sum of what moved, at every block."""

from sqlalchemy import Connection, func, select

from ledger.quotas.model import holding_table
from ledger.store.facts import FACTS
from ledger.store.rows import Row, every_row
from tests.ledger.played import Opened

MOVED = FACTS["QuotaMoved"]


def _moved(reading: Connection, side: str, holding: Row) -> int:
    is_of = (MOVED.c[side] == holding["account"]) & (MOVED.c.asset == holding["asset"])
    until = MOVED.c.block <= holding["valid_from"]
    return reading.scalar(select(func.sum(MOVED.c.tonnes)).where(is_of, until)) or 0


def test_project_sums_what_moved_when_a_holding_is_asked_at_any_block(copy: Opened) -> None:
    with copy.store.reading() as reading:
        holdings = every_row(reading, select(holding_table))
        sums = [(_moved(reading, "to", one), _moved(reading, "from", one)) for one in holdings]
    assert [(one["received_tonnes"], one["sent_tonnes"]) for one in holdings] == sums
    assert {received > 0 for received, _ in sums} == {sent > 0 for _, sent in sums} == {True, False}
