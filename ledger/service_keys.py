"""The service's own keys in a directory: courier, service, and the key that seals salt seeds.

Files are encrypted with one passphrase; the directory is 0700, its files 0600.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from identity.keys import generate_key
from identity.keystore import read_keystore, write_keystore
from identity.sealing import derive_key

KEY_NAMES = ("service", "courier", "sealing")


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    """Three 32-byte keys; never logged, never sent."""

    service: bytes
    courier: bytes
    sealing: bytes

    def __repr__(self) -> str:
        return "ServiceKeys(...)"

    @property
    def row_mac(self) -> bytes:
        """The 32-byte key of the MACs of kept rows; another purpose, so another key."""
        return derive_key(self.sealing, purpose=b"carbonledger row mac")


def make_service_keys(directory: Path, *, passphrase: str) -> ServiceKeys:
    """Fresh keys, written encrypted."""
    directory.mkdir(mode=0o700, exist_ok=True)
    made = {name: generate_key() for name in KEY_NAMES}
    for name, key in made.items():
        write_keystore(directory / f"{name}.json", key, passphrase=passphrase)
    return ServiceKeys(**made)


def read_service_keys(directory: Path, *, passphrase: str) -> ServiceKeys:
    """The keys of this directory; raises KeystoreUnreadable."""
    return ServiceKeys(
        **{
            name: read_keystore(directory / f"{name}.json", passphrase=passphrase)
            for name in KEY_NAMES
        }
    )


def make_passphrase_file(path: Path) -> str:
    """A fresh passphrase in a file of its own (0600), for demo directories."""
    passphrase = secrets.token_urlsafe(24)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(passphrase)
    return passphrase
