"""Recorded acts by id and by page, in chain order, one snapshot per walk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from ledger.errors import FilterUnknown, ResourceUnknown
from ledger.store.chain_log import EVENT_OF, act_table, freshness
from ledger.store.facts import FACTS
from ledger.store.rows import Row, every_row, first_row

__all__ = ["Page", "act_of_type", "act_page", "filters_of", "freshness"]


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked of a list: equal columns, from where, how many, up to which block."""

    filters: Mapping[str, Any]
    after: int
    limit: int
    as_of_block: int


def filters_of(message_type: str) -> list[str]:
    """The columns a list of these acts can be filtered by."""
    fact = FACTS[EVENT_OF[message_type]]
    indexed = {column.name for index in fact.indexes for column in index.columns}
    return sorted(indexed - {"seq", "id"} | {"period", "year"} & set(fact.c.keys()))


def act_page(reading: Connection, message_type: str, page: Page) -> list[Row]:
    """The acts of one type, oldest first, with their actor; raises FilterUnknown."""
    fact = FACTS[EVENT_OF[message_type]]
    query = _acts(message_type).where(fact.c.seq > page.after, fact.c.block <= page.as_of_block)
    known = filters_of(message_type)
    for name, value in page.filters.items():
        if name not in known:
            raise FilterUnknown(name, known)
        query = query.where(fact.c[name] == value)
    return every_row(reading, query.order_by(fact.c.seq).limit(page.limit))


def act_of_type(reading: Connection, message_type: str, act_id: bytes) -> Row:
    """One recorded act with all its fields; raises ResourceUnknown."""
    fact = FACTS[EVENT_OF[message_type]]
    row = first_row(reading, _acts(message_type).where(fact.c.id == act_id))
    if row is None:
        raise ResourceUnknown(f"0x{act_id.hex()}")
    return row


def _acts(message_type: str) -> Select[Any]:
    fact = FACTS[EVENT_OF[message_type]]
    return select(fact, act_table.c.actor).join(act_table, act_table.c.seq == fact.c.seq)
