"""A ledger's directory: owned by one process at a time, made or still empty."""

import fcntl
import os
from pathlib import Path

from ledger.errors import DirectoryEmpty, DirectoryInUse, DirectoryNotEmpty, RestoreUnfinished
from ledger.settings import Settings


def service_name(root: str) -> str:
    """The identifier of the service that this directory is, registered or not yet."""
    return f"{root}/SVC.0001"


class DirectoryLock:
    """One process owns a directory; the lock ends with the process, however it ends."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise DirectoryInUse(str(directory)) from None

    def release(self) -> None:
        os.close(self._descriptor)


def require_empty(directory: Path) -> None:
    """Raises DirectoryNotEmpty, RestoreUnfinished; lock and service keys may be there already."""
    if _is_begun(directory):
        raise DirectoryNotEmpty(str(directory))
    _require_no_restore(directory)


def require_made(directory: Path) -> None:
    """Raises DirectoryEmpty where `init` never ran, RestoreUnfinished where a restore broke off."""
    if _is_begun(directory):
        return
    _require_no_restore(directory)
    raise DirectoryEmpty


def _is_begun(directory: Path) -> bool:
    settings = Settings(directory)
    return settings.database.exists() or settings.connections_file.exists()


def _require_no_restore(directory: Path) -> None:
    if Settings(directory).restoring.exists():
        raise RestoreUnfinished(str(directory))
