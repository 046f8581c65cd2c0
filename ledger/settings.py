"""What a running ledger is told from outside: one place, handed down as values."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ledger.errors import ConnectionsMalformed


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests each front answers: a second on average, and at once after a pause.

    A participant's are for all its tokens; an act counts as several (api/limits.py). An address
    has them for everybody behind it who brings no token.
    """

    participant_per_second: int = 50
    participant_burst: int = 500
    address_per_second: int = 200
    address_burst: int = 4_000


DEFAULT_LIMITS = Limits()
_BURST_SECONDS = 10  # of a participant's requests that may come at once


def limits_of(requests_per_second: int) -> Limits:
    """The limits of a service that answers each participant so much."""
    return Limits(
        participant_per_second=requests_per_second,
        participant_burst=requests_per_second * _BURST_SECONDS,
    )


@dataclass(frozen=True, slots=True)
class Connections:
    """Where chain and tables are: in the directory unless an URL says otherwise.

    A block is final when `finality_depth` blocks stand on it. What of a node's answers is
    recomputed was found out when the ledger was made, so that no node can talk itself out of it.
    """

    rpc_url: str | None = None
    database_url: str | None = None
    finality_depth: int = 0
    checks_header_hashes: bool = False
    checks_receipts_roots: bool = False


def write_connections(directory: Path, connections: Connections) -> None:
    """Once, when the ledger is made; 0600, since URLs may hold passwords."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    descriptor = os.open(Settings(directory).connections_file, flags, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(connections), file, indent=2)


def read_connections(directory: Path) -> Connections:
    """Those of this directory; raises ConnectionsMalformed for a file that says something else."""
    try:
        content = Settings(directory).connections_file.read_text("utf-8")
    except FileNotFoundError:
        return Connections()
    told = _object(content)
    usual = asdict(Connections())
    for name, value in told.items():
        kinds = (str, type(None)) if name.endswith("_url") else (type(usual.get(name)),)
        if name not in usual or type(value) not in kinds:
            raise ConnectionsMalformed(name)
    return Connections(**told)


def _object(content: str) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except ValueError as error:
        raise ConnectionsMalformed(str(error)) from error
    if not isinstance(told, dict):
        raise ConnectionsMalformed("not an object")
    return told


@dataclass(frozen=True, slots=True)
class Settings:
    """A directory, and for demo directories the file that scripts its time."""

    directory: Path
    clock_file: Path | None = None

    @property
    def keys(self) -> Path:
        return self.directory / "keys"

    @property
    def database(self) -> Path:
        """The SQLite file of the kept tables and, with it, of an embedded chain."""
        return self.directory / "ledger.db"

    @property
    def connections_file(self) -> Path:
        """Where a ledger's chain and tables are, if not in the directory."""
        return self.directory / "connections.json"

    @property
    def service_file(self) -> Path:
        """Where a running service says its URL and process id."""
        return self.directory / "service.json"

    @property
    def passphrase_file(self) -> Path:
        """A demo's passphrase; others type theirs or name a file."""
        return self.keys / "passphrase"

    @property
    def restoring(self) -> Path:
        """Where a restore works until the directory is whole."""
        return self.directory / "restoring"
