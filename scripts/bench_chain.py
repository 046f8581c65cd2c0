"""A chain on anvil with many transfers of quota in it, for measuring what reads them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ledger.chain.bindings import CONTRACTS
from ledger.chain.deploy import code_hash, creation_hash
from ledger.opening import reader
from ledger.store.manifest import Manifest
from scripts.anvil import Anvil, anvil
from scripts.bench_park import FOREVER, BenchPark, struct

ACCOUNTS = 50
_ASSET = (1 << 56) | (2025 << 40)


@dataclass(frozen=True, slots=True)
class FilledChain:
    """A running anvil, the ledger whose contracts are on it, and how many events it has."""

    anvil: Anvil
    manifest: Manifest
    events: int
    blocks: int


@contextmanager
def filled_chain(*, transfers: int, blocks: int) -> Iterator[FilledChain]:
    """So many transfers in so many blocks, each block one transaction with a batch."""
    with anvil(block_seconds=None) as running:
        park = BenchPark(enterprises=ACCOUNTS, node=running.node)
        _issue(park)
        _transfer(park, transfers=transfers, each=transfers // blocks)
        manifest = _manifest(running, park)
        head, chain = running.height(), reader(running.node, manifest)
        events = sum(
            len(one.logs)
            for first in range(1, head + 1, 100)
            for one in chain.filled(first, min(first + 99, head))
        )
        yield FilledChain(running, manifest, events, head)


def _issue(park: BenchPark) -> None:
    regulator = park.fresh("REGULATOR")
    authority = park.ids["REGULATOR"]
    tonnes = 10**9
    cap = (authority, _ASSET, tonnes * ACCOUNTS, 1, bytes(32), FOREVER)
    park.act("Cap", struct("Cap", cap), key=regulator)
    calls = []
    for number in range(ACCOUNTS):
        account = park.ids[f"ENTERPRISE{number}"]
        values = (authority, account, _ASSET, tonnes, 1, bytes(32), bytes(32), FOREVER)
        calls.append(park.call("Allocation", struct("Allocation", values), key=regulator))
    park.batch("Quotas", calls)


def _transfer(park: BenchPark, *, transfers: int, each: int) -> None:
    """Every account gives one tonne to the next in turn."""
    accounts = [park.ids[f"ENTERPRISE{number}"] for number in range(ACCOUNTS)]
    keys = [park.fresh(f"ENTERPRISE{number}") for number in range(ACCOUNTS)]
    for first in range(0, transfers, each):
        calls = []
        for number in range(first, min(first + each, transfers)):
            turn, giver = divmod(number, ACCOUNTS)
            taker = accounts[(giver + 1) % ACCOUNTS]
            values = (accounts[giver], taker, _ASSET, 1, turn + 1, FOREVER)
            calls.append(park.call("Transfer", struct("Transfer", values), key=keys[giver]))
        park.batch("Quotas", calls)


def _manifest(running: Anvil, park: BenchPark) -> Manifest:
    genesis = running.ask("eth_getBlockByNumber", "0x0", False)
    told = {
        f"{name.lower()}{suffix}": value
        for name in CONTRACTS
        for suffix, value in (
            ("", park.address_of(name)),
            ("_code_hash", code_hash(running.node, park.address_of(name))),
        )
    }
    return Manifest(
        chain_id=int(running.ask("eth_chainId"), 16),
        genesis=bytes.fromhex(genesis["hash"][2:]),
        creation_hash=creation_hash(),
        root=park.ids["ROOT"],
        service=bytes(32),
        service_key=bytes(20),
        is_demo=True,
        **told,
    )
