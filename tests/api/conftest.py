"""Copies of one furnished park: one for a module, one for a test that changes much."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.connections import ImpatientProtocol
from scripts.listeners import listen
from tests.api.held import HeldPark
from tests.api.world import World
from tests.park import PLENTY


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> World:
    """The park of all tests here, made once and closed: they use copies."""
    world = World(HeldPark(tmp_path_factory.mktemp("furnished") / "park"))
    world.park.close()
    return world


@pytest.fixture(scope="module")
def world(furnished: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A park where every act has a valid next message."""
    copied = furnished.copied(tmp_path_factory.mktemp("module") / "park")
    yield copied
    copied.park.close()


@pytest.fixture(scope="module")
def url(world: World) -> Iterator[str]:
    """The world's API on a real server at a loopback port."""
    with served(create_app(world.park.ledger, PLENTY)) as address:
        yield address


@pytest.fixture
def held(furnished: World, tmp_path: Path) -> Iterator[World]:
    """The same for one test alone, which may hold the chain."""
    copied = furnished.copied(tmp_path / "park")
    yield copied
    copied.park.close()


@contextmanager
def served(app: FastAPI, *, certificate: Path | None = None) -> Iterator[str]:
    """The application behind uvicorn in a thread of its own, with a certificate over TLS."""
    listener = listen(0)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=ImpatientProtocol,
            log_level="warning",
            access_log=False,
            ssl_certfile=certificate,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    scheme = "http" if certificate is None else "https"
    yield f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def held_url(held: World) -> Iterator[str]:
    """The API of the park of one test on a real server."""
    with served(create_app(held.park.ledger, PLENTY)) as address:
        yield address
