"""Reading figures: evidence, reports and where each figure stands."""

from typing import Any

from sqlalchemy import Connection, func, select

from ledger.emissions.model import head_table
from ledger.store.facts import FACTS
from ledger.store.rows import Row, every_row
from ledger.store.states import holds, is_recorded


def heads(reading: Connection, *, facilities: list[bytes], year: int) -> dict[bytes, Row]:
    """The head of each facility's whole-year figure, where it has one."""
    table = head_table
    query = select(table).where(
        table.c.facility.in_(facilities), table.c.period == year * 100, holds(reading, table)
    )
    return {row["facility"]: row for row in every_row(reading, query)}


def anchored_months(reading: Connection, facility: bytes, year: int) -> int:
    """How many different months of the year's figure are anchored."""
    fact = FACTS["EvidenceAnchored"]
    mine = (fact.c.facility == facility) & (fact.c.period == year * 100)
    query = select(func.count(fact.c.month.distinct())).where(mine, is_recorded(reading, fact))
    return reading.scalar(query) or 0


def report_versions(reading: Connection, facility: bytes, period: int) -> list[Row]:
    """Every report of a figure, oldest first: a corrected one replaces nothing."""
    fact = FACTS["EmissionReported"]
    mine = (fact.c.facility == facility) & (fact.c.period == period)
    query = select(fact).where(mine, is_recorded(reading, fact)).order_by(fact.c.seq)
    return every_row(reading, query)


def report_standing(reading: Connection, report: Row) -> dict[str, Any]:
    """Version (from 1), state, and the acts on it.

    The state is submitted, attested, confirmed or superseded.
    """
    versions = [row["id"] for row in report_versions(reading, report["facility"], report["period"])]
    table = head_table
    figure = (table.c.facility == report["facility"]) & (table.c.period == report["period"])
    head = reading.execute(select(table).where(figure, holds(reading, table))).mappings().one()
    is_newest = head["report"] == report["id"]
    state = "superseded"
    if is_newest:
        attested = "attested" if head["statement"] else "submitted"
        state = "confirmed" if head["confirmation"] else attested
    return {
        "version": versions.index(report["id"]) + 1,
        "state": state,
        "statement": head["statement"] if is_newest else None,
        "confirmation": head["confirmation"] if is_newest else None,
    }


def confirmed_tonnes(reading: Connection, confirmation: bytes) -> int:
    """The tonnes of a confirmation."""
    fact = FACTS["FigureConfirmed"]
    return int(reading.execute(select(fact.c.tonnes).where(fact.c.id == confirmation)).scalar_one())


def standing_confirmations(reading: Connection, *, accounts: list[bytes], year: int) -> list[Row]:
    """The confirmations of a year that stand: facility, account, tonnes, statement."""
    fact, table = FACTS["FigureConfirmed"], head_table
    query = (
        select(fact)
        .join(table, table.c.confirmation == fact.c.id)
        .where(fact.c.account.in_(accounts), fact.c.period == year * 100, holds(reading, table))
        .order_by(fact.c.seq)
    )
    return every_row(reading, query)
