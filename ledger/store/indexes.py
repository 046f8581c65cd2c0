"""The mirror's indexes that filling does not ask: left out while an empty one is filled."""

from collections.abc import Iterator

from sqlalchemy import Connection, Index

from ledger.store.metadata import MIRROR


def drop_indexes(connection: Connection) -> None:
    """Leave them out until `create_indexes`; that of states which hold now stays: it is asked."""
    for index in _indexes():
        index.drop(connection, checkfirst=True)


def create_indexes(connection: Connection) -> None:
    """Make those that are missing, also after a filling that broke off."""
    for index in _indexes():
        index.create(connection, checkfirst=True)


def _indexes() -> Iterator[Index]:
    for table in MIRROR.sorted_tables:
        is_state = "valid_to" in table.c
        for index in sorted(table.indexes, key=_name):
            if not (is_state and index.unique):
                yield index


def _name(index: Index) -> str:
    return str(index.name)
