"""What a running ledger is told from outside: one place, handed down as values."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """How many requests each front answers: a second on average, and at once after a pause.

    A token's are for programs that hand in a park's acts; an address has them for everybody
    behind it who brings no token.
    """

    token_per_second: int = 2_000
    token_burst: int = 20_000
    address_per_second: int = 200
    address_burst: int = 4_000


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Settings:
    """A directory, and for demo directories the file that scripts its time."""

    directory: Path
    clock_file: Path | None = None

    @property
    def keys(self) -> Path:
        return self.directory / "keys"

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
