"""Reorganisations and rollbacks: after each the mirror is what the chain says, nothing is lost."""

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from identity.keys import generate_key
from ledger.chain.sender import Sender
from ledger.errors import LedgerHalted
from ledger.mirror.reconcile import reconcile
from scripts.anvil import Anvil, anvil
from tests.faults.stepped import DEPTH, SteppedPark
from tests.goals import Tell, goal_line

pytestmark = pytest.mark.anvil

DEPTH_MAX = 32
SLICE, WHOLE = 25, 1_000
# A storm takes back nearly all that it brought: what is to become final needs a calm.
_ROUNDS_OF_STORM = 25


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with anvil(block_seconds=None) as running:
        yield running


@pytest.fixture
def park(chain: Anvil, database_url: str | None, tmp_path: Path) -> Iterator[SteppedPark]:
    stepped = SteppedPark(tmp_path / "ledger", chain, database=database_url)
    yield stepped
    stepped.close()


class Storm:
    """Random acts, blocks, reorganisations and rollbacks, seeded; counts what it found wrong."""

    def __init__(self, park: SteppedPark, seed: int) -> None:
        self.park = park
        self.random = random.Random(seed)
        self.acts: list[str] = []
        self.violations: Counter[str] = Counter()
        self.turns: Counter[str] = Counter()
        self.stranger = Sender(
            park.anvil.node, private_key=park.service_keys.courier,
            chain_id=park.ledger.manifest.chain_id,
        )  # fmt: skip

    def round(self) -> None:
        for _ in range(self.random.randint(0, 3)):
            self.acts.append(self.park.registration(len(self.acts)))
        self.park.courier()
        self.park.mine(self.random.randint(1, 3))
        if self.random.random() < 0.7:
            self.park.follow()
        self._turn()
        self.park.follow()
        since = max(1, self.park.anvil.height() - 2 * DEPTH_MAX)
        if self.park.mirrored(since=since) != self.park.on_chain(since=since):
            self.violations["mirror differs"] += 1

    def _turn(self) -> None:
        deepest = min(DEPTH_MAX, self.park.anvil.height() - self.park.final() - 1)
        depth = self.random.randint(1, deepest)
        kind = self.random.choice(("dropped", "replayed", "conflicting", "rolled back"))
        self.turns[kind] += 1
        if kind == "rolled back":
            self.park.anvil.roll_back(depth)
            # Until it is longer, a chain that is a part of what was read is a node that is behind.
            self.park.mine(depth + self.random.randint(1, 3))
            return
        self.park.anvil.reorganise(depth, self._transactions(kind, depth))

    def _transactions(self, kind: str, depth: int) -> list[Any]:
        """What the replacing blocks hold: nothing, our bytes in another place, or another's."""
        if kind == "dropped":
            return [[other_transaction(self.park.anvil), 0]]
        raw = self._taken_back(depth)
        if kind == "replayed":
            return [[f"0x{one.hex()}", self.random.randrange(depth)] for one in raw[:1]]
        number = self.park.anvil.height() - depth
        nonce = self.stranger.chain_nonce(block=number)
        conflicting = self.stranger.sign_creation(b"\x00", gas=100_000, nonce=nonce)
        return [[f"0x{conflicting.raw.hex()}", self.random.randrange(depth)]]

    def _taken_back(self, depth: int) -> list[bytes]:
        """The courier's bytes in the newest blocks, in the order of their nonces."""
        nonce = self.stranger.chain_nonce(block=self.park.anvil.height() - depth)
        return self.park.carried(since_nonce=nonce)


def other_transaction(chain: Anvil) -> str:
    """Signed bytes of a key that nobody knows, without which anvil makes the same blocks again."""
    stranger = Sender(
        chain.node, private_key=generate_key(), chain_id=int(chain.ask("eth_chainId"), 16)
    )
    return f"0x{stranger.sign_creation(b'', gas=100_000, nonce=0).raw.hex()}"


def weather(park: SteppedPark, *, rounds: int, seed: int) -> dict[str, Any]:
    """Storms of so many rounds together, each with a calm until all is decided; what was found."""
    started = time.monotonic()
    storm = Storm(park, seed)
    for done in range(0, rounds, _ROUNDS_OF_STORM):
        for _ in range(min(_ROUNDS_OF_STORM, rounds - done)):
            storm.round()
        park.settle_all()
    counts = park.events_by_id()
    storm.violations["lost"] += sum(counts[one] == 0 for one in storm.acts)
    storm.violations["twice"] += sum(count > 1 for count in counts.values())
    engine = park.engine
    found = reconcile(engine.store, engine.reader(), engine.manifest)
    storm.violations["rows differ"] += len(found.differences)
    return goal_line(
        "reorgs", seed=seed, n=rounds, violations=storm.violations.total(), started=started,
        acts=len(storm.acts), turns=dict(storm.turns), found=+storm.violations,
    )  # fmt: skip


# Turns of a real chain, each looked at from outside.
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_follow_shows_the_chain_when_it_turned_again_and_again(
    park: SteppedPark, tell: Tell
) -> None:
    told = weather(park, rounds=SLICE, seed=20260101)
    tell(told)
    assert told["violations"] == 0, told


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_follow_shows_the_chain_when_it_turned_a_thousand_times(
    park: SteppedPark, tell: Tell, fresh_seed: int
) -> None:
    told = weather(park, rounds=WHOLE, seed=fresh_seed)
    tell(told)
    assert told["violations"] == 0, told


def test_follow_halts_when_final_blocks_were_replaced(chain: Anvil, tmp_path: Path) -> None:
    park = SteppedPark(tmp_path / "ledger", chain)
    park.registration(0)
    park.settle_all()
    before = park.mirrored(since=1)
    chain.reorganise(DEPTH + 5, [[other_transaction(chain), 0]])
    with pytest.raises(LedgerHalted) as halt:
        park.follow()
    assert halt.value.block == park.final()
    assert park.mirrored(since=1) == before
    park.close()


def test_send_goes_on_when_another_used_the_couriers_nonce(chain: Anvil, tmp_path: Path) -> None:
    park = SteppedPark(tmp_path / "ledger", chain)
    stranger = Storm(park, 1).stranger
    stranger.send(stranger.sign_creation(b"\x00", gas=100_000, nonce=0).raw)
    park.mine()
    act = park.registration(0)
    park.settle_all()
    assert park.events_by_id()[act] == 1
    park.close()
