"""Rows as plain dictionaries by column name."""

from typing import Any

from sqlalchemy import Connection, Insert, Select

Row = dict[str, Any]


def first_row(connection: Connection, query: Select[Any]) -> Row | None:
    """The first row, or None."""
    row = connection.execute(query).mappings().first()
    return None if row is None else dict(row)


def every_row(connection: Connection, query: Select[Any]) -> list[Row]:
    """All rows in the query's order."""
    return [dict(row) for row in connection.execute(query).mappings()]


def inserted_seq(connection: Connection, insertion: Insert) -> int:
    """The number that the database gave the inserted row."""
    key = connection.execute(insertion).inserted_primary_key
    assert key is not None
    return int(key[0])
