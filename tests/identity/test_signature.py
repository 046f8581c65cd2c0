"""Signatures: only the canonical form of each is accepted (nasty inputs 21 to 26)."""

import pytest
from eth_keys import datatypes
from hypothesis import given
from hypothesis import strategies as st

from identity.errors import KeyMalformed, SignatureMalformed
from identity.keys import CURVE_ORDER, address_of
from identity.signature import recover_address, sign_digest
from identity.typed_data import Domain, digest, struct_hash

_KEY = bytes.fromhex("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318")
_ADDRESS = bytes.fromhex("2c7536e3605d9c16a7a3d7b1898e529396a65c23")
_DIGEST = bytes(range(32))
_SIGNED = sign_digest(_KEY, _DIGEST)
_FIELDS = (("account", "bytes32"), ("tonnes", "uint64"))


def _scalar(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _with_high_s(signature: bytes) -> bytes:
    s = CURVE_ORDER - int.from_bytes(signature[32:64])
    return signature[:32] + _scalar(s) + bytes((55 - signature[64],))


_MALFORMED = {
    "21 high-s twin": (_with_high_s(_SIGNED), "high_s"),
    "22 v = 0": (_SIGNED[:64] + b"\x00", "recovery_id"),
    "22 v = 1": (_SIGNED[:64] + b"\x01", "recovery_id"),
    "22 v = 29": (_SIGNED[:64] + b"\x1d", "recovery_id"),
    "22 v = 37": (_SIGNED[:64] + b"\x25", "recovery_id"),
    "23 r = 0": (_scalar(0) + _SIGNED[32:], "range"),
    "23 s = 0": (_SIGNED[:32] + _scalar(0) + _SIGNED[64:], "range"),
    "23 r = n": (_scalar(CURVE_ORDER) + _SIGNED[32:], "range"),
    "23 s = n": (_SIGNED[:32] + _scalar(CURVE_ORDER) + _SIGNED[64:], "range"),
    "23 r no point": (_scalar(5) + _SIGNED[32:], "range"),
    "23 r and s zero": (bytes(64) + b"\x1b", "range"),
    "23 all zero": (bytes(65), "recovery_id"),
    "23 64 bytes": (_SIGNED[:64], "length"),
    "23 66 bytes": (_SIGNED + b"\x00", "length"),
    "23 empty": (b"", "length"),
}


@pytest.mark.parametrize(("signature", "reason"), _MALFORMED.values(), ids=_MALFORMED)
def test_recover_refuses_with_reason_when_signature_is_malformed(
    signature: bytes, reason: str
) -> None:
    with pytest.raises(SignatureMalformed) as refusal:
        recover_address(_DIGEST, signature)
    assert (refusal.value.code, refusal.value.facts) == ("SignatureMalformed", {"reason": reason})


@given(st.integers(1, CURVE_ORDER - 1), st.binary(min_size=32, max_size=32))
def test_recover_gives_signer_when_digest_is_the_signed_one(secret: int, message: bytes) -> None:
    private_key = _scalar(secret)
    signature = sign_digest(private_key, message)
    assert recover_address(message, signature) == address_of(private_key)


@given(st.integers(1, CURVE_ORDER - 1), st.binary(min_size=32, max_size=32))
def test_sign_equals_other_library_when_key_and_digest_are_equal(
    secret: int, message: bytes
) -> None:
    other = datatypes.PrivateKey(_scalar(secret)).sign_msg_hash(message).to_bytes()
    assert sign_digest(_scalar(secret), message) == other[:64] + bytes((other[64] + 27,))


def test_recover_gives_another_address_when_message_is_one_byte_off() -> None:
    assert recover_address(_DIGEST, _SIGNED) == _ADDRESS
    assert recover_address(_DIGEST[:31] + b"\x00", _SIGNED) != _ADDRESS


@pytest.mark.parametrize(
    "other",
    [
        Domain("Quotas", "1", 2, bytes(20)),
        Domain("Quotas", "2", 1, bytes(20)),
        Domain("Emissions", "1", 1, bytes(20)),
        Domain("Quotas", "1", 1, bytes(19) + b"\x01"),
    ],
)
def test_recover_gives_another_address_when_domain_differs(other: Domain) -> None:
    hashed = struct_hash("Move", _FIELDS, {"account": bytes(32), "tonnes": 5})
    signature = sign_digest(_KEY, digest(Domain("Quotas", "1", 1, bytes(20)).separator, hashed))
    assert recover_address(digest(other.separator, hashed), signature) != _ADDRESS


@pytest.mark.parametrize(
    ("private_key", "reason"),
    [
        (_KEY[1:], "length"),
        (b"\x00" + _KEY, "length"),
        (bytes(32), "range"),
        (_scalar(CURVE_ORDER), "range"),
    ],
)
def test_sign_refuses_with_reason_when_key_is_malformed(private_key: bytes, reason: str) -> None:
    with pytest.raises(KeyMalformed) as refusal:
        sign_digest(private_key, _DIGEST)
    assert refusal.value.facts == {"reason": reason}
