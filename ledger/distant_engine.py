"""The engine of another process: met in SQL; only the chain and its health are asked by HTTP."""

from typing import Any

import httpx2

from ledger.chain.node import NodeError
from ledger.clock import ServiceClock
from ledger.directory import require_made
from ledger.errors import ChainUnavailable, LedgerHalted
from ledger.service_keys import ServiceKeys
from ledger.settings import Settings
from ledger.store.halt import read_halt
from ledger.store.manifest import read_manifest
from ledger.store.opened import open_store
from ledger.store.time import clock_of

_PATIENCE_SECONDS = 30.0


class DistantEngine:
    """What a front without a chain knows of the engine that listens at this URL.

    `offset` is that of its real time, if it goes by that: a front has no time of its own.
    """

    def __init__(
        self, settings: Settings, url: str, *, keys: ServiceKeys, offset: float | None = None
    ) -> None:
        require_made(settings.directory)
        self.store = open_store(settings.directory, mac_key=keys.row_mac)
        self.halted: LedgerHalted | None = None
        with self.store.reading() as reading:
            self.manifest = read_manifest(reading)
        self.clock: ServiceClock = clock_of(
            settings, self.store, is_demo=self.manifest.is_demo, offset=offset
        )
        self.store.changes.listen(self._read_halt)
        self._client = httpx2.Client(base_url=url, trust_env=False, timeout=_PATIENCE_SECONDS)

    def start(self) -> None:
        """From here on what the engine commits is noticed."""
        self._read_halt()
        self.store.changes.start()

    def _read_halt(self) -> None:
        with self.store.reading() as reading:
            self.halted = read_halt(reading)

    def stop(self) -> None:
        """Let go of store and wire; the engine goes on."""
        self.store.changes.stop()
        self._client.close()
        self.store.close(is_owner=False)

    def request(self, method: str, params: list[Any]) -> Any:
        """A reading request to its chain; raises NodeError, ChainUnavailable."""
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self._ask("POST", "/rpc", json=call)
        if "error" in answer:
            error = answer["error"]
            raise NodeError(error["code"], error["message"], error.get("data"))
        return answer["result"]

    def readiness(self) -> dict[str, Any]:
        """What it says of itself; raises ChainUnavailable."""
        return self._ask("GET", "/readyz")

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client.request(method, path, **content).json()
        except (httpx2.TransportError, ValueError) as error:
            raise ChainUnavailable(str(error)) from error
        return answer
