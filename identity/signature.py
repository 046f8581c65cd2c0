"""Canonical secp256k1 signatures: 65 bytes r ‖ s ‖ v, low s, v 27 or 28, nothing else.

A recovered address says who could have signed; whether it is a registered key, the contract
decides. Signature bytes are no identity of an act: the act id is (identity.typed_data).
"""

from functools import lru_cache

from coincurve import PrivateKey, PublicKey

from identity.errors import SignatureMalformed
from identity.keys import CURVE_ORDER, address_of_point, require_private_key

_HALF_ORDER = CURVE_ORDER // 2
_RECOVERY_OFFSET = 27


def sign_digest(private_key: bytes, digest: bytes) -> bytes:
    """The deterministic 65-byte signature of a 32-byte digest; raises KeyMalformed."""
    assert len(digest) == 32
    signed = _signer(private_key).sign_recoverable(digest, hasher=None)
    # Two of four recovery ids stand for an r beyond the order, which nobody can find.
    assert signed[64] < 2
    return signed[:64] + bytes((signed[64] + _RECOVERY_OFFSET,))


@lru_cache(maxsize=16)
def _signer(private_key: bytes) -> PrivateKey:
    """Making it costs as much as signing; a service signs with one key all day."""
    require_private_key(private_key)
    return PrivateKey(private_key)


def recover_address(digest: bytes, signature: bytes) -> bytes:
    """The 20-byte address whose key signed the 32-byte digest; raises SignatureMalformed."""
    assert len(digest) == 32
    _require_canonical(signature)
    recoverable = signature[:64] + bytes((signature[64] - _RECOVERY_OFFSET,))
    try:
        public_key = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except ValueError:
        # r is not the abscissa of a point, or the key would be the point at infinity.
        raise SignatureMalformed("range") from None
    return address_of_point(public_key)


def _require_canonical(signature: bytes) -> None:
    if len(signature) != 65:
        raise SignatureMalformed("length")
    if signature[64] not in (27, 28):
        raise SignatureMalformed("recovery_id")
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    if not (0 < r < CURVE_ORDER and 0 < s < CURVE_ORDER):
        raise SignatureMalformed("range")
    if s > _HALF_ORDER:
        raise SignatureMalformed("high_s")
