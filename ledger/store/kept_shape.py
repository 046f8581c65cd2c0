"""The shape of the kept tables as the database has it, and SQL expressions of a row's key.

Asked of the database and not of the models: a table that a hand made is seen too.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, inspect

# The chain's own, the schema's version, and the MACs themselves.
_LEFT_OUT = ("chain_entry", "alembic_version", "row_mac", "row_mac_total")
_SQLITE_COLUMNS = """
    SELECT kept.name, info.name, info.type, info.pk
    FROM main.sqlite_schema AS kept JOIN pragma_table_info(kept.name, 'main') AS info
    WHERE kept.type = 'table' AND kept.name NOT LIKE 'sqlite%'
    ORDER BY kept.name, info.cid
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """A kept table: its columns in their order, and those of its key, each whether it is a number.

    `heading` is what a MAC is bound to beside the values: the table's name and its columns'.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[tuple[str, bool], ...]

    @property
    def heading(self) -> str:
        return f"{self.table}({','.join(self.columns)})"

    def key_in_sqlite(self, row: str) -> str:
        """The key as text, whatever type its values have: `row` is OLD, NEW or the table."""
        parts = [
            f"printf('%d', {row}.\"{name}\")" if is_number else f'lower(hex({row}."{name}"))'
            for name, is_number in self.key
        ]
        return "||' '||".join(parts) or "''"

    def key_in_postgres(self, row: str) -> str:
        """The same in PostgreSQL, where a value has its column's type."""
        parts = [
            f'({row}."{name}")::text' if is_number else f"encode({row}.\"{name}\", 'hex')"
            for name, is_number in self.key
        ]
        return "||' '||".join(parts) or "''"

    def values(self, row: str) -> str:
        """All values of a row, in the order of the columns."""
        return ", ".join(f'{row}."{name}"' for name in self.columns)


def sqlite_shapes(driver_connection: Any) -> list[Shape]:
    """The shapes of the kept tables in the main file of a connection of Python's sqlite3."""
    columns: dict[str, list[tuple[str, str, int]]] = {}
    for table, name, kind, place in driver_connection.execute(_SQLITE_COLUMNS):
        columns.setdefault(table, []).append((name, kind, place))
    return [_shape(table, found) for table, found in columns.items() if table not in _LEFT_OUT]


def _shape(table: str, columns: list[tuple[str, str, int]]) -> Shape:
    # Numbers before digests: what is written together then lies together.
    key = sorted(("INT" not in kind, place, name) for name, kind, place in columns if place)
    names = tuple(name for name, _, _ in columns)
    return Shape(table, names, tuple((name, not is_bytes) for is_bytes, _, name in key))


def postgres_shapes(connection: Connection) -> list[Shape]:
    """The shapes of the kept tables in the schema that comes first in the search path."""
    inspector = inspect(connection)
    tables = [name for name in sorted(inspector.get_table_names()) if name not in _LEFT_OUT]
    return [
        _shape(
            table,
            [
                (column["name"], str(column["type"]), _place(keys, column["name"]))
                for column in inspector.get_columns(table)
            ],
        )
        for table in tables
        for keys in [inspector.get_pk_constraint(table)["constrained_columns"]]
    ]


def _place(keys: list[str], column: str) -> int:
    return keys.index(column) + 1 if column in keys else 0
