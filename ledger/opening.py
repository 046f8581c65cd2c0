"""Opening a directory: its tables and its chain, wherever its connections say that they are."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from ledger.chain.bindings import CONTRACTS
from ledger.chain.embedded import Entries
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.http_node import HttpNode
from ledger.chain.node import Node
from ledger.chain.reader import Checks, Reader, asking
from ledger.clock import Clock, RealClock
from ledger.directory import DirectoryLock, require_made
from ledger.errors import DirectoryInUse
from ledger.founding import check_contracts
from ledger.known_chain import check_chain
from ledger.service_keys import ServiceKeys
from ledger.settings import Connections, Settings, read_connections
from ledger.store.chain_entries import ChainEntries
from ledger.store.engine import Store
from ledger.store.manifest import Manifest, read_manifest
from ledger.store.opened import open_store

MakeNode = Callable[[Entries, Clock], EmbeddedNode]


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain as this process reaches it; only an embedded one is sealed here."""

    node: Node
    seal: Callable[[], bool] | None
    close: Callable[[], None]


def open_chain(settings: Settings, clock: Clock, *, make_node: MakeNode = EmbeddedNode) -> Chain:
    """The chain of a directory whose lock is ours."""
    connections = read_connections(settings.directory)
    if connections.rpc_url is not None:
        distant = HttpNode(connections.rpc_url)
        return Chain(distant, None, distant.close)
    entries = ChainEntries(settings.database)
    node = make_node(entries, clock)
    return Chain(node, node.seal, entries.close)


@dataclass(frozen=True, slots=True)
class Opened:
    """A directory for the machine's verbs: its tables, and its chain as it may be read."""

    store: Store
    node: Node
    manifest: Manifest
    connections: Connections

    @property
    def reader(self) -> Reader:
        """What reads our contracts on this chain."""
        return reader(self.node, self.manifest, self.connections)


@contextmanager
def opened(
    settings: Settings, *, accepts_fork: bool = False, keys: ServiceKeys | None = None
) -> Iterator[Opened]:
    """By the directory's lock, or by the `/rpc` of who holds it.

    With `accepts_fork` also where the chain is not the one that the directory knew; with the
    service's keys kept tables may be written.

    Raises DirectoryEmpty, DirectoryInUse, ContractsForeign, ChainUnavailable, ChainShorter,
    ChainForked, LedgerHalted.
    """
    require_made(settings.directory)
    mac_key = None if keys is None else keys.row_mac
    with closing(open_store(settings.directory, mac_key=mac_key)) as store:
        with store.reading_kept() as connection:
            manifest = read_manifest(connection)
        with asking(), node_of(settings) as node:
            found = Opened(store, node, manifest, read_connections(settings.directory))
            check_contracts(node, manifest)
            if not accepts_fork:
                check_chain(found.reader, store)
            yield found


@contextmanager
def node_of(settings: Settings) -> Iterator[Node]:
    """The chain of a directory, whose contracts nobody has looked at yet.

    Raises DirectoryInUse where its service does not say where it is.
    """
    if read_connections(settings.directory).rpc_url is not None:
        with closing(open_chain(settings, RealClock())) as chain:
            yield chain.node  # anybody may ask it, whoever serves the directory
        return
    try:
        lock = DirectoryLock(settings.directory)
    except DirectoryInUse:
        if (url := running_url(settings)) is None:
            raise
        with closing(HttpNode(f"{url}/rpc")) as served:
            yield served
        return
    try:
        with closing(open_chain(settings, RealClock())) as chain:
            yield chain.node
    finally:
        lock.release()


def reader(node: Node, manifest: Manifest, connections: Connections | None = None) -> Reader:
    """What reads our contracts on a chain, and recomputes what these connections say."""
    told = connections or Connections()
    checks = Checks(told.checks_header_hashes, told.checks_receipts_roots)
    addresses = [manifest.address_of(name) for name in CONTRACTS]
    depth = told.finality_depth
    return Reader(node, addresses=addresses, checks=checks, finality_depth=depth)


def running_url(settings: Settings) -> str | None:
    """The URL that a running service wrote into its directory, if it can be read."""
    match service_told(settings):
        case {"url": str(url)}:
            return url
    return None


def service_told(settings: Settings) -> Any:
    """What service.json says, {"url", "pid"} unless somebody else wrote it; None without one."""
    try:
        return json.loads(settings.service_file.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        return {}
