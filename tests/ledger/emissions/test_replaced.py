"""Whether evidence is replaced is asked of an index, however much a facility has anchored."""

from pathlib import Path

from sqlalchemy import select

from ledger.emissions.queries import is_replaced
from ledger.store.facts import FACTS
from ledger.store.sqlite import open_mirror


def test_list_asks_an_index_for_newer_evidence_when_rows_are_marked(tmp_path: Path) -> None:
    fact = FACTS["EvidenceAnchored"]
    engine = open_mirror(tmp_path / "mirror.db")
    with engine.connect() as connection:
        marked = select(fact.c.seq, is_replaced(connection, fact))
        statement = f"EXPLAIN QUERY PLAN {marked.compile(engine)}"
        plan = [row[-1] for row in connection.exec_driver_sql(statement)]
    engine.dispose()
    assert any("facility=? AND period=? AND month=? AND seq>?" in step for step in plan), plan
