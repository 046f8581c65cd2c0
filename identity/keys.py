"""Private keys of secp256k1: made from randomness, checked, named by their address.

Their encrypted files are in identity.keystore, which is slow to import.
"""

import secrets
from collections.abc import Callable

from coincurve import PublicKey

from identity.errors import KeyMalformed
from identity.keccak import keccak256

CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # SEC 2 v2, 2.4.1
_DRAWS_MAX = 8  # a draw out of range has a chance of 2^-128


def generate_key(randomness: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
    """A fresh 32-byte private key; `randomness(32)` must give 32 unpredictable bytes."""
    for _ in range(_DRAWS_MAX):
        private_key = randomness(32)
        if 0 < int.from_bytes(private_key) < CURVE_ORDER:
            return private_key
    raise KeyMalformed("range")


def address_of(private_key: bytes) -> bytes:
    """The 20-byte address of a 32-byte private key; raises KeyMalformed."""
    require_private_key(private_key)
    return address_of_point(PublicKey.from_valid_secret(private_key))


def address_of_point(public_key: PublicKey) -> bytes:
    """The 20-byte address of a public key: the end of the hash of its point's 64 bytes."""
    return keccak256(public_key.format(compressed=False)[1:])[12:]


def require_private_key(private_key: bytes) -> None:
    """Raise KeyMalformed unless it is 32 bytes in [1, n): the library pads what is short."""
    if len(private_key) != 32:
        raise KeyMalformed("length")
    if not 0 < int.from_bytes(private_key) < CURVE_ORDER:
        raise KeyMalformed("range")
