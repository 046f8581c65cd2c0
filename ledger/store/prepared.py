"""Statements compiled once and handed to the driver as text: what every accepted act asks.

SQLAlchemy spends more time on a statement than SQLite does; here it writes the text the first
time. Only statements whose text never changes belong here; all others stay where they are.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    LargeBinary,
    Select,
    Table,
    bindparam,
    insert,
)
from sqlalchemy.sql.expression import ClauseElement, Executable
from sqlalchemy.types import TypeEngine

from ledger.store.columns import FixedBytes
from ledger.store.rows import Row

P = ParamSpec("P")
T = TypeVar("T")
_Converter = Callable[[Any], Any]
_ROWS_PER_STATEMENT = 256  # a driver takes no more than some ten thousand values


_MEMORY = "answers"


def remember_answers(snapshot: Connection) -> None:
    """Ask the same only once: this connection shows one snapshot as long as it lives."""
    snapshot.execution_options(**{_MEMORY: {}})


def _memory(connection: Connection) -> dict[Any, Row | None] | None:
    memory: dict[Any, Row | None] | None = connection.get_execution_options().get(_MEMORY)
    return memory


def answered_once(function: Callable[P, T]) -> Callable[P, T]:
    """The same for a function of a snapshot and of values; what it raises is found anew."""

    @wraps(function)
    def answer(*values: P.args, **named: P.kwargs) -> T:
        snapshot: Any = values[0]
        memory: dict[Any, Any] | None = _memory(snapshot)
        if memory is None:
            return function(*values, **named)
        asked = (function, values[1:], *named.items())
        if asked not in memory:
            memory[asked] = function(*values, **named)
        answered: T = memory[asked]
        return answered

    return answer


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A statement in a database's words: its text, how values go in and rows come out."""

    text: str
    mark: str  # of a value's place
    places: tuple[tuple[str, _Converter | None], ...]
    constants: Mapping[str, Any]
    columns: tuple[tuple[str, _Converter | None], ...]

    def values(self, named: Mapping[str, Any]) -> list[Any]:
        given = {**self.constants, **named}
        return [given[name] if check is None else check(given[name]) for name, check in self.places]

    def row(self, found: Sequence[Any]) -> Row:
        return {
            name: value if convert is None or value is None else convert(value)
            for (name, convert), value in zip(self.columns, found, strict=True)
        }

    def placeholders(self, count: int) -> str:
        return f"({', '.join([self.mark] * count)})"


class Prepared:
    """One statement with named parameters; its rows come as dictionaries by column name."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        self._compiled: dict[Any, _Compiled] = {}

    def first(self, connection: Connection, **values: Any) -> Row | None:
        """The first row, or None."""
        memory = _memory(connection)
        if memory is None:
            return self._first(connection, values)
        asked = (self, *values.values())
        if asked not in memory:
            memory[asked] = self._first(connection, values)
        return memory[asked]

    def _first(self, connection: Connection, values: Mapping[str, Any]) -> Row | None:
        compiled = self._for(connection)
        found = _driver(connection).execute(compiled.text, compiled.values(values)).fetchone()
        return None if found is None else compiled.row(found)

    def every(self, connection: Connection, **values: Any) -> list[Row]:
        """All rows in the statement's order."""
        compiled = self._for(connection)
        found = _driver(connection).execute(compiled.text, compiled.values(values))
        return [compiled.row(row) for row in found]

    def write(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert the rows, many by one statement: each statement lets other threads interfere."""
        compiled = self._for(connection)
        one = f", {compiled.placeholders(len(compiled.places))}"
        for start in range(0, len(rows), _ROWS_PER_STATEMENT):
            part = rows[start : start + _ROWS_PER_STATEMENT]
            values = [value for row in part for value in compiled.values(row)]
            _driver(connection).execute(compiled.text + one * (len(part) - 1), values)

    def _for(self, connection: Connection) -> _Compiled:
        schemas = connection.get_execution_options().get("schema_translate_map")
        words = connection.dialect.name, str(schemas)
        if words not in self._compiled:
            self._compiled[words] = _compile(self._statement, connection.dialect, schemas)
        return self._compiled[words]


def _compile(statement: Any, dialect: Dialect, schemas: Any) -> _Compiled:
    assert isinstance(statement, ClauseElement)
    named: Any = {"schema_translate_map": schemas, "render_schema_translate": True}
    compiled: Any = statement.compile(dialect=dialect, **(named if schemas else {}))
    return _Compiled(
        text=str(compiled),
        mark="?" if dialect.paramstyle == "qmark" else "%s",
        places=tuple(
            (name, _check(compiled.binds[name].type, dialect)) for name in compiled.positiontup
        ),
        constants={k: v for k, v in compiled.params.items() if v is not None},
        columns=tuple(
            (column.name, column.type.result_processor(dialect, None))
            for column in getattr(statement, "selected_columns", ())
        ),
    )


def _check(kind: TypeEngine[Any], dialect: Dialect) -> _Converter | None:
    """What SQLAlchemy would do to a value of this type; bytes go to the driver as they are."""
    if isinstance(kind, FixedBytes):
        return partial(kind.process_bind_param, _dialect=dialect)
    return (
        None
        if isinstance(kind, LargeBinary)
        else kind.dialect_impl(dialect).bind_processor(dialect)
    )


class Lookup(Prepared):
    """Rows of one selection by a unique key: one of them, or many by one statement."""

    def __init__(self, selection: Select[Any], *key: Column[Any]) -> None:
        super().__init__(selection.where(*(column == bindparam(column.name) for column in key)))
        self._all = Prepared(selection)
        self._key = tuple(column.name for column in key)
        # A join, since SQLite would look through the whole table for pairs in a list.
        self._is_wanted = " AND ".join(
            f"{column.table.name}.{column.name} = wanted.column{place}"
            for place, column in enumerate(key, start=1)
        )

    def many(self, connection: Connection, keys: Collection[tuple[Any, ...]]) -> dict[Any, Row]:
        """By their keys the rows that are there."""
        if not keys:
            return {}
        one, every = self._for(connection), self._all._for(connection)
        wanted = ", ".join([one.placeholders(len(self._key))] * len(keys))
        text = f"{every.text} JOIN (VALUES {wanted}) AS wanted ON {self._is_wanted}"
        values = [
            value for key in keys for value in one.values(dict(zip(self._key, key, strict=True)))
        ]
        rows = map(every.row, _driver(connection).execute(text, values))
        return {tuple(row[name] for name in self._key): row for row in rows}

    def foresee(self, snapshot: Connection, keys: Collection[tuple[Any, ...]]) -> None:
        """Let `first` know the answers for these keys already."""
        memory, rows = _memory(snapshot), self.many(snapshot, keys)
        assert memory is not None, "only a snapshot can know beforehand"
        memory |= {(self, *key): rows.get(key) for key in keys}


def prepared_insert(table: Table, *, is_numbered: bool = False) -> Prepared:
    """The insertion of whole rows; unless `is_numbered`, the database gives each its number."""
    given = None if is_numbered else table.autoincrement_column
    columns = [column.name for column in table.c if column is not given]
    return Prepared(insert(table).inline().values({name: bindparam(name) for name in columns}))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection
