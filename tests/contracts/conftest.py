"""The park on chain, built once; every test finds it as it was built."""

from collections.abc import Iterator

import pytest

from tests.contracts.world import World


@pytest.fixture(scope="session")
def built_world() -> World:
    return World()


@pytest.fixture
def world(built_world: World) -> Iterator[World]:
    """The park; what a test does to it is undone."""
    before = built_world.evm.head, dict(built_world.ids), dict(built_world.keys)
    contracts = dict(built_world.contracts)
    yield built_world
    built_world.evm.head, built_world.ids, built_world.keys = before
    built_world.contracts, built_world.evm.pause_seconds = contracts, 1
