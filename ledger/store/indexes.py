"""The mirror's indexes that only make reading fast: left out while an empty one is filled."""

from collections.abc import Iterator

from sqlalchemy import Connection, Index

from ledger.store.metadata import MIRROR


def drop_indexes(connection: Connection) -> None:
    """Leave them out until `create_indexes`; what is unique stays, since writing asks it."""
    for index in _indexes():
        index.drop(connection, checkfirst=True)


def create_indexes(connection: Connection) -> None:
    """Make those that are missing, also after a filling that broke off."""
    for index in _indexes():
        index.create(connection, checkfirst=True)


def _indexes() -> Iterator[Index]:
    for table in MIRROR.sorted_tables:
        yield from (index for index in sorted(table.indexes, key=_name) if not index.unique)


def _name(index: Index) -> str:
    return str(index.name)
