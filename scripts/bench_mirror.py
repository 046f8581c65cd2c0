"""How fast a mirror catches up: ours, web3.py with an ORM as its documentation shows, the node.

One chain of transfers on anvil; each side reads it from the first block into an empty database.
Ours also proves every root, keeps blocks and acts, and projects what everybody holds; the rival
keeps one table of the same transfers, whose rows are compared with ours one by one.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import BigInteger, Engine, Integer, LargeBinary, create_engine, make_url, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from urllib3 import PoolManager
from web3 import HTTPProvider, Web3  # noqa: TID251 - the rival is web3.py

from ledger.chain.bindings import CONTRACTS, EVENTS
from ledger.chain.http_node import HttpNode
from ledger.mirror.follower import Mirror
from ledger.mirror.prefetch import LOGS_WANTED
from ledger.mirror.reindex import derive
from ledger.opening import reader
from ledger.settings import Connections
from ledger.store.facts import FACTS
from ledger.store.postgres import PostgresStore
from ledger.store.sqlite import open_mirror
from scripts.bench_chain import FilledChain, filled_chain
from scripts.postgres import fresh_database, postgres_server

TRANSFERS, BLOCKS = 100_000, 2_000
ROUNDS = 3
_SAMPLE_BLOCKS = 400  # what the rival is given of it: a fifth
_RANGE = 50  # the rival's blocks a call
COMPARED = ("block", "from", "to", "asset", "tonnes", "nonce", "from_after", "to_after")


class _Base(DeclarativeBase):
    pass


class _Transfer(_Base):
    """The rival's one table."""

    __tablename__ = "transfer"
    block: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    log_index: Mapped[int] = mapped_column(Integer, primary_key=True)
    time: Mapped[int] = mapped_column(BigInteger)
    from_: Mapped[bytes] = mapped_column("from", LargeBinary, index=True)
    to: Mapped[bytes] = mapped_column(LargeBinary, index=True)
    asset: Mapped[int] = mapped_column(BigInteger)
    tonnes: Mapped[int] = mapped_column(BigInteger)
    nonce: Mapped[int] = mapped_column(BigInteger)
    from_after: Mapped[int] = mapped_column(BigInteger)
    to_after: Mapped[int] = mapped_column(BigInteger)


def measure_mirror() -> dict[str, Any]:
    """Events a second of each way, medians of alternated rounds, and ratios of them."""
    with (
        postgres_server() as server,
        filled_chain(transfers=TRANSFERS, blocks=BLOCKS) as chain,
    ):
        ways: dict[str, Callable[[], float]] = {
            "ours_sqlite": lambda: follow_into_sqlite(chain, checks=True),
            "rival_sqlite": lambda: _rival_sqlite(chain),
            "ours_postgresql": lambda: ours_postgresql(chain, server),
            "rival_postgresql": lambda: _rival_postgresql(chain, server),
            "ours_sqlite_unchecked": lambda: follow_into_sqlite(chain, checks=False),
            "reindex_sqlite": lambda: _reindex_sqlite(chain),
            "raw_get_logs": lambda: _raw(chain),
        }
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, run in ways.items():
                rates[name].append(run())
        compared = _compare(chain)
        megabytes = {"ours": _our_bytes(chain) / 1e6, "raw": _raw_bytes(chain) / 1e6}
    medians = {name: round(statistics.median(found)) for name, found in rates.items()}
    return {
        "events": chain.events,
        "blocks": chain.blocks,
        "rows_compared": compared,
        "events_per_second": medians,
        "spread": {name: [round(min(found)), round(max(found))] for name, found in rates.items()},
        "megabytes": {name: round(size) for name, size in megabytes.items()},
        "ratios": _ratios(medians)
        | {
            "sqlite_share_of_raw_bytes": round(
                medians["ours_sqlite"]
                * megabytes["ours"]
                / (medians["raw_get_logs"] * megabytes["raw"]),
                2,
            )
        },
    }


