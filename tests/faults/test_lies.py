"""A node that lies: no wrong row is written, and the lie is noticed in the block it is about."""

import copy
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.chain.headers import header_hash
from ledger.chain.node import NodeUnreachable
from ledger.errors import ChainForked, LedgerHalted
from ledger.known_chain import check_chain
from ledger.mirror.reconcile import reconcile
from scripts.anvil import Anvil, anvil
from tests.faults.proxy import FISCO_LACKS, Faults, Lie, Proxy, proxy_to
from tests.faults.stepped import SteppedPark
from tests.goals import Tell, goal_line

pytestmark = pytest.mark.anvil

RECEIPTS, BLOCK, HEAD = "eth_getBlockReceipts", "eth_getBlockByNumber", "eth_blockNumber"
SLICE, WHOLE = 25, 500


@pytest.fixture
def chain() -> Iterator[Anvil]:
    with anvil(block_seconds=None) as running:
        yield running


@pytest.fixture
def proxy(chain: Anvil) -> Iterator[Proxy]:
    with proxy_to(chain.port) as between:
        yield between


@pytest.fixture
def park(
    chain: Anvil, proxy: Proxy, database_url: str | None, tmp_path: Path
) -> Iterator[SteppedPark]:
    stepped = SteppedPark(tmp_path / "ledger", chain, url=proxy.url, database=database_url)
    yield stepped
    stepped.close()


def flipped(text: str, draw: random.Random) -> str:
    """Hex with one digit changed."""
    place = draw.randrange(2, len(text))
    other = draw.choice([digit for digit in "0123456789abcdef" if digit != text[place]])
    return text[:place] + other + text[place + 1 :]


def _in_log(field: str) -> Any:
    def change(receipts: list[Any], draw: random.Random) -> None:
        log = draw.choice([log for one in receipts for log in one["logs"]])
        if field == "topics":
            place = draw.randrange(len(log["topics"]))
            log["topics"][place] = flipped(log["topics"][place], draw)
        else:
            log[field] = flipped(log[field], draw)

    return change


def _drop_log(receipts: list[Any], draw: random.Random) -> None:
    logs = draw.choice([one["logs"] for one in receipts if one["logs"]])
    logs.pop(draw.randrange(len(logs)))


def _repeat_log(receipts: list[Any], draw: random.Random) -> None:
    logs = draw.choice([one["logs"] for one in receipts if one["logs"]])
    logs.append(logs[0])


def _turn_logs_round(receipts: list[Any], _draw: random.Random) -> None:
    for one in receipts:
        one["logs"].reverse()


def _drop_receipt(receipts: list[Any], draw: random.Random) -> None:
    receipts.pop(draw.randrange(len(receipts)))


def _in_receipt(field: str) -> Any:
    def change(receipts: list[Any], draw: random.Random) -> None:
        one = draw.choice(receipts)
        one[field] = "0x0" if field == "status" else flipped(one[field], draw)

    return change


def _in_header(field: str) -> Any:
    def change(block: dict[str, Any], draw: random.Random) -> None:
        block[field] = flipped(block[field], draw)

    return change


def _no_bloom(block: dict[str, Any], _draw: random.Random) -> None:
    block["logsBloom"] = "0x" + "00" * 256


# By name: the method that lies and what it changes. One batch has logs, of the newest block.
LIES: dict[str, tuple[str, Any]] = {
    "log dropped": (RECEIPTS, _drop_log),
    "log repeated": (RECEIPTS, _repeat_log),
    "data edited": (RECEIPTS, _in_log("data")),
    "topic edited": (RECEIPTS, _in_log("topics")),
    "address edited": (RECEIPTS, _in_log("address")),
    "logs turned round": (RECEIPTS, _turn_logs_round),
    "receipt dropped": (RECEIPTS, _drop_receipt),
    "status edited": (RECEIPTS, _in_receipt("status")),
    "gas edited": (RECEIPTS, _in_receipt("cumulativeGasUsed")),
    "block hash of a receipt edited": (RECEIPTS, _in_receipt("blockHash")),
    **{f"{field} edited": (BLOCK, _in_header(field)) for field in (
        "hash", "parentHash", "receiptsRoot", "transactionsRoot", "stateRoot", "timestamp",
        "extraData", "number", "gasUsed",
    )},
    "bloom emptied": (BLOCK, _no_bloom),
}  # fmt: skip


