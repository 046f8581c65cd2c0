"""Sealed secrets open with their own key in their own place, whole or not at all."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.errors import SealBroken
from identity.sealing import derive_key, open_sealed, seal

_KEY = bytes(range(32))


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_open_gives_the_plaintext_when_key_and_context_are_right(
    plaintext: bytes, context: bytes
) -> None:
    assert open_sealed(_KEY, seal(_KEY, plaintext, context=context), context=context) == plaintext


def test_seal_gives_other_bytes_when_done_twice() -> None:
    assert seal(_KEY, b"seed", context=b"a") != seal(_KEY, b"seed", context=b"a")


def test_open_refuses_when_any_bit_was_changed() -> None:
    sealed = bytearray(seal(_KEY, b"seed", context=b"a"))
    for position in range(len(sealed)):
        sealed[position] ^= 1
        with pytest.raises(SealBroken):
            open_sealed(_KEY, bytes(sealed), context=b"a")
        sealed[position] ^= 1


@pytest.mark.parametrize(("key", "context"), [(bytes(32), b"a"), (_KEY, b"b"), (_KEY, b"")])
def test_open_refuses_when_key_or_context_is_another(key: bytes, context: bytes) -> None:
    with pytest.raises(SealBroken) as refusal:
        open_sealed(key, seal(_KEY, b"seed", context=b"a"), context=context)
    assert (refusal.value.code, refusal.value.facts) == ("SealBroken", {})


@pytest.mark.parametrize("size", [0, 11, 27, 28])
def test_open_refuses_when_sealed_bytes_are_cut_off(size: int) -> None:
    with pytest.raises(SealBroken):
        open_sealed(_KEY, seal(_KEY, b"seed", context=b"a")[:size], context=b"a")


def test_derive_key_gives_what_the_norm_says_when_it_is_computed_by_hand() -> None:
    # RFC 5869, 2010, section 2.3: the first block is enough for 32 bytes.
    by_hand = hmac.digest(_KEY, b"rows" + b"\x01", "sha256")
    assert derive_key(_KEY, purpose=b"rows") == by_hand


def test_derive_key_gives_another_when_purpose_or_key_is_another() -> None:
    keys = {
        derive_key(key, purpose=purpose) for key in (_KEY, bytes(32)) for purpose in (b"a", b"b")
    }
    assert len(keys) == 4
