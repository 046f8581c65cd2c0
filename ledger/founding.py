"""How a ledger begins: contracts on a fresh chain, and the manifest that names them."""

from dataclasses import dataclass
from pathlib import Path

from identity.identifier import parse_identifier
from identity.keys import address_of, generate_key
from ledger.chain.bindings import CONTRACTS
from ledger.chain.deploy import Founding, code_hash, creation_hash, deploy
from ledger.chain.embedded import CHAIN_ID
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.node import Node
from ledger.chain.reader import Reader
from ledger.chain.sender import Sender
from ledger.clock import Clock
from ledger.directory import require_empty, service_name
from ledger.errors import ContractsForeign, SchemaForeign
from ledger.mirror.follower import MirrorFile
from ledger.service_keys import ServiceKeys
from ledger.store.chain_entries import ChainEntries
from ledger.store.engine import Store
from ledger.store.manifest import Manifest, write_manifest

SCHEMA = "0001"  # of the kept tables: the newest revision of ledger/migrations


@dataclass(frozen=True, slots=True)
class FoundingPlan:
    """What `init` is told: the root, its founders' addresses, the recovery delay, demo or not."""

    root: str
    founders: tuple[bytes, ...]
    recovery_delay_seconds: int
    is_demo: bool


def found(directory: Path, plan: FoundingPlan, *, keys: ServiceKeys, clock: Clock) -> Manifest:
    """Deploy the contracts into a fresh chain and write the manifest, which comes last."""
    require_empty(directory)
    store = Store(directory)
    store.use_write_ahead_log()
    migrate(store)
    entries = ChainEntries(store.path)
    node = EmbeddedNode(entries, clock)
    manifest = _deployed(node, plan, keys)
    names = [manifest.address_of(name) for name in CONTRACTS]
    mirror = MirrorFile(store.mirror_path(1), Reader(node, addresses=names), manifest)
    mirror.follow()
    mirror.close()
    with store.keeping() as connection:
        write_manifest(connection, manifest)
    entries.close()
    store.close()
    return manifest


def _deployed(node: EmbeddedNode, plan: FoundingPlan, keys: ServiceKeys) -> Manifest:
    # A fresh deployer each time: with a fixed one, installations would share addresses and
    # thereby an EIP-712 domain, and acts could be replayed between them.
    deployer = Sender(node, private_key=generate_key(), chain_id=CHAIN_ID)
    founding = Founding(
        root_label=plan.root,
        founders=plan.founders,
        recovery_delay_seconds=plan.recovery_delay_seconds,
        module=parse_identifier(f"{plan.root}/EMISSIONS").hash,
    )
    deployed = deploy(node, deployer, founding=founding, progress=node.seal)
    genesis = Reader(node, addresses=[]).block(0)
    return Manifest(
        chain_id=CHAIN_ID,
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
    with store.keeping() as connection:
        found_revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        revision = str(found_revision.scalar())
    if revision != SCHEMA:
        raise SchemaForeign(SCHEMA, revision)
