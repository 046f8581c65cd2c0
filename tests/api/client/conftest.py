"""Clients of the furnished park on a real server."""

from collections.abc import Callable, Iterator

import pytest

from api.client import Client, Signer
from api.client.exchange import Exchange
from tests.api.client.unreliable import Unreliable
from tests.api.world import World

Open = Callable[[str], Client]


@pytest.fixture
def transport() -> Unreliable:
    """The way to the service."""
    return Unreliable()


@pytest.fixture
def naps() -> list[float]:
    """The pauses that a client made, in seconds; nobody waits for them."""
    return []


def signer_of(world: World, name: str) -> Signer:
    """Whoever has the key of that name."""
    participant, person = world.park.persons[name]
    return Signer(participant, person, world.park.key(name))


@pytest.fixture
def mine(held: World, held_url: str, transport: Unreliable, naps: list[float]) -> Iterator[Client]:
    """The first enterprise's client of a park for one test alone."""
    exchange = Exchange(held_url, transport=transport, sleep=naps.append, chance=lambda: 0.0)
    with Client(exchange, signer=signer_of(held, "enterprise 1")) as client:
        yield client


@pytest.fixture
def reader(world: World, url: str) -> Iterator[Client]:
    """The first founder's client of the module's park, for tests that only read."""
    with Client(url, signer=signer_of(world, "founder 1")) as client:
        yield client
