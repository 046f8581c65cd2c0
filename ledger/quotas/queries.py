"""Reading holdings, supply, rules and obligations; what time decides is computed here."""

from typing import Any

from sqlalchemy import Connection, func, select

from ledger.quotas.model import holding_table, obligation_table, rule_table, supply_table
from ledger.store.chain_log import block_table
from ledger.store.facts import FACTS
from ledger.store.rows import Row, every_row
from ledger.store.states import current, is_now

BUCKETS = ("available", "trading", "pending", "frozen", "spent")


def holdings_of(reading: Connection, account: bytes) -> list[Row]:
    """Every holding of an account as it stands now."""
    table = holding_table
    query = select(table).where(table.c.account == account, is_now(table)).order_by(table.c.asset)
    return every_row(reading, query)


def supplies(reading: Connection) -> list[Row]:
    """Every asset with its cap and what was issued, surrendered and cancelled."""
    query = select(supply_table).where(is_now(supply_table)).order_by(supply_table.c.asset)
    return every_row(reading, query)


def held_tonnes(reading: Connection, *, accounts: list[bytes], asset: int) -> int:
    """Everything these accounts ever got of an asset and hold or gave up for it."""
    table = holding_table
    everything = sum(
        (table.c[f"{bucket}_tonnes"] for bucket in BUCKETS[1:]), table.c.available_tonnes
    )
    mine = table.c.account.in_(accounts) & (table.c.asset == asset)
    return reading.scalar(select(func.sum(everything)).where(mine, is_now(table))) or 0


def obligation_of(reading: Connection, account: bytes, year: int) -> Row:
    """Due, surrendered, offset and figures of an enterprise-year; zeros when none."""
    row = current(reading, obligation_table, {"account": account, "year": year})
    nothing = {"due_tonnes": 0, "surrendered_tonnes": 0, "offset_tonnes": 0, "figures": 0}
    return row or nothing


def surrender_rules(reading: Connection, year: int) -> list[Row]:
    """The rules of a compliance year, one for each instrument."""
    query = select(rule_table).where(rule_table.c.year == year, is_now(rule_table))
    return every_row(reading, query.order_by(rule_table.c.instrument))


def last_surrender_time(reading: Connection, account: bytes, year: int) -> int | None:
    """Block time of the newest surrender of an enterprise-year."""
    fact = FACTS["QuotaSurrendered"]
    query = (
        select(func.max(block_table.c.time))
        .join(fact, fact.c.block == block_table.c.number)
        .where(fact.c.account == account, fact.c.year == year)
    )
    latest: int | None = reading.scalar(query)
    return latest


def flows_of(reading: Connection, account: bytes, asset: int) -> dict[str, int]:
    """Tonnes allocated to, received by, sent from, surrendered by an account, of one asset."""
    allocated, moved = FACTS["QuotaAllocated"], FACTS["QuotaMoved"]
    surrendered = FACTS["QuotaSurrendered"]
    sums = {
        "allocated": _sum(
            allocated, (allocated.c.account == account) & (allocated.c.asset == asset)
        ),
        "received": _sum(moved, (moved.c.to == account) & (moved.c.asset == asset)),
        "sent": _sum(moved, (moved.c["from"] == account) & (moved.c.asset == asset)),
        "surrendered": _sum(
            surrendered, (surrendered.c.account == account) & (surrendered.c.asset == asset)
        ),
    }
    return {name: reading.scalar(query) or 0 for name, query in sums.items()}


def _sum(fact: Any, where: Any) -> Any:
    return select(func.sum(fact.c.tonnes)).where(where)
