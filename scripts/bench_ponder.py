"""Ponder on the same chain, as its documentation sets a project up: how long until it is ready.

As shipped, and with its limit of requests a second lifted in a scratch copy, which nobody ships.
Ours proves every root, and is measured without that too: Ponder believes its node.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import httpx2
import psycopg

from scripts.anvil import free_port
from scripts.bench_chain import FilledChain, filled_chain
from scripts.bench_mirror import (
    BLOCKS,
    COMPARED,
    ROUNDS,
    TRANSFERS,
    moved_abi,
    ours_postgresql,
    reindex_postgresql,
    transfers_of_ours,
)
from scripts.postgres import fresh_database, postgres_server

PONDER_VERSION = "0.16.10"
_READY_SECONDS = 600
_LIMITS = ("INITIAL_MAX_RPS", "MAX_RPS")
_LIFTED = 100_000
_PACKAGES = {"ponder": PONDER_VERSION, "viem": "2", "hono": "4"}
COLUMNS = {
    "block": "bigint", "log_index": "integer", "time": "bigint", "from": "hex", "to": "hex",
    "asset": "bigint", "tonnes": "bigint", "nonce": "integer", "from_after": "bigint",
    "to_after": "bigint",
}  # fmt: skip
_VALUES = {
    "block": "event.block.number", "log_index": "event.log.logIndex",
    "time": "event.block.timestamp", "from": "event.args.from", "to": "event.args.to",
    "asset": "event.args.asset", "tonnes": "event.args.tonnes",
    "nonce": "Number(event.args.nonce)", "from_after": "event.args.fromAfter",
    "to_after": "event.args.toAfter",
}  # fmt: skip


def measure_ponder() -> dict[str, Any]:
    """Events a second to PostgreSQL from an empty start, ours and Ponder's, alternated."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        postgres_server() as server,
        filled_chain(transfers=TRANSFERS, blocks=BLOCKS) as chain,
    ):
        shipped = PonderProject(Path(scratch) / "shipped", is_lifted=False)
        lifted = PonderProject(Path(scratch) / "lifted", is_lifted=True)
        rates: dict[str, list[float]] = defaultdict(list)
        compared = 0
        for _ in range(ROUNDS):
            rates["ours"].append(ours_postgresql(chain, server))
            rates["ours_unchecked"].append(ours_postgresql(chain, server, checks=False))
            rates["our_reindex"].append(reindex_postgresql(chain, server))
            for name, project in (("shipped", shipped), ("lifted", lifted)):
                with fresh_database(server) as database:
                    seconds = project.run(chain, database, schema="rival")
                    compared = _compare(chain, database)
                    again = project.run(chain, database, schema="again")
                rates[name].append(compared / seconds)
                rates[f"{name}_reindex"].append(compared / again)
    medians = {name: round(statistics.median(found)) for name, found in rates.items()}
    return {
        "ponder": PONDER_VERSION,
        "events": chain.events,
        "rows_compared": compared,
        "events_per_second": medians,
        "spread": {name: [round(min(found)), round(max(found))] for name, found in rates.items()},
        "ratios": {
            "to_ponder_as_shipped": round(medians["ours"] / medians["shipped"], 1),
            "to_ponder_lifted": round(medians["ours"] / medians["lifted"], 1),
            "unchecked_to_ponder_as_shipped": round(
                medians["ours_unchecked"] / medians["shipped"], 1
            ),
            "reindex_to_ponders": round(medians["our_reindex"] / medians["lifted_reindex"], 1),
        },
    }


def _compare(chain: FilledChain, database: str) -> int:
    """Ponder's rows until its last finished block against ours; how many."""
    names = ", ".join(f'"{name}"' for name in COMPARED)
    query = f"SELECT {names} FROM rival.transfer ORDER BY block, log_index"  # noqa: S608
    with psycopg.connect(database) as connection:
        theirs = [tuple(map(_plain, row)) for row in connection.execute(query.encode())]
    assert transfers_of_ours(chain, until=theirs[-1][0]) == theirs, "the same rows"
    return len(theirs)


