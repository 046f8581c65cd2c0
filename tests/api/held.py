"""A park whose blocks wait until the test lets them come, and which can be copied."""

import copy
import shutil
from pathlib import Path
from typing import Self

from fastapi.testclient import TestClient

from api.app import create_app
from ledger.chain.embedded import Entries
from ledger.chain.embedded_node import EmbeddedNode
from ledger.clock import Clock
from ledger.local_engine import local_ledger
from ledger.settings import Settings
from tests.park import PLENTY, Park


class HeldNode(EmbeddedNode):
    """The embedded chain, sealing nothing while it is held."""

    is_held = False

    def seal(self) -> bool:
        return not self.is_held and super().seal()


class HeldPark(Park):
    """A park that accepts while its chain stands still."""

    node: HeldNode

    def open(self) -> None:
        settings = Settings(self.directory, self.clock_file)
        self.ledger = local_ledger(settings, keys=self.service_keys, make_node=self._made)
        self.ledger.start()
        self.http = TestClient(create_app(self.ledger, PLENTY), raise_server_exceptions=False)

    def _made(self, entries: Entries, clock: Clock) -> HeldNode:
        self.node = HeldNode(entries, clock)
        return self.node

    def copied(self, directory: Path) -> Self:
        """This park, which must be closed, once more and open in another directory."""
        shutil.copytree(self.directory, directory)
        other = copy.copy(self)
        other.directory, other.clock_file = directory, directory / "clock"
        other.keys, other.tokens = dict(self.keys), dict(self.tokens)
        other.open()
        return other

    def hold(self) -> None:
        """No further block."""
        self.node.is_held = True

    def release(self) -> None:
        """Blocks again."""
        self.node.is_held = False
