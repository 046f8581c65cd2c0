"""The demo's directory: empty when it starts, or emptied because it was a demo's."""

import fcntl
import os
import shutil
from pathlib import Path

from scripts.park_year.refusals import DemoRefused
from scripts.park_year.secrets_file import is_demo


def prepare_directory(directory: Path, *, is_reset: bool) -> None:
    """Make it, empty; raises DemoRefused rather than remove what is not a demo's."""
    if directory.is_dir() and any(directory.iterdir()):
        if not is_reset:
            raise DemoRefused("DirectoryNotEmpty", path=str(directory))
        if not is_demo(directory):
            raise DemoRefused("DirectoryNotDemo", path=str(directory))
        _require_unused(directory)
        shutil.rmtree(directory.resolve())
    elif directory.exists() and not directory.is_dir():
        raise DemoRefused("DirectoryNotDemo", path=str(directory))
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def _require_unused(directory: Path) -> None:
    """A ledger that runs holds its lock; what it serves is not removed under it."""
    lock = directory / "lock"
    if not lock.exists():
        return
    descriptor = os.open(lock, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise DemoRefused("DirectoryInUse", path=str(directory)) from None
    finally:
        os.close(descriptor)
