"""What a running ledger is told from outside: one place, handed down as values."""

from dataclasses import dataclass
from pathlib import Path


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
