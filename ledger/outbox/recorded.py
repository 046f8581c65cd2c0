"""Recorded acts by id and by page, in chain order, one snapshot per walk."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, literal, select, true, union

from ledger.errors import FilterUnknown, ResourceUnknown
from ledger.store.chain_log import EVENT_OF, act_table, freshness, present_of, shown_moment, time_of
from ledger.store.facts import FACTS
from ledger.store.rows import Row, every_row, first_row
from ledger.store.states import is_recorded

__all__ = [
    "Page",
    "Sight",
    "act_of_type",
    "act_page",
    "fact_of",
    "filters_of",
    "freshness",
    "present_of",
    "shown_moment",
    "time_of",
]

# Beside what an event is indexed by: the columns that a list of its acts can be filtered by.
_FILTERED = {"enterprise", "period", "verifier", "year"}


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked of a list: equal columns, from where, how many, which end first."""

    filters: Mapping[str, Any]
    after: int | None
    limit: int
    is_newest_first: bool = False

    def ordered(self, query: Select[Any], seq: ColumnElement[int]) -> Select[Any]:
        """The query's rows of this page, by their sequence."""
        if self.after is not None:
            query = query.where(seq < self.after if self.is_newest_first else seq > self.after)
        return query.order_by(seq.desc() if self.is_newest_first else seq).limit(self.limit)

    def merged(self, parts: Iterable[Select[Any]]) -> Select[Any]:
        """The page of all parts, each row once; they have the same columns, `seq` among them.

        Each part goes by its own index, no further than the page: together they would be sorted
        whole.
        """
        of_page = (self.ordered(part, part.selected_columns["seq"]) for part in parts)
        every = union(*(select(one.subquery()) for one in of_page)).subquery()
        return self.ordered(select(every), every.c.seq)


@dataclass(frozen=True, slots=True)
class Sight:
    """How a viewer sees the acts of a type: each row's view, and which rows at all.

    `filters` are conditions by name that only this type has, for each value.
    """

    view: ColumnElement[str] = field(default_factory=lambda: literal("public"))
    is_seen: ColumnElement[bool] = field(default_factory=true)
    filters: Mapping[str, Mapping[str, ColumnElement[bool]]] = field(default_factory=dict)


def fact_of(message_type: str) -> Table:
    """The table of the events that acts of this type make."""
    return FACTS[EVENT_OF[message_type]]


def filters_of(message_type: str) -> list[str]:
    """The columns a list of these acts can be filtered by."""
    fact = fact_of(message_type)
    indexed = {next(iter(index.columns)).name for index in fact.indexes}
    columns = sorted(indexed - {"seq", "id"} | _FILTERED & {column.name for column in fact.c})
    has_years = "period" in columns or "first_year" in fact.c
    return [*columns, "year"] if has_years else columns


def act_page(reading: Connection, message_type: str, page: Page, sight: Sight) -> list[Row]:
    """The acts of one type that are seen, with actor and view; raises FilterUnknown."""
    fact = fact_of(message_type)
    query = _acts(reading, message_type, sight)
    known = [*filters_of(message_type), *sight.filters]
    for name, value in page.filters.items():
        if name not in known:
            raise FilterUnknown(name, known)
        query = query.where(_filter(fact, name, value, sight))
    return every_row(reading, page.ordered(query, fact.c.seq))


def _filter(fact: Table, name: str, value: Any, sight: Sight) -> ColumnElement[bool]:
    if name in sight.filters:
        return sight.filters[name][value]
    if name == "year" and "first_year" in fact.c:
        return and_(fact.c.first_year <= value, value <= fact.c.last_year)
    if name == "year" and "year" not in fact.c:
        first = int(value) * 100
        return fact.c.period.between(first, first + 99)
    equal: ColumnElement[bool] = fact.c[name] == value
    return equal


def act_of_type(
    reading: Connection, message_type: str, act_id: bytes, sight: Sight | None = None
) -> Row:
    """One recorded act with all its fields; raises ResourceUnknown, also for what is not seen."""
    query = _acts(reading, message_type, sight or Sight()).where(act_table.c.id == act_id)
    row = first_row(reading, query)
    if row is None:
        raise ResourceUnknown(f"0x{act_id.hex()}")
    return row


def _acts(reading: Connection, message_type: str, sight: Sight) -> Select[Any]:
    fact = fact_of(message_type)
    return (
        select(fact, act_table.c.actor, sight.view.label("view"))
        .join(act_table, act_table.c.seq == fact.c.seq)
        .where(sight.is_seen, is_recorded(reading, fact))
    )
