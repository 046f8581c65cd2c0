"""One PostgreSQL server for all tests of faults; a database of its own for each that asks."""

from collections.abc import Iterator

import pytest

from tests.faults.postgres import fresh_database, postgres_server


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a server."""
    with postgres_server() as url:
        yield url


@pytest.fixture
def database(server: str) -> Iterator[str]:
    """The URL of an empty database."""
    with fresh_database(server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """Where a ledger of the rpc profile has its tables: in its directory, or in a database."""
    if request.param == "sqlite":
        return None
    url: str = request.getfixturevalue("database")
    return url
