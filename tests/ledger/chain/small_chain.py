"""A fresh embedded chain for a test: entries in memory that may fail, a clock that is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.chain.embedded import CHAIN_ID, Entries
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.sender import RawTransaction, Sender
from ledger.clock import Clock, RealClock

START = 1_700_000_000
KEY = b"\x11" * 32
NO_CODE = b"\x00"  # creation code that leaves an empty contract


class WriteFailed(Exception):
    """What a full disk would be."""


@dataclass
class Memory:
    """Entries in memory; the next `failures` writes fail."""

    entries: dict[bytes, bytes] = field(default_factory=dict)
    failures: int = 0

    def get(self, key: bytes) -> bytes | None:
        return self.entries.get(key)

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        if self.failures:
            self.failures -= 1
            raise WriteFailed
        for key, value in entries.items():
            if value is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = value


@dataclass
class ToldClock(RealClock):
    """Real time's rules at a time the test sets."""

    time: int = START

    def now(self) -> int:
        return self.time


class SmallChain:
    """A node and one sender on it."""

    def __init__(self, entries: Entries | None = None, clock: Clock | None = None) -> None:
        self.node = EmbeddedNode(entries or Memory(), clock or ToldClock())
        self.sender = Sender(self.node, private_key=KEY, chain_id=CHAIN_ID)

    def creation(self, nonce: int, *, gas: int = 100_000) -> RawTransaction:
        return self.sender.sign_creation(NO_CODE, gas=gas, nonce=nonce)

    def send(self, nonce: int, *, gas: int = 100_000) -> RawTransaction:
        transaction = self.creation(nonce, gas=gas)
        self.sender.send(transaction.raw)
        return transaction

    def head(self) -> dict[str, Any]:
        found: dict[str, Any] = self.node.request("eth_getBlockByNumber", ["latest", False])
        return found

    def height(self) -> int:
        return int(self.head()["number"], 16)
