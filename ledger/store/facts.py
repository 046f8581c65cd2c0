"""Mirror tables generated from the events of the contracts: one row per event, never changed.

Table and columns have the event's and fields' names in snake_case; `seq` numbers all events of
our contracts in chain order from 1 without gaps.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Index, LargeBinary, Table, Text
from sqlalchemy.types import TypeEngine

from ledger.chain.bindings import EVENTS
from ledger.naming import snake_case
from ledger.store.columns import ADDRESS, BYTES32, ROW_NUMBER
from ledger.store.metadata import MIRROR


def _column_type(solidity_type: str) -> TypeEngine[Any]:
    fixed: dict[str, TypeEngine[Any]] = {
        "bytes32": BYTES32,
        "address": ADDRESS,
        "bool": Boolean(),
        "string": Text(),
    }
    if solidity_type == "bytes":
        return LargeBinary()
    return fixed.get(solidity_type) or BigInteger()


# Beside what the event is indexed by: whose acts a list is of.
_LISTED_BY = ("enterprise", "verifier", "account")
# Whether a month has newer evidence is asked for each row of a list.
_NEWEST_BY = {"EvidenceAnchored": [("facility", "period", "month")]}
# An act is found by its id in the table of acts: one index of random keys is enough.
_IN_ACTS = "id"


def _fact_table(event: str) -> Table:
    fields = EVENTS[event]["fields"]
    name = snake_case(event)
    columns = [
        Column(snake_case(field), _column_type(kind), nullable=False) for field, kind, _ in fields
    ]
    names = {snake_case(field): is_indexed for field, _, is_indexed in fields}
    looked_up = [
        name
        for name, is_indexed in names.items()
        if name in _LISTED_BY or (is_indexed and name != _IN_ACTS)
    ]
    return Table(
        name,
        MIRROR,
        Column("seq", ROW_NUMBER, primary_key=True, autoincrement=False),
        Column("block", BigInteger, nullable=False),
        *columns,
        *(Index(None, column, "seq") for column in looked_up),
        *(Index(None, *columns, "seq") for columns in _NEWEST_BY.get(event, ())),
    )


FACTS: dict[str, Table] = {event: _fact_table(event) for event in EVENTS}
