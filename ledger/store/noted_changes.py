"""Which kept rows a transaction changed: noted by triggers that fire for our own connections alone.

So no writer needs to say what it changes, and none can forget to. In SQLite triggers and table are
temporary, which nobody else's connection sees; in PostgreSQL the triggers do nothing in a session
without our temporary table.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import Connection

from ledger.store.kept_shape import Shape, sqlite_shapes
from ledger.store.row_mac import Change, row_mac

_TABLE = """
    CREATE TEMPORARY TABLE noted (
        table_name TEXT, row_key TEXT, before {0}, after {0}, PRIMARY KEY (table_name, row_key)
    )
"""
_NOTED = """
    SELECT table_name, row_key, before, after, row_mac.mac
    FROM noted LEFT JOIN row_mac USING (table_name, row_key)
"""
# A changed row is one that went and one that came: its key may have changed too.
_WENT = (
    "INSERT INTO noted VALUES ('{table}', {key}, {content}, NULL)"
    " ON CONFLICT (table_name, row_key) DO UPDATE SET after = NULL;"
)
_CAME = (
    "INSERT INTO noted VALUES ('{table}', {key}, NULL, {content})"
    " ON CONFLICT (table_name, row_key) DO UPDATE SET after = excluded.after;"
)


def start_noting_in_sqlite(driver_connection: Any, key: bytes) -> bool:
    """From here on what this connection changes is noted, with its MACs; False without tables."""
    found = driver_connection.execute("SELECT 1 FROM sqlite_temp_schema WHERE name = 'noted'")
    if found.fetchone() is not None:
        return True
    is_made = "SELECT 1 FROM main.sqlite_schema WHERE name = 'row_mac'"
    if driver_connection.execute(is_made).fetchone() is None:
        return False  # the migration that makes them is what comes first
    driver_connection.create_function(
        "mac_of_row", -1, partial(_mac_of_row, key), deterministic=True
    )
    driver_connection.execute(_TABLE.format("BLOB") + " WITHOUT ROWID")
    for shape in sqlite_shapes(driver_connection):
        for trigger in _sqlite_triggers(shape):
            driver_connection.execute(trigger)
    return True


def _mac_of_row(key: bytes, heading: str, *values: Any) -> bytes:
    return row_mac(key, heading, values)


def _sqlite_triggers(shape: Shape) -> Iterator[str]:
    went, came = (
        statement.format(
            table=shape.table,
            key=shape.key_in_sqlite(row),
            content=f"mac_of_row('{shape.heading}', {shape.values(row)})",
        )
        for statement, row in ((_WENT, "OLD"), (_CAME, "NEW"))
    )
    for event, noting in (("INSERT", came), ("UPDATE", went + came), ("DELETE", went)):
        yield (
            f'CREATE TEMPORARY TRIGGER "note_{shape.table}_{event.lower()}"'
            f' AFTER {event} ON main."{shape.table}" BEGIN {noting} END'
        )


def changes_in_sqlite(connection: Connection) -> list[Change]:
    """What was noted in this transaction, and forget it."""
    driver_connection: Any = connection.connection.driver_connection
    changes = list(map(Change._make, driver_connection.execute(_NOTED)))
    if changes:
        driver_connection.execute("DELETE FROM noted")
    return changes


def start_noting_in_postgres(driver_connection: Any) -> None:
    """From here on what this session changes is noted, with digests of the rows as text."""
    with driver_connection.cursor() as cursor:
        cursor.execute(_TABLE.format("BYTEA") + " ON COMMIT DELETE ROWS")
    driver_connection.commit()


def changes_in_postgres(connection: Connection, key: bytes) -> list[Change]:
    """What was noted in this transaction; the commit forgets it."""

    def mac(table: str, digest: bytes | None) -> bytes | None:
        return None if digest is None else row_mac(key, table, (digest,))

    return [
        Change(table, row_key, mac(table, before), mac(table, after), written)
        for table, row_key, before, after, written in connection.exec_driver_sql(_NOTED)
    ]


def digest_in_postgres(shape: Shape, row: str) -> str:
    """What stands for a row's content: the digest of its heading and of the row as text.

    Made by the database, so that a document need not travel to be authenticated.
    """
    return f"sha256(convert_to('{shape.heading}' || {row}::text, 'UTF8'))"


def postgres_triggers(shape: Shape) -> Iterator[str]:
    """What the migration makes beside a table in PostgreSQL."""
    went, came = (
        statement.replace("INTO noted", "INTO pg_temp.noted").format(
            table=shape.table,
            key=shape.key_in_postgres(row),
            content=digest_in_postgres(shape, row),
        )
        for statement, row in ((_WENT, "OLD"), (_CAME, "NEW"))
    )
    name = f"note_{shape.table}"
    yield (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF to_regclass('pg_temp.noted') IS NULL THEN RETURN NULL; END IF;"
        f" IF TG_OP <> 'INSERT' THEN {went} END IF;"
        f" IF TG_OP <> 'DELETE' THEN {came} END IF;"
        " RETURN NULL; END $$"
    )
    yield (
        f"CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON {shape.table}"
        f" FOR EACH ROW EXECUTE FUNCTION {name}()"
    )
