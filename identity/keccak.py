"""Keccak-256, the one hash of identifiers, typed data and addresses."""

from eth_hash.auto import keccak as _keccak


def keccak256(data: bytes) -> bytes:
    """The 32-byte Keccak-256 digest (the pre-standard padding of Ethereum, not SHA3-256)."""
    return _keccak(data)
