"""Keccak-256, the one hash of identifiers, typed data and addresses."""

from sha3 import keccak_256  # type: ignore[import-untyped] # it carries no types


def keccak256(data: bytes) -> bytes:
    """The 32-byte Keccak-256 digest (the pre-standard padding of Ethereum, not SHA3-256)."""
    digest: bytes = keccak_256(data).digest()
    return digest