def _ratios(medians: dict[str, int]) -> dict[str, float]:
    def ratio(over: str, under: str) -> float:
        return round(medians[over] / medians[under], 3)

    return {
        "sqlite_to_rival": ratio("ours_sqlite", "rival_sqlite"),
        "postgresql_to_rival": ratio("ours_postgresql", "rival_postgresql"),
        "sqlite_share_of_raw": ratio("ours_sqlite", "raw_get_logs"),
        "unchecked_share_of_raw": ratio("ours_sqlite_unchecked", "raw_get_logs"),
        "reindex_to_following": ratio("reindex_sqlite", "ours_sqlite"),
        "cost_of_the_checks": round(
            1 - medians["ours_sqlite"] / medians["ours_sqlite_unchecked"], 2
        ),
    }


def follow_into_sqlite(chain: FilledChain, *, checks: bool = True) -> float:
    """Events a second of an empty mirror in a file that reads the whole chain."""
    with tempfile.TemporaryDirectory() as scratch:
        return _follow(chain, open_mirror(Path(scratch) / "mirror.db"), checks=checks)


def ours_postgresql(chain: FilledChain, server: str, *, checks: bool = True) -> float:
    """The same of one in an empty database."""
    with fresh_database(server) as url:
        store = PostgresStore(url)
        rate = _follow(chain, store.mirror_writer(1), checks=checks)
        store.close()
        return rate


def _reindex_sqlite(chain: FilledChain) -> float:
    """Events a second of a mirror that is derived from another's events, asking no node."""
    with tempfile.TemporaryDirectory() as scratch, _filled_by_ours(chain) as filled:
        return _derive(chain, filled, open_mirror(Path(scratch) / "derived.db"))


def reindex_postgresql(chain: FilledChain, server: str) -> float:
    """The same in one database."""
    with fresh_database(server) as url:
        store = PostgresStore(url)
        filled = store.mirror_writer(1)
        _follow(chain, filled, checks=True)
        rate = _derive(chain, filled, store.mirror_writer(2))
        store.close()
        return rate


def _derive(chain: FilledChain, filled: Engine, empty: Engine) -> float:
    with filled.connect() as connection:
        started = time.monotonic()
        derive(connection, empty, chain.manifest, 0)
        seconds = time.monotonic() - started
    for engine in (filled, empty):
        engine.dispose()
    return chain.events / seconds


def _follow(chain: FilledChain, engine: Engine, *, checks: bool) -> float:
    mirror = _mirror(chain, engine, checks=checks)
    started = time.monotonic()
    mirror.follow()
    seconds = time.monotonic() - started
    mirror.close()
    return chain.events / seconds


def _mirror(
    chain: FilledChain, engine: Engine, *, checks: bool = True, node: HttpNode | None = None
) -> Mirror:
    connections = Connections(
        rpc_url=chain.anvil.url, checks_header_hashes=checks, checks_receipts_roots=checks
    )
    asked = chain.anvil.node if node is None else node
    return Mirror(engine, reader(asked, chain.manifest, connections), chain.manifest)


def _rival_sqlite(chain: FilledChain) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        engine = create_engine(f"sqlite:///{scratch}/rival.db")
        return _rival(chain, engine)


def _rival_postgresql(chain: FilledChain, server: str) -> float:
    with fresh_database(server) as url:
        return _rival(chain, create_engine(make_url(url).set(drivername="postgresql+psycopg")))


def _rival(chain: FilledChain, engine: Engine) -> float:
    """web3.py's `get_logs` of a contract's event, `get_block` for its time, an ORM row each."""
    _Base.metadata.create_all(engine)
    started = time.monotonic()
    count = _rival_rows(chain, engine)
    seconds = time.monotonic() - started
    engine.dispose()
    return count / seconds


def _rival_rows(chain: FilledChain, engine: Engine) -> int:
    web3 = Web3(HTTPProvider(chain.anvil.url))
    moved = web3.eth.contract(
        address=Web3.to_checksum_address(chain.manifest.quotas), abi=[moved_abi()]
    ).events.QuotaMoved()
    count = 0
    with Session(engine) as session:
        for first in range(*_sample(chain), _RANGE):
            last = min(first + _RANGE, _sample(chain)[1]) - 1
            times: dict[int, int] = {}
            for log in moved.get_logs(from_block=first, to_block=last):
                number = log["blockNumber"]
                if number not in times:
                    times[number] = web3.eth.get_block(number)["timestamp"]
                session.add(_row_of(log, times[number]))
                count += 1
            session.commit()
    return count


