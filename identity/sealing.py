"""Secrets at rest: AES-256-GCM under a random nonce, bound to the place they belong to.

And keys made of another key, each for a purpose of its own.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from identity.errors import SealBroken

_KEY_BYTES = 32
_NONCE_BYTES = 12  # random: below 2^32 sealings a key (NIST SP 800-38D, 2007, clause 8.3)
_TAG_BYTES = 16


def seal(key: bytes, plaintext: bytes, *, context: bytes) -> bytes:
    """Nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes), opened only with the same context.

    `key` is 32 secret bytes, `context` says where the secret belongs (never secret itself).
    """
    assert len(key) == _KEY_BYTES
    # Drawn here and not handed in: a nonce used twice gives the key away.
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def open_sealed(key: bytes, sealed: bytes, *, context: bytes) -> bytes:
    """The plaintext `seal` was given with this key and context; raises SealBroken."""
    assert len(key) == _KEY_BYTES
    if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
        raise SealBroken
    nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, context)
    except InvalidTag:
        raise SealBroken from None


def derive_key(key: bytes, *, purpose: bytes) -> bytes:
    """32 bytes for this purpose, which tell nothing of `key` (32 random bytes) or of others."""
    assert len(key) == _KEY_BYTES
    # Expanded alone: the key is uniformly random already (RFC 5869, 2010, section 3.3).
    return HKDFExpand(algorithm=SHA256(), length=_KEY_BYTES, info=purpose).derive(key)
