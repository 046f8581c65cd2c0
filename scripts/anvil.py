"""anvil, the development node of Foundry, as a process of its own on a free port."""

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ledger.chain.http_node import HttpNode
from ledger.chain.node import NodeUnreachable

ROOT = Path(__file__).parents[1]
_START_SECONDS = 20
# Those on disk, which anvil rolls back to after some thousand blocks, have forgotten all code.
_STATES_IN_MEMORY = 500


class Anvil:
    """A running anvil by Cancun rules, at gas price 0.

    It makes a block after so many seconds, or of each transaction at once.
    """

    def __init__(self, *, block_seconds: int | None = 1, port: int | None = None) -> None:
        self.port = free_port() if port is None else port
        self.url = f"http://127.0.0.1:{self.port}"
        pace = [] if block_seconds is None else ["--block-time", str(block_seconds)]
        binary = next(ROOT.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
        self._process = subprocess.Popen(  # noqa: S603 - our own tool and arguments
            [
                binary, "--port", str(self.port), "--hardfork", "cancun", "--silent",
                "--gas-price", "0", "--base-fee", "0", "--gas-limit", "400000000",
                "--prune-history", str(_STATES_IN_MEMORY), *pace,
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        self.node = HttpNode(self.url)
        self._await()

    def _await(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.ask("eth_chainId")
            except NodeUnreachable:
                assert time.monotonic() < deadline, "anvil does not answer"
                threading.Event().wait(0.05)
            else:
                return

    def ask(self, method: str, *params: Any) -> Any:
        """Any method, also anvil's own."""
        return self.node.request(method, list(params))

    def mine(self, blocks: int = 1) -> None:
        self.ask("anvil_mine", hex(blocks))

    def height(self) -> int:
        return int(self.ask("eth_blockNumber"), 16)

    def reorganise(self, depth: int, transactions: list[Any] | None = None) -> None:
        """Replace that many blocks by as many others, which hold only these transactions."""
        self.ask("anvil_reorg", depth, transactions or [])
        self._forget_pool()

    def roll_back(self, depth: int) -> None:
        """Forget the newest blocks."""
        self.ask("anvil_rollback", depth)
        self._forget_pool()

    def _forget_pool(self) -> None:
        """Or what waited for a nonce that the turn brought or took would wait for ever.

        Other nodes sort their pools anew; anvil's hears of its own blocks alone.
        """
        self.ask("anvil_dropAllTransactions")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self.node.close()


@contextmanager
def anvil(*, block_seconds: int | None = 1) -> Iterator[Anvil]:
    """A fresh chain, gone at the end of the block."""
    node = Anvil(block_seconds=block_seconds)
    try:
        yield node
    finally:
        node.stop()


def free_port() -> int:
    """A port of the loopback address that nobody listens at now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
