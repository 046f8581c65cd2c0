"""Reading holdings, supply, rules and obligations; what time decides is computed here."""

from sqlalchemy import Connection, Table, func, select

from ledger.outbox.recorded import Page
from ledger.quotas.model import holding_table, obligation_table, rule_table, supply_table
from ledger.store.chain_log import block_table
from ledger.store.facts import FACTS
from ledger.store.rows import Row, every_row
from ledger.store.states import current, holds, is_recorded

BUCKETS = ("available", "trading", "pending", "frozen", "spent")


def holdings_of(reading: Connection, account: bytes) -> list[Row]:
    """Every holding of an account as it stands now."""
    table = holding_table
    query = (
        select(table)
        .where(table.c.account == account, holds(reading, table))
        .order_by(table.c.asset)
    )
    return every_row(reading, query)


def supply_page(reading: Connection, page: Page) -> list[Row]:
    """A page of assets by their number: cap, and what was issued, surrendered and cancelled."""
    query = select(supply_table).where(holds(reading, supply_table))
    return every_row(reading, page.ordered(query, supply_table.c.asset))


def held_tonnes(reading: Connection, *, accounts: list[bytes], asset: int) -> int:
    """Everything these accounts ever got of an asset and hold or gave up for it."""
    table = holding_table
    everything = sum(
        (table.c[f"{bucket}_tonnes"] for bucket in BUCKETS[1:]), table.c.available_tonnes
    )
    mine = table.c.account.in_(accounts) & (table.c.asset == asset)
    return reading.scalar(select(func.sum(everything)).where(mine, holds(reading, table))) or 0


def obligation_of(reading: Connection, account: bytes, year: int) -> Row:
    """Due, surrendered, offset and figures of an enterprise-year; zeros when none."""
    row = current(reading, obligation_table, {"account": account, "year": year})
    nothing = {"due_tonnes": 0, "surrendered_tonnes": 0, "offset_tonnes": 0, "figures": 0}
    return row or nothing


def surrender_rules(reading: Connection, year: int) -> list[Row]:
    """The rules of a compliance year, one for each instrument."""
    query = select(rule_table).where(rule_table.c.year == year, holds(reading, rule_table))
    return every_row(reading, query.order_by(rule_table.c.instrument))


def last_surrender_time(reading: Connection, account: bytes, year: int) -> int | None:
    """Block time of the newest surrender of an enterprise-year."""
    fact = FACTS["QuotaSurrendered"]
    query = (
        select(func.max(block_table.c.time))
        .join(fact, fact.c.block == block_table.c.number)
        .where(fact.c.account == account, fact.c.year == year, is_recorded(reading, fact))
    )
    latest: int | None = reading.scalar(query)
    return latest


def flows_of(reading: Connection, holding: Row) -> dict[str, int]:
    """Tonnes allocated to, received by, sent from, surrendered by an account, of one asset.

    Trades are many and summed up as they come; the rest is a few acts a year.
    """
    allocated, surrendered = FACTS["QuotaAllocated"], FACTS["QuotaSurrendered"]
    return {
        "allocated": _sum(reading, allocated, holding),
        "received": holding["received_tonnes"],
        "sent": holding["sent_tonnes"],
        "surrendered": _sum(reading, surrendered, holding),
    }


def _sum(reading: Connection, fact: Table, holding: Row) -> int:
    is_of = (fact.c.account == holding["account"]) & (fact.c.asset == holding["asset"])
    query = select(func.sum(fact.c.tonnes)).where(is_of, is_recorded(reading, fact))
    return reading.scalar(query) or 0
