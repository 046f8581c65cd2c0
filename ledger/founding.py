"""How a ledger begins: contracts on a fresh chain, and the manifest that names them."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from identity.identifier import parse_identifier
from identity.keys import address_of, generate_key
from ledger.chain.bindings import CONTRACTS
from ledger.chain.deploy import Founding, code_hash, creation_hash, deploy
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.http_node import HttpNode
from ledger.chain.node import Node, NodeError
from ledger.chain.probe import found_checks, require_rules
from ledger.chain.reader import Reader, asking
from ledger.chain.sender import Sender
from ledger.clock import Clock
from ledger.directory import require_empty, service_name
from ledger.errors import (
    ContractsForeign,
    DeploymentRefused,
    DirectoryEmpty,
    DirectoryNotEmpty,
    SchemaForeign,
)
from ledger.mirror.follower import Mirror
from ledger.service_keys import ServiceKeys
from ledger.settings import Connections, Settings, read_connections, write_connections
from ledger.store.chain_entries import ChainEntries
from ledger.store.engine import Store
from ledger.store.manifest import Manifest, read_manifest, write_manifest
from ledger.store.opened import open_store

SCHEMA = "0001"  # of the kept tables: the newest revision of ledger/migrations


@dataclass(frozen=True, slots=True)
class FoundingPlan:
    """What `init` is told: the root, its founders' addresses, the recovery delay, demo or not."""

    root: str
    founders: tuple[bytes, ...]
    recovery_delay_seconds: int
    is_demo: bool


def found(
    directory: Path,
    plan: FoundingPlan,
    *,
    keys: ServiceKeys,
    clock: Clock,
    connections: Connections | None = None,
) -> Manifest:
    """Deploy the contracts and write the manifest, which comes last.

    Into a fresh embedded chain, or the one that these connections name. Raises ChainUnavailable,
    ChainRulesOld, DeploymentRefused.
    """
    require_empty(directory)
    wanted = connections or Connections()
    if wanted != Connections():
        write_connections(directory, wanted)
    with closing(open_store(directory, mac_key=keys.row_mac)) as store:
        store.prepare()
        migrate(store)
        _require_unmade(directory, store)
        manifest = _found(directory, store, plan, keys=keys, clock=clock)
        with store.keeping() as connection:
            write_manifest(connection, manifest)
    return manifest


def _found(
    directory: Path, store: Store, plan: FoundingPlan, *, keys: ServiceKeys, clock: Clock
) -> Manifest:
    """The contracts on their chain, and a first mirror of it."""
    wanted = read_connections(directory)
    with _founding_chain(directory, wanted, clock) as (node, seal):
        manifest = _deployed(node, seal, plan, keys)
        if wanted.rpc_url is not None:
            headers, receipts = found_checks(node)
            checked = replace(wanted, checks_header_hashes=headers, checks_receipts_roots=receipts)
            write_connections(directory, checked)
        addresses = [manifest.address_of(name) for name in CONTRACTS]
        reader = Reader(node, addresses=addresses, finality_depth=wanted.finality_depth)
        mirror = Mirror(store.mirror_writer(1), reader, manifest)
        mirror.follow()
        mirror.close()
    return manifest


def _require_unmade(directory: Path, store: Store) -> None:
    """Raises DirectoryNotEmpty where the database elsewhere holds a ledger already."""
    with store.reading_kept() as connection, suppress(DirectoryEmpty):
        read_manifest(connection)
        Settings(directory).connections_file.unlink()
        raise DirectoryNotEmpty("the database")


@contextmanager
def _founding_chain(
    directory: Path, connections: Connections, clock: Clock
) -> Iterator[tuple[Node, Callable[[], bool]]]:
    if connections.rpc_url is None:
        entries = ChainEntries(Settings(directory).database)
        embedded = EmbeddedNode(entries, clock)
        with closing(entries):
            yield embedded, embedded.seal
        return
    distant = HttpNode(connections.rpc_url)
    try:
        with closing(distant), asking():
            require_rules(distant)
            yield distant, lambda: False
    except NodeError as error:
        raise DeploymentRefused(str(error)) from error


def _deployed(
    node: Node, seal: Callable[[], bool], plan: FoundingPlan, keys: ServiceKeys
) -> Manifest:
    # A fresh deployer each time: with a fixed one, installations would share addresses and
    # thereby an EIP-712 domain, and acts could be replayed between them.
    chain_id = int(node.request("eth_chainId", []), 16)
    deployer = Sender(node, private_key=generate_key(), chain_id=chain_id)
    founding = Founding(
        root_label=plan.root,
        founders=plan.founders,
        recovery_delay_seconds=plan.recovery_delay_seconds,
        module=parse_identifier(f"{plan.root}/EMISSIONS").hash,
    )
    deployed = deploy(node, deployer, founding=founding, progress=seal)
    genesis = Reader(node, addresses=[]).block(0)
    return Manifest(
        chain_id=chain_id,
        genesis=genesis.hash,
        identifiers=deployed["Identifiers"].address,
        identifiers_code_hash=deployed["Identifiers"].code_hash,
        emissions=deployed["Emissions"].address,
        emissions_code_hash=deployed["Emissions"].code_hash,
        quotas=deployed["Quotas"].address,
        quotas_code_hash=deployed["Quotas"].code_hash,
        creation_hash=creation_hash(),
        root=parse_identifier(plan.root).hash,
        service=parse_identifier(service_name(plan.root)).hash,
        service_key=address_of(keys.service),
        is_demo=plan.is_demo,
    )


def migrate(store: Store) -> None:
    """Bring the kept tables to this version's shape."""
    # Imported here: only `init` migrates, and alembic takes half a second to load.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with store.keeping() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_contracts(node: Node, manifest: Manifest) -> None:
    """Raises ContractsForeign for another version's contracts, or code the manifest denies."""
    if manifest.creation_hash != creation_hash():
        raise ContractsForeign("all", creation_hash(), manifest.creation_hash)
    for name in CONTRACTS:
        expected = getattr(manifest, f"{name.lower()}_code_hash")
        found_hash = code_hash(node, manifest.address_of(name))
        if found_hash != expected:
            raise ContractsForeign(name, expected, found_hash)


def check_schema(store: Store) -> None:
    """Raises SchemaForeign where kept tables have not this version's shape."""
    with store.reading_kept() as connection:
        found_revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        revision = str(found_revision.scalar())
    if revision != SCHEMA:
        raise SchemaForeign(SCHEMA, revision)