def _sample(chain: FilledChain) -> tuple[int, int]:
    """The blocks that the rival reads: the last ones, all of transfers."""
    return chain.blocks - _SAMPLE_BLOCKS + 1, chain.blocks + 1


def _row_of(log: Any, at: int) -> _Transfer:
    told = log["args"]
    return _Transfer(
        block=log["blockNumber"],
        log_index=log["logIndex"],
        time=at,
        from_=told["from"],
        to=told["to"],
        asset=told["asset"],
        tonnes=told["tonnes"],
        nonce=told["nonce"],
        from_after=told["fromAfter"],
        to_after=told["toAfter"],
    )


def moved_abi() -> dict[str, Any]:
    inputs = [
        {"name": name, "type": kind, "indexed": is_indexed}
        for name, kind, is_indexed in EVENTS["QuotaMoved"]["fields"]
    ]
    return {"type": "event", "name": "QuotaMoved", "anonymous": False, "inputs": inputs}


def _raw(chain: FilledChain) -> float:
    """The node's own answers to `eth_getLogs` through the client that ours has, unread."""
    started = time.monotonic()
    _raw_bytes(chain)
    return chain.events / (time.monotonic() - started)


def _raw_bytes(chain: FilledChain) -> int:
    """How long the answers are to all of the chain, asked in the ranges that ours asks."""
    addresses = ["0x" + chain.manifest.address_of(name).hex() for name in CONTRACTS]
    step = LOGS_WANTED * chain.blocks // chain.events
    read = 0
    with PoolManager(retries=False) as pool:
        for first in range(1, chain.blocks + 1, step):
            span = {"fromBlock": hex(first), "toBlock": hex(min(first + step - 1, chain.blocks))}
            asked: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs"}
            asked["params"] = [span | {"address": addresses}]
            read += len(pool.request("POST", chain.anvil.url, json=asked).data)
    return read


def _our_bytes(chain: FilledChain) -> int:
    """How long the answers are that ours reads with all checks."""
    node = HttpNode(chain.anvil.url)
    request, read = node._pool.request, 0

    def counted(*given: Any, **named: Any) -> Any:
        nonlocal read
        answer = request(*given, **named)
        read += len(answer.data)
        return answer

    node._pool.request = counted  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as scratch:
        mirror = _mirror(chain, open_mirror(Path(scratch) / "mirror.db"), node=node)
        mirror.follow()
        mirror.close()
    return read


def transfers_of_ours(chain: FilledChain, *, since: int = 0, until: int) -> list[tuple[Any, ...]]:
    """Our rows of the transfers in these blocks, in chain order."""
    moved = FACTS["QuotaMoved"]
    query = (
        select(*(moved.c[name] for name in COMPARED))
        .where(moved.c.block.between(since, until))
        .order_by(moved.c.seq)
    )
    with _filled_by_ours(chain) as ours, ours.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def _compare(chain: FilledChain) -> int:
    """The rival's rows against ours, all of them; how many."""
    table = _Transfer.__table__
    theirs = select(*(table.c[name] for name in COMPARED)).order_by(
        table.c.block, table.c.log_index
    )
    with _filled_by_rival(chain) as rivals, rivals.connect() as connection:
        rows = [tuple(row) for row in connection.execute(theirs)]
    first, beyond = _sample(chain)
    assert transfers_of_ours(chain, since=first, until=beyond - 1) == rows, "the same rows"
    return len(rows)


@contextmanager
def _filled_by_ours(chain: FilledChain) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as scratch:
        mirror = _mirror(chain, open_mirror(Path(scratch) / "mirror.db"), checks=True)
        mirror.follow()
        yield mirror.engine
        mirror.close()


@contextmanager
def _filled_by_rival(chain: FilledChain) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as scratch:
        engine = create_engine(f"sqlite:///{scratch}/rival.db")
        _Base.metadata.create_all(engine)
        _rival_rows(chain, engine)
        yield engine
        engine.dispose()
