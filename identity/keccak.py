"""Keccak-256, the one hash of identifiers, typed data and addresses."""

import os

from sha3 import keccak_256  # type: ignore[import-untyped] # it carries no types

# eth-hash, with which the libraries of tries and of the EVM hash, takes another one if not told.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")


def keccak256(data: bytes) -> bytes:
    """The 32-byte Keccak-256 digest (the pre-standard padding of Ethereum, not SHA3-256)."""
    digest: bytes = keccak_256(data).digest()
    return digest
