"""One told park for all pages, played once; each module has a copy on a real server."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.app import create_app
from tests.api.conftest import served
from tests.api.held import HeldPark
from tests.pages.story import Told, tell


@dataclass(frozen=True, slots=True)
class Stage:
    """The park of a module, what was told in it, and where it answers."""

    park: HeldPark
    told: Told
    url: str


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[HeldPark, Told]:
    """The park after its year, closed: modules use copies."""
    park = HeldPark(tmp_path_factory.mktemp("played") / "park")
    told = tell(park)
    park.settle()
    park.close()
    return park, told


@pytest.fixture(scope="module")
def stage(
    played: tuple[HeldPark, Told], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A copy of the park behind a real server."""
    park, told = played
    copied = park.copied(tmp_path_factory.mktemp("stage") / "park")
    with served(create_app(copied.ledger)) as url:
        yield Stage(copied, told, url)
    copied.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[HeldPark]:
    """A ledger in which nobody has registered anything yet."""
    park = HeldPark(tmp_path / "empty")
    yield park
    park.close()
