"""Where state lies: one word per thing, laid out as the specification says."""

import pytest
from eth_utils.crypto import keccak

from ledger.chain.bindings import INSTRUMENTS, KINDS, STAGES
from tests.contracts.acts import act_id, address_of
from tests.contracts.builders import ASSET, PERIOD, TONNES, YEAR, build, confirm, quota
from tests.contracts.world import FOREVER, World, key_named

# OpenZeppelin's EIP712 keeps two unused slots before those of ours.
FIRST_SLOT = 2


def _place(slot: int, *keys: bytes | int) -> bytes:
    """Where a mapping keeps the word of these keys."""
    place = (FIRST_SLOT + slot).to_bytes(32)
    for key in keys:
        word = key.to_bytes(32) if isinstance(key, int) else key.rjust(32, b"\0")
        place = keccak(word + place)
    return place


def _packed(*fields: tuple[int, int]) -> int:
    """A word of (value, bits), the first in the lowest bits."""
    word = shift = 0
    for value, bits in fields:
        assert value < 1 << bits
        word |= value << shift
        shift += bits
    return word


def _word(world: World, contract: str, place: bytes) -> int:
    return world.evm.slot(world.contracts[contract], place)


def _top(identifier: bytes, size: int) -> int:
    return int.from_bytes(identifier[:size])


def test_keep_entry_packs_one_word_when_registered(world: World) -> None:
    enterprise = world.ids["ENTERPRISE1"]
    owner = (_top(world.ids["PARK"], 28), 224)
    expected = _packed(owner, (KINDS["ENTERPRISE"], 8), (71, 8), (1, 16))
    assert _word(world, "Identifiers", _place(0, enterprise)) == expected


def test_keep_record_revision_has_own_word_when_record_changed(world: World) -> None:
    world.act("RecordChange", build(world, "RecordChange"), key="ENTERPRISE1")
    place = _place(1, world.ids["FACILITY1"])
    assert _word(world, "Identifiers", place) == 1


def test_keep_key_packs_one_word_when_added(world: World) -> None:
    start, now = world.evm.next_time + 50, world.evm.next_time
    message = build(world, "KeyAddition", validFrom=start)
    world.keys["ADDED"] = key_named("added")
    added = address_of(world.keys["ADDED"])
    world.act("KeyAddition", message, key="ENTERPRISE1")
    ending = {"endedKey": added, "isCompromised": True, "time": now}
    world.act("KeyEnding", build(world, "KeyEnding", **ending), key="ENTERPRISE1")
    place = _place(2, world.ids["ENTERPRISE1"], added)
    times = (start, 48), (FOREVER, 48), (now, 48)
    expected = _packed(*times, (1, 32), (message["rights"], 16), (0, 8))
    assert _word(world, "Identifiers", place) == expected


def test_keep_accreditation_packs_one_word_when_accredited(world: World) -> None:
    message = build(world, "Accreditation")
    world.act("Accreditation", message, key="REGULATOR")
    expected = _packed((1, 48), (FOREVER, 48), (message["sectors"], 64), (2, 16))
    assert _word(world, "Identifiers", _place(3, world.ids["VERIFIER"])) == expected


def test_keep_relation_packs_one_word_when_assigned_and_tied(world: World) -> None:
    world.act("Tie", build(world, "Tie", ties=2), key="VERIFIER")
    expected = _packed((2020, 16), (2030, 16), (1, 64), (2, 8), (1, 16))
    place = _place(4, world.ids["VERIFIER"], world.ids["ENTERPRISE1"])
    assert _word(world, "Identifiers", place) == expected


def test_keep_head_packs_act_and_stage_when_reported(world: World) -> None:
    message = build(world, "Report")
    world.act("Report", message, key="ENTERPRISE1")
    act = _top(act_id("Report", message), 31)
    expected = _packed((act, 248), (STAGES["REPORTED"], 8))
    place = _place(0, world.ids["FACILITY1"], PERIOD)
    assert _word(world, "Emissions", place) == expected


def test_keep_holding_packs_one_word_when_moved(world: World) -> None:
    quota(world, strict=False)
    world.act("Surrender", build(world, "Surrender", nonce=3), key="ENTERPRISE1")
    buckets = [(tonnes, 40) for tonnes in (950, 0, 0, 0, 50)]
    expected = _packed(*buckets, (1, 16), (3, 24), (1, 16))
    assert _word(world, "Quotas", _place(0, world.ids["ENTERPRISE1"], ASSET)) == expected


def test_keep_supply_packs_one_word_when_issued(world: World) -> None:
    quota(world)
    expected = _packed((10_000, 64), (1_000, 64), (1, 16))
    assert _word(world, "Quotas", _place(1, ASSET)) == expected


def test_keep_obligation_packs_one_word_when_surrendered(world: World) -> None:
    quota(world)
    confirm(world)
    rule = {"sharePermyriad": 9_999, "revision": 2}
    world.act("Rule", build(world, "Rule", **rule), key="ISSUER")
    world.act("Surrender", build(world, "Surrender"), key="ENTERPRISE1")
    expected = _packed((TONNES, 48), (50, 48), (50, 48), (1, 16))
    assert _word(world, "Quotas", _place(2, world.ids["ENTERPRISE1"], YEAR)) == expected


@pytest.mark.parametrize("is_strict", [False, True])
def test_keep_rule_packs_one_word_when_set(world: World, is_strict: bool) -> None:
    message = build(world, "Rule", firstVintage=2020, isStrict=is_strict, sharePermyriad=500)
    world.act("Rule", message, key="ISSUER")
    years = (2020, 16), (YEAR, 16)
    rest = (500, 16), (int(is_strict), 8), (message["surrenderBy"], 48), (1, 16)
    place = _place(3, INSTRUMENTS["PARK"], YEAR)
    assert _word(world, "Quotas", place) == _packed(*years, *rest)
