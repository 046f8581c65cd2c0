"""Reading figures: evidence, reports and where each figure stands."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    bindparam,
    exists,
    func,
    literal_column,
    select,
)

from ledger.emissions.model import head_table
from ledger.period import Period
from ledger.store.chain_log import (
    act_table,
    block_table,
    freshness,
    is_act,
    time_of_block,
)
from ledger.store.facts import FACTS
from ledger.store.prepared import Prepared
from ledger.store.rows import Row, every_row
from ledger.store.states import holds, is_recorded

EVIDENCE_DAYS = 40  # calendar days after the month's end: MEE 环办气候函〔2025〕140号, monthly 存证
_SECONDS_PER_DAY = 86_400
_EVIDENCE = FACTS["EvidenceAnchored"]
_NEWER = Prepared(
    select(_EVIDENCE.c.seq)
    .where(*(_EVIDENCE.c[name] == bindparam(name) for name in ("facility", "period", "month")))
    .where(_EVIDENCE.c.seq > bindparam("after"), _EVIDENCE.c.block <= bindparam("until"))
    .limit(literal_column("1"))
)


def heads(reading: Connection, *, facilities: list[bytes], year: int) -> dict[bytes, Row]:
    """The head of each facility's whole-year figure, where it has one."""
    table = head_table
    query = select(table).where(
        table.c.facility.in_(facilities), table.c.period == year * 100, holds(reading, table)
    )
    return {row["facility"]: row for row in every_row(reading, query)}


def anchored_months(reading: Connection, facility: bytes, year: int) -> tuple[int, int]:
    """How many different months of the year's figure are anchored, and how many of them late."""
    fact, block = _EVIDENCE, block_table
    mine = (fact.c.facility == facility) & (fact.c.period == year * 100)
    first = func.min(block.c.time)
    query = (
        select(fact.c.month, first)
        .join(block, block.c.number == fact.c.block)
        .where(mine, is_recorded(reading, fact))
        .group_by(fact.c.month)
    )
    months = [(month, time) for month, time in reading.execute(query)]
    return len(months), sum(is_late(month, anchored_at=time) for month, time in months)


def is_late(month: int, *, anchored_at: int) -> bool:
    """Whether evidence of a month (yyyymm) came too late, by its block's time."""
    return anchored_at >= Period(month).end + EVIDENCE_DAYS * _SECONDS_PER_DAY


def evidence_standing(reading: Connection, evidence: Row) -> dict[str, Any]:
    """Whether it is anchored still or replaced by newer evidence of its month, and was late."""
    same = {name: evidence[name] for name in ("facility", "period", "month")}
    until = freshness(reading).head_block
    newer = _NEWER.first(reading, **same, after=evidence["seq"], until=until)
    anchored_at = time_of_block(reading, evidence["block"])
    return {
        "state": "replaced" if newer else "anchored",
        "is_late": is_late(evidence["month"], anchored_at=anchored_at),
    }


def is_replaced(reading: Connection, fact: Table) -> ColumnElement[bool]:
    """Of evidence: whether newer evidence of the same month of the figure is there."""
    newer = _EVIDENCE.alias()
    return exists(
        select(newer.c.seq).where(
            newer.c.facility == fact.c.facility,
            newer.c.period == fact.c.period,
            newer.c.month == fact.c.month,
            newer.c.seq > fact.c.seq,
            is_recorded(reading, newer),
        )
    )


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
    return int(
        reading.execute(select(fact.c.tonnes).where(is_act(fact, confirmation))).scalar_one()
    )


def standing_confirmations(reading: Connection, *, accounts: list[bytes], year: int) -> list[Row]:
    """The confirmations of a year that stand: facility, account, tonnes, statement."""
    fact, table = FACTS["FigureConfirmed"], head_table
    query = (
        select(fact)
        .join(act_table, act_table.c.seq == fact.c.seq)
        .join(table, table.c.confirmation == act_table.c.id)
        .where(fact.c.account.in_(accounts), fact.c.period == year * 100, holds(reading, table))
        .order_by(fact.c.seq)
    )
    return every_row(reading, query)