def lie_of(name: str, draw: random.Random) -> Lie:
    """One lie of that name about every block that has transactions."""
    wanted, change = LIES[name]

    def lie(method: str, _params: list[Any], result: Any) -> Any:
        if method != wanted or not result:
            return result
        if method == BLOCK and not result["transactions"]:
            return result
        told = copy.deepcopy(result)
        change(told, draw)
        return told

    return lie


def is_noticed(park: SteppedPark) -> bool:
    """Whether reading on is refused."""
    try:
        park.follow()
    except (AssertionError, LedgerHalted, NodeUnreachable):
        return True
    return False


def interrogate(park: SteppedPark, proxy: Proxy, *, lies: int, seed: int) -> dict[str, Any]:
    """So many lies about fresh blocks; what became of them."""
    started, draw, found = time.monotonic(), random.Random(seed), Counter[str]()
    for number in range(lies):
        name = draw.choice(sorted(LIES))
        acts = [park.registration(number * 10 + each) for each in range(draw.randint(2, 4))]
        assert acts
        park.courier()
        park.mine()
        before = park.mirrored(since=1)
        proxy.faults = Faults(lie=lie_of(name, draw))
        if not is_noticed(park):
            found[f"{name}: not noticed"] += 1
        if park.mirrored(since=1) != before:
            found[f"{name}: a row was written"] += 1
        proxy.heal()
        park.follow()
        since = max(1, park.anvil.height() - 5)
        if park.mirrored(since=since) != park.on_chain(since=since):
            found[f"{name}: not healed"] += 1
    engine = park.engine
    differences = reconcile(engine.store, engine.reader(), engine.manifest).differences
    found["rows differ"] += len(differences)
    return goal_line(
        "lies", seed=seed, n=lies, violations=found.total(), started=started, found=+found
    )


# Each lie has a block of its own, which is read twice.
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_follow_writes_no_wrong_row_when_the_node_lies(
    park: SteppedPark, proxy: Proxy, tell: Tell
) -> None:
    told = interrogate(park, proxy, lies=SLICE, seed=20260101)
    tell(told)
    assert told["violations"] == 0, told


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_follow_writes_no_wrong_row_when_the_node_lies_five_hundred_times(
    park: SteppedPark, proxy: Proxy, tell: Tell, fresh_seed: int
) -> None:
    told = interrogate(park, proxy, lies=WHOLE, seed=fresh_seed)
    tell(told)
    assert told["violations"] == 0, told


@pytest.fixture
def plain(chain: Anvil, proxy: Proxy, tmp_path: Path) -> Iterator[SteppedPark]:
    """In its directory alone: what follows does not depend on the database."""
    stepped = SteppedPark(tmp_path / "ledger", chain, url=proxy.url)
    yield stepped
    stepped.close()


def test_follow_waits_when_the_node_tells_an_older_head(plain: SteppedPark, proxy: Proxy) -> None:
    plain.mine(3)
    plain.follow()
    before = plain.mirrored(since=1)
    stale = hex(plain.anvil.height() - 2)
    proxy.faults = Faults(lie=lambda method, _, told: stale if method == HEAD else told)
    plain.follow()
    assert plain.mirrored(since=1) == before
    assert plain.engine.readiness()["mirror_lag_blocks"] == -2


def test_follow_stops_when_the_node_tells_a_head_that_is_not_there(
    plain: SteppedPark, proxy: Proxy
) -> None:
    plain.follow()
    beyond = hex(plain.anvil.height() + 5)
    proxy.faults = Faults(lie=lambda method, _, told: beyond if method == HEAD else told)
    assert is_noticed(plain)


def test_check_chain_is_refused_when_the_node_has_another_genesis(
    plain: SteppedPark, proxy: Proxy
) -> None:
    def lie(method: str, params: list[Any], told: Any) -> Any:
        if method != BLOCK or params[0] != "0x0":
            return told
        other = told | {"extraData": "0x07"}
        return other | {"hash": f"0x{header_hash(other).hex()}"}

    proxy.faults = Faults(lie=lie)
    with pytest.raises(ChainForked) as refusal:
        check_chain(plain.engine.reader(), plain.engine.store)
    assert refusal.value.block == 0


def test_follow_reads_logs_as_told_when_the_node_serves_no_receipts(
    chain: Anvil, proxy: Proxy, tmp_path: Path
) -> None:
    proxy.faults = Faults(missing=FISCO_LACKS)
    park = SteppedPark(tmp_path / "ledger", chain, url=proxy.url)
    act = park.registration(0)
    park.settle_all()
    assert park.events_by_id()[act] == 1
    assert park.mirrored(since=1) == park.on_chain(since=1)
    assert proxy.counts["eth_getLogs"] > 0
    park.close()
