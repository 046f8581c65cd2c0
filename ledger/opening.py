"""Opening a directory: its tables and its chain, wherever its connections say that they are."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ledger.chain.bindings import CONTRACTS
from ledger.chain.embedded import Entries
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.http_node import HttpNode
from ledger.chain.node import Node, NodeUnreachable
from ledger.chain.reader import ChainLies, Checks, Reader
from ledger.clock import Clock, RealClock
from ledger.directory import DirectoryLock, require_made
from ledger.errors import ChainUnavailable, DirectoryInUse, LedgerHalted
from ledger.founding import check_contracts
from ledger.known_chain import check_chain
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
def opened(settings: Settings, *, accepts_fork: bool = False) -> Iterator[Opened]:
    """By the directory's lock, or by the `/rpc` of who holds it.

    With `accepts_fork` also where the chain is not the one that the directory knew.

    Raises DirectoryEmpty, DirectoryInUse, ContractsForeign, ChainUnavailable, ChainShorter,
    ChainForked, LedgerHalted.
    """
    require_made(settings.directory)
    store = open_store(settings.directory)
    with store.keeping() as connection:
        manifest = read_manifest(connection)
    try:
        with node_of(settings) as node:
            found = Opened(store, node, manifest, read_connections(settings.directory))
            check_contracts(node, manifest)
            if not accepts_fork:
                check_chain(found.reader, store)
            yield found
    except ChainLies as lie:
        raise LedgerHalted(lie.reason, lie.block) from lie
    except NodeUnreachable as error:
        raise ChainUnavailable(str(error)) from error
    finally:
        store.close()


@contextmanager
def node_of(settings: Settings) -> Iterator[Node]:
    """The chain of a directory, whose contracts nobody has looked at yet.

    Raises DirectoryInUse where its service does not say where it is.
    """
    connections = read_connections(settings.directory)
    if connections.rpc_url is not None:  # anybody may ask it, whoever serves the directory
        yield HttpNode(connections.rpc_url)
        return
    try:
        lock = DirectoryLock(settings.directory)
    except DirectoryInUse:
        if (url := running_url(settings)) is None:
            raise
        yield HttpNode(f"{url}/rpc")
        return
    chain = open_chain(settings, RealClock())
    try:
        yield chain.node
    finally:
        chain.close()
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
