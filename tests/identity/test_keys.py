"""Private keys: drawn from randomness, and their addresses."""

from collections.abc import Callable, Iterator

import pytest

from identity.errors import KeyMalformed
from identity.keys import CURVE_ORDER, address_of, generate_key


def _draws(*values: int) -> Callable[[int], bytes]:
    drawn: Iterator[int] = iter(values)
    return lambda size: next(drawn).to_bytes(size, "big")


def test_generate_gives_the_drawn_bytes_when_they_are_a_key() -> None:
    assert generate_key(_draws(1)) == bytes(31) + b"\x01"


def test_generate_draws_again_when_bytes_are_no_key() -> None:
    last_key = CURVE_ORDER - 1
    assert int.from_bytes(generate_key(_draws(0, CURVE_ORDER, last_key))) == last_key


def test_generate_refuses_when_randomness_is_dead() -> None:
    with pytest.raises(KeyMalformed) as refusal:
        generate_key(bytes)
    assert refusal.value.facts == {"reason": "range"}


def test_generate_gives_different_keys_when_asked_twice() -> None:
    assert generate_key() != generate_key()


def test_address_of_gives_the_known_address_when_key_is_one() -> None:
    assert address_of(bytes(31) + b"\x01").hex() == "7e5f4552091a69125d5dfcb7b8c2659029395bdf"


def test_address_of_refuses_when_key_is_short() -> None:
    with pytest.raises(KeyMalformed) as refusal:
        address_of(b"\x01")
    assert refusal.value.facts == {"reason": "length"}
