"""Keys held for others: sealed at rest, and only for the person they were made for."""

import pytest

from identity.errors import SealBroken
from identity.keys import address_of
from identity.signature import recover_address
from identity.signer import LocalSigner
from ledger.access.custody_keys import (
    custody_key_by_address,
    custody_keys,
    make_custody_key,
    signer_of,
)
from tests.ledger.played import ENTERPRISE_1, Opened

SEALING_KEY, OTHER_KEY = b"\x05" * 32, b"\x06" * 32
DIGEST = b"\x09" * 32


def _made(ledger: Opened, *, person: int = 1) -> dict[str, object]:
    with ledger.store.keeping() as connection:
        return make_custody_key(
            connection, ENTERPRISE_1, person=person, sealing_key=SEALING_KEY, now=1
        )


def test_sign_gives_the_keys_signature_when_the_row_is_as_it_was_written(copy: Opened) -> None:
    row = _made(copy)
    signer = signer_of(row, sealing_key=SEALING_KEY)
    assert signer.address == row["address"]
    assert recover_address(DIGEST, signer.sign(DIGEST)) == row["address"]


@pytest.mark.parametrize("changes", [{"person": 2}, {"participant": b"\x01" * 32}])
def test_open_key_is_refused_when_the_row_was_moved_to_another(
    copy: Opened, changes: dict[str, object]
) -> None:
    row = _made(copy) | changes
    with pytest.raises(SealBroken):
        signer_of(row, sealing_key=SEALING_KEY)


def test_open_key_is_refused_when_the_sealing_key_is_another(copy: Opened) -> None:
    with pytest.raises(SealBroken):
        signer_of(_made(copy), sealing_key=OTHER_KEY)


def test_find_keys_gives_the_newest_first_when_a_person_has_several(copy: Opened) -> None:
    first, second, _ = _made(copy), _made(copy), _made(copy, person=2)
    with copy.store.reading() as reading:
        held = custody_keys(reading, ENTERPRISE_1, person=1)
        assert custody_key_by_address(reading, bytes(20)) is None
    assert [row["address"] for row in held] == [second["address"], first["address"]]


def test_show_signer_hides_its_key_when_it_is_printed() -> None:
    key = b"\x07" * 32
    assert key.hex() not in repr(LocalSigner(key)) and "\\x07" not in repr(LocalSigner(key))
    assert LocalSigner(key).address == address_of(key)
