"""One played directory for all tests of the ledger's rooms; each copies what it spoils."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.kept_park import KeptPark, play
from tests.ledger.played import Opened, Played, copied, opened, play_everything


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """The directory itself: read only."""
    return play_everything(tmp_path_factory.mktemp("played") / "ledger")


@pytest.fixture
def copy(played: Played, tmp_path: Path) -> Iterator[Opened]:
    """An opened copy of a test's own."""
    directory = copied(played, tmp_path / "ledger")
    with opened(directory, keys=played.keys, mac_key=played.mac_key) as ledger:
        yield ledger


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> KeptPark:
    """A park with readings behind its evidence: read only."""
    return play(tmp_path_factory.mktemp("kept") / "ledger")
