"""Signatures made wrong in every way that one can be, and what a verifier makes of each."""

import random
from collections.abc import Iterator

from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # SEC 2, 2.4.1
RECOVERY_IDS = (0, 1, 2, 26, 29, 30, 35, 128, 255)
LENGTHS = (1, 32, 64, 66, 130)


def spoiled(signature: bytes, *, flips: int, source: random.Random) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every wrong twin of a signature, `flips` of them with one other bit."""
    rs, v = signature[:64], signature[64]
    s = int.from_bytes(rs[32:])
    yield "high s", rs[:32] + (ORDER - s).to_bytes(32) + bytes([55 - v])
    yield "other parity", rs + bytes([55 - v])
    for recovery_id in RECOVERY_IDS:
        yield f"v {recovery_id}", rs + bytes([recovery_id])
    for length in LENGTHS:
        yield f"{length} bytes", (signature * 2)[:length]
    for name, r_or_s in (("r is 0", 0), ("s is 0", 32)):
        yield name, rs[:r_or_s] + bytes(32) + signature[r_or_s + 32 :]
    yield "r is the order", ORDER.to_bytes(32) + signature[32:]
    for bit in sorted(source.sample(range(512), flips)):
        yield f"bit {bit}", flipped(rs, bit) + bytes([v])


def flipped(value: bytes, bit: int) -> bytes:
    """The bytes with one bit, counted from the lowest, the other way."""
    return (int.from_bytes(value) ^ (1 << bit)).to_bytes(len(value))


def fault(signature: bytes) -> str:
    """What keeps a signature from being canonical: length, v, s; "" for nothing."""
    if len(signature) != 65:
        return "length"
    if int.from_bytes(signature[32:64]) > ORDER // 2:
        return "s"
    return "" if signature[64] in (27, 28) else "v"


def signer(digest: bytes, signature: bytes) -> bytes | None:
    """The 20-byte address that a canonical signature is from; None for nobody's."""
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    try:
        key = Signature(vrs=(signature[64] - 27, r, s)).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError, ValueError):
        return None
    return key.to_canonical_address()