def _plain(value: Any) -> Any:
    """Ponder keeps bytes as hex text and big numbers as decimals."""
    return bytes.fromhex(value[2:]) if isinstance(value, str) else int(value)


class PonderProject:
    """A project that indexes the transfers into one table."""

    def __init__(self, directory: Path, *, is_lifted: bool) -> None:
        self._directory = directory
        directory.mkdir(parents=True)
        package = {"name": "rival", "private": True, "type": "module", "dependencies": _PACKAGES}
        (directory / "package.json").write_text(json.dumps(package), "utf-8")
        npm = shutil.which("npm")
        assert npm is not None, "Ponder is a package of npm"
        command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error"]
        subprocess.run(command, cwd=directory, check=True)  # noqa: S603 - fixed words
        if is_lifted:
            self._lift()

    def _lift(self) -> None:
        file = self._directory / "node_modules/ponder/dist/esm/rpc/index.js"
        text = file.read_text("utf-8")
        for name in _LIMITS:
            before = next(line for line in text.splitlines() if line.startswith(f"const {name} ="))
            text = text.replace(before, f"const {name} = {_LIFTED};")
        file.write_text(text, "utf-8")

    def _describe(self, chain: FilledChain) -> None:
        """Write configuration, schema and handler for this chain."""
        abi = moved_abi()
        address = f"0x{chain.manifest.quotas.hex()}"
        files = {
            "ponder.config.ts": _CONFIG % (chain.manifest.chain_id, address, json.dumps([abi])),
            "ponder.schema.ts": _SCHEMA % ", ".join(_columns()),
            "src/index.ts": _HANDLER % ", ".join(f'"{k}": {v}' for k, v in _VALUES.items()),
            "src/api/index.ts": _API,
        }
        for name, text in files.items():
            path = self._directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def run(self, chain: FilledChain, database: str, *, schema: str) -> float:
        """Seconds from its start until it says that it is ready.

        In a database where it filled another schema it asks the node little: it re-indexes.
        """
        self._describe(chain)
        shutil.rmtree(self._directory / ".ponder", ignore_errors=True)
        port = free_port()
        node = shutil.which("node")
        assert node is not None
        surroundings = os.environ | {
            "DATABASE_URL": database,
            "RPC_URL": chain.anvil.url,
            "PONDER_TELEMETRY_DISABLED": "true",
        }
        words = ["start", "--schema", schema, "--port", str(port), "--log-level", "error"]
        started = time.monotonic()
        with subprocess.Popen(  # noqa: S603 - fixed words
            [node, "node_modules/ponder/dist/esm/bin/ponder.js", *words],
            cwd=self._directory, env=surroundings, start_new_session=True,
            stdout=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            _await_ready(f"http://127.0.0.1:{port}/ready", process)
            seconds = time.monotonic() - started
            os.killpg(process.pid, signal.SIGKILL)
        return seconds


def _await_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "Ponder ended"
        try:
            if httpx2.get(url, trust_env=False, timeout=5).is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError("Ponder did not become ready")


def _columns() -> list[str]:
    return [f'"{name}": t.{kind}().notNull()' for name, kind in COLUMNS.items()]


_CONFIG = """import { createConfig } from "ponder";
export default createConfig({
  database: { kind: "postgres", connectionString: process.env.DATABASE_URL },
  chains: { anvil: { id: %d, rpc: process.env.RPC_URL } },
  contracts: { Quotas: { chain: "anvil", address: "%s", startBlock: 1, abi: %s } },
});
"""
_SCHEMA = """import { index, onchainTable } from "ponder";
export const transfer = onchainTable(
  "transfer",
  (t) => ({ id: t.text().primaryKey(), %s }),
  (table) => ({ fromIndex: index().on(table.from), toIndex: index().on(table.to) }),
);
"""
_HANDLER = """import { ponder } from "ponder:registry";
import { transfer } from "ponder:schema";
ponder.on("Quotas:QuotaMoved", async ({ event, context }) => {
  await context.db.insert(transfer).values({ id: event.id, %s });
});
"""
_API = """import { Hono } from "hono";
export default new Hono();
"""
