"""Whatever is done with quota, all buckets sum up to what is issued, and spent never falls."""

import random
from typing import Any

import pytest

from tests.contracts.builders import ASSET, SIGNERS, build, quota
from tests.contracts.evm import Reverted
from tests.contracts.world import World

ACCOUNTS = ("ENTERPRISE1", "ENTERPRISE2", "PARK")
STEPS = 25


def _random_act(world: World, source: random.Random) -> tuple[str, dict[str, Any], str]:
    """An act on random accounts with an amount around what they hold: many are refused."""
    account, other = source.sample(ACCOUNTS, 2)
    holding = world.view("Quotas", "holdingOf", world.ids[account], ASSET)
    tonnes = source.choice([1, holding[0] // 2, holding[0], holding[0] + 1])
    nonce, revision = holding[6] + source.randint(-1, 3), holding[5] + 1
    kind = source.choice(["Allocation", "Transfer", "Surrender", "Cancellation"])
    changes: dict[str, Any] = {"account": world.ids[account], "nonce": max(nonce, 0)}
    if kind == "Allocation":
        sign = source.choice([1, 1, -1])
        changes = {"account": world.ids[account], "revision": revision, "tonnes": sign * tonnes}
    elif kind == "Transfer":
        changes = {"from": world.ids[account], "to": world.ids[other], "nonce": max(nonce, 0)}
    key = SIGNERS[kind] if kind == "Allocation" else account
    return kind, build(world, kind, **({"tonnes": tonnes} | changes)), key


def _holdings(world: World) -> list[tuple[int, ...]]:
    return [world.view("Quotas", "holdingOf", world.ids[name], ASSET) for name in ACCOUNTS]


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_move_quota_conserves_it_when_acts_are_random(world: World, seed: int) -> None:
    quota(world, strict=False)
    source, made, spent = random.Random(seed), 0, [0, 0, 0]
    for _ in range(STEPS):
        kind, message, key = _random_act(world, source)
        try:
            world.act(kind, message, key=key)
        except Reverted:
            continue
        made += 1
        holdings = _holdings(world)
        cap, issued, _ = world.view("Quotas", "supplyOf", ASSET)
        assert sum(sum(holding[:5]) for holding in holdings) == issued <= cap
        assert all(now[4] >= before for now, before in zip(holdings, spent, strict=True))
        spent = [holding[4] for holding in holdings]
    assert 5 <= made < STEPS
