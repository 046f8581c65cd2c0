"""What SQLite itself finds wrong with a database file, all of which it reads for that."""

import sqlite3
from contextlib import closing
from pathlib import Path

from ledger.errors import DatabaseDamaged


def require_whole(path: Path) -> None:
    """Raises DatabaseDamaged for what `PRAGMA quick_check` finds, or for no database at all."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as file:
            found = file.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise DatabaseDamaged(path.name, str(error)) from error
    if found != "ok":
        raise DatabaseDamaged(path.name, found)
