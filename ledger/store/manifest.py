"""Kept table: what this directory is - its chain, its contracts, its service, its mirror."""

from dataclasses import asdict, dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Integer,
    Table,
    insert,
    select,
    update,
)

from ledger.errors import DirectoryEmpty
from ledger.store.columns import ADDRESS, BYTES32
from ledger.store.metadata import KEPT
from ledger.store.rows import first_row

manifest_table = Table(
    "manifest",
    KEPT,
    Column("row", Integer, CheckConstraint('"row" = 1'), primary_key=True),
    Column("chain_id", BigInteger, nullable=False),
    Column("genesis", BYTES32, nullable=False),
    Column("identifiers", ADDRESS, nullable=False),
    Column("identifiers_code_hash", BYTES32, nullable=False),
    Column("emissions", ADDRESS, nullable=False),
    Column("emissions_code_hash", BYTES32, nullable=False),
    Column("quotas", ADDRESS, nullable=False),
    Column("quotas_code_hash", BYTES32, nullable=False),
    Column("creation_hash", BYTES32, nullable=False),  # of the contracts' creation code
    Column("root", BYTES32, nullable=False),
    Column("service", BYTES32, nullable=False),
    Column("service_key", ADDRESS, nullable=False),
    Column("is_demo", Boolean, nullable=False),
    Column("mirror_generation", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Manifest:
    """The chain and contracts that the rows of this directory speak of."""

    chain_id: int
    genesis: bytes
    identifiers: bytes
    identifiers_code_hash: bytes
    emissions: bytes
    emissions_code_hash: bytes
    quotas: bytes
    quotas_code_hash: bytes
    creation_hash: bytes
    root: bytes
    service: bytes
    service_key: bytes
    is_demo: bool

    def address_of(self, contract: str) -> bytes:
        """The address of `Identifiers`, `Emissions` or `Quotas`."""
        address: bytes = getattr(self, contract.lower())
        return address


def write_manifest(connection: Connection, manifest: Manifest) -> None:
    """Once, at the end of `init`: with it the directory counts as made."""
    first = {"row": 1, "mirror_generation": 1}
    connection.execute(insert(manifest_table).values(**first, **asdict(manifest)))


def read_manifest(connection: Connection) -> Manifest:
    """The manifest of this directory; raises DirectoryEmpty before `init` is through."""
    names = Manifest.__dataclass_fields__
    row = first_row(connection, select(*(manifest_table.c[name] for name in names)))
    if row is None:
        raise DirectoryEmpty()
    return Manifest(**row)


def tell_generation(connection: Connection, generation: int) -> None:
    """Write down which mirror is served."""
    connection.execute(update(manifest_table).values(mirror_generation=generation))
