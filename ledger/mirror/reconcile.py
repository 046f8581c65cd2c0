"""Is the mirror what the chain says? Every row against a rebuild, every state against a call."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, literal_column, select

from ledger.chain.reader import Reader
from ledger.mirror.difference import Difference
from ledger.mirror.follower import Mirror
from ledger.mirror.storage import storage_differences
from ledger.store.chain_log import block_table, cursor_table, event_table
from ledger.store.engine import Store
from ledger.store.manifest import Manifest
from ledger.store.metadata import MIRROR


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was compared up to which block, and every difference found."""

    block: int
    tables: int
    rows: int
    differences: tuple[Difference, ...]


def reconcile(store: Store, reader: Reader, manifest: Manifest) -> Reconciliation:
    """Compare the served mirror with a rebuild from the chain and with the contracts' storage."""
    with store.reading() as served, store.scratch_mirror() as scratch:
        block = _last_block(served, reader)
        Mirror(scratch, reader, manifest).follow(until=block)
        with scratch.connect() as truth:
            differences, rows = _compare(served, truth)
            differences += storage_differences(truth, reader, manifest, block=block)
    return Reconciliation(block, len(MIRROR.tables), rows, tuple(differences))


def _last_block(served: Connection, reader: Reader) -> int:
    """The last block that the mirror has anything of, or the chain's head where it says nonsense.

    Not what the cursor says alone: set back, it would hide what is missing above.
    """
    head = reader.head_number()
    told = [
        served.execute(select(func.max(column))).scalar()
        for column in (cursor_table.c.head_block, block_table.c.number, event_table.c.block)
    ]
    numbers = [one for one in told if one is not None]
    is_sense = all(isinstance(one, int) and 0 <= one <= head for one in numbers)
    return max(numbers) if numbers and is_sense else head


def _compare(served: Connection, truth: Connection) -> tuple[list[Difference], int]:
    differences: list[Difference] = []
    rows = 0
    for table in MIRROR.sorted_tables:
        mine, theirs = _rows(served, table), _rows(truth, table)
        rows += len(theirs)
        for key in sorted(mine.keys() | theirs.keys(), key=repr):
            difference = _difference(table, key, mine.get(key), theirs.get(key))
            if difference is not None:
                differences.append(difference)
    return differences, rows


def _rows(connection: Connection, table: Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    key = [column.name for column in table.primary_key]
    # Read as stored: a tampered value must not stop the comparison by breaking its type.
    columns: list[ColumnElement[Any]] = [
        literal_column(f'"{column.name}"').label(column.name) for column in table.c
    ]
    found = connection.execute(select(*columns).select_from(table)).mappings()
    return {tuple(row[name] for name in key): dict(row) for row in found}


def _difference(
    table: Table,
    key: tuple[Any, ...],
    mine: dict[str, Any] | None,
    theirs: dict[str, Any] | None,
) -> Difference | None:
    if mine == theirs and _types(mine) == _types(theirs):
        return None
    names = [column.name for column in table.primary_key]
    kind = "missing" if mine is None else "added" if theirs is None else "changed"
    columns = tuple(_changed_columns(mine, theirs)) if kind == "changed" else ()
    return Difference(table.name, dict(zip(names, key, strict=True)), kind, columns, mine, theirs)


def _types(row: dict[str, Any] | None) -> list[type] | None:
    """SQLite compares 1 and 1.0 as equal; we do not."""
    return None if row is None else [type(value) for value in row.values()]


def _changed_columns(
    mine: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None
) -> Iterator[str]:
    assert mine is not None
    assert theirs is not None
    for name, value in theirs.items():
        if mine[name] != value or type(mine[name]) is not type(value):
            yield name
