"""Kept table: what a verifier found wrong, signed by him; a statement's document binds it."""

from sqlalchemy import BigInteger, Column, Connection, Index, Table, Text, insert, select

from ledger.errors import ResourceUnknown
from ledger.identifiers.service import require_key
from ledger.outbox.acceptance import KeptRules
from ledger.outbox.act import SignedAct
from ledger.outbox.recorded import Page
from ledger.store.chain_log import is_act, was_kept
from ledger.store.columns import BYTES32, ROW_NUMBER, SIGNATURE
from ledger.store.facts import FACTS
from ledger.store.metadata import KEPT
from ledger.store.rows import Row, every_row

finding_table = Table(
    "finding",
    KEPT,
    Column("seq", ROW_NUMBER, primary_key=True),
    Column("id", BYTES32, nullable=False, unique=True),
    Column("report", BYTES32, nullable=False),
    Column("verifier", BYTES32, nullable=False),
    Column("parameter", Text, nullable=False),
    Column("document", BYTES32, nullable=False),
    Column("deadline", BigInteger, nullable=False),
    Column("signature", SIGNATURE, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Index(None, "report", "seq"),
)


FINDING_COLUMNS = [column.name for column in finding_table.c if column.name != "seq"]


def _check(reading: Connection, act: SignedAct, now: int) -> None:
    """The verifier's key may attest, and the report is recorded."""
    require_key(reading, act.message["verifier"], key=act.key, right="ATTEST", now=now)
    report, fact = act.message["report"], FACTS["EmissionReported"]
    if reading.execute(select(fact.c.seq).where(is_act(fact, report))).first() is None:
        raise ResourceUnknown(f"reports/0x{report.hex()}")


def _store(connection: Connection, act: SignedAct, now: int) -> None:
    """Keep a signed finding; the same one again changes nothing."""
    table = finding_table
    if connection.execute(select(table.c.seq).where(table.c.id == act.id)).first():
        return
    row = {"id": act.id, "signature": act.signature, "created_at": now}
    connection.execute(insert(table).values(**row, **act.message))


FINDING_RULES = KeptRules(_check, _store)


def findings_of(connection: Connection, report: bytes, page: Page) -> list[Row]:
    """A page of the findings on one report version, with the place of each as `seq`."""
    table = finding_table
    query = select(table).where(table.c.report == report, was_kept(connection, table))
    return every_row(connection, page.ordered(query, table.c.seq))
