"""What every test stands on: the hypothesis profile, a database, what goals tell.

Sockets and time-outs: pyproject.toml.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from scripts.postgres import fresh_database, postgres_server

# Machines that run this are shared: how long one example took says nothing about our code.
settings.register_profile(
    "shared-machine",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared-machine")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have to tell beside passing: workers cannot print themselves."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for report in reports:
        for name, told in report.user_properties:
            if name == "told":
                terminalreporter.write_line(str(told))


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[dict[str, Any]], None]:
    """Print one JSON line of a goal at the end of the run."""
    return lambda told: record_property("told", json.dumps(told))


@pytest.fixture
def fresh_seed() -> int:
    """Another one in each run; pytest shows the arguments of a test that fails."""
    return random.SystemRandom().randrange(2**32)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
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
