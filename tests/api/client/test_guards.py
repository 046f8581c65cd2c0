"""The guard that the client reads is the one that the next valid act of every type has."""

from typing import Any

import pytest

from api.client import Client
from ledger.chain.bindings import MESSAGES
from tests.api.world import World

GUARDS = ("follows", "nonce", "revision")
GUARDED = [
    name for name in MESSAGES if {field for field, _ in MESSAGES[name]["fields"]} & set(GUARDS)
]


def _without(message: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in GUARDS}


@pytest.mark.parametrize("message_type", GUARDED)
def test_complete_gives_the_next_guard_when_it_is_missing(
    world: World, reader: Client, message_type: str
) -> None:
    message = world.acts[message_type][0]
    (guard,) = [name for name in GUARDS if name in message]
    completed = reader.completed(message_type, _without(message))
    expected = message[guard]
    if message_type in ("Surrender", "Cancellation"):
        expected = 3  # the world's acts leave nonces to one another
    if guard == "follows" and set(str(expected)[2:]) == {"0"}:
        expected = None
    assert completed[guard] == expected


@pytest.mark.parametrize("message_type", GUARDED)
def test_complete_leaves_the_guard_when_it_is_given(reader: Client, message_type: str) -> None:
    given = dict.fromkeys(GUARDS, 99)
    assert reader.completed(message_type, given) == given | {
        "deadline": reader.completed(message_type, given)["deadline"]
    }


def test_submit_makes_another_act_when_the_same_is_wanted_again(held: World, mine: Client) -> None:
    """A loop that pays three times pays three times, though none is recorded yet."""
    held.park.hold()
    message = {"from": "88.111/ENT.0001", "to": "88.111/ENT.0002", "asset": "PARK-2023"}
    done = [mine.submit("Transfer", message | {"tonnes": 1}).id for _ in range(3)]
    assert len(set(done)) == 3
    held.park.release()
    assert [mine.wait(one)["state"] for one in done] == ["final"] * 3


def test_complete_counts_from_one_when_a_setting_was_never_made(reader: Client) -> None:
    cap = {"authority": "88/REG.310000", "asset": "PARK-2031"}
    assert reader.completed("Cap", cap)["revision"] == 1
    rule = {"instrument": "cea", "year": 2031}
    assert reader.completed("Rule", rule)["revision"] == 1
    assigned = {"verifier": "88/VER.0001", "enterprise": "88.111/ENT.0003"}
    assert reader.completed("Assignment", assigned)["revision"] == 1
    held = {"account": "88.111/ENT.0003", "asset": "CEA-2031"}
    assert reader.completed("Allocation", held)["revision"] == 1
    assert reader.completed("Transfer", {"from": "88.111/ENT.0003"} | held)["nonce"] == 1
