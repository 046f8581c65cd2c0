"""What the ledger costs: gas a verb, acts and reads a second, seconds to the first anchored record.

`python scripts/bench.py [NAME ...]` prints JSON on standard output and tables on standard error;
names are those of `MEASURES`, without any all run. Only what this run measured is printed, and a
ratio is of two things measured in this run.
"""

import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # run as a file, so that it needs no installation of its own

from scripts.bench_digest import measure_digest  # noqa: E402 - after the path is set
from scripts.bench_gas import measure_gas  # noqa: E402 - after the path is set
from scripts.bench_growth import measure_growth  # noqa: E402
from scripts.bench_load import Loaded, loaded_service  # noqa: E402
from scripts.bench_mirror import measure_mirror  # noqa: E402
from scripts.bench_page import measure_page  # noqa: E402
from scripts.bench_ponder import measure_ponder  # noqa: E402
from scripts.bench_reads import measure_reads  # noqa: E402
from scripts.bench_submissions import measure_submissions  # noqa: E402

LANES = 8
ACTS_PER_LANE = 250
_POLL_SECONDS = 0.05
_WAIT_SECONDS = 300.0
_BLOCK_NUMBER = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}


def measure_throughput() -> dict[str, Any]:
    """Signed evidence over HTTP to `serve` in real time, from 8 connections.

    `accepted` ends with the last 202, `carried` with the last block, `mirrored` when the mirror
    has read it.
    """
    with (
        tempfile.TemporaryDirectory() as scratch,
        loaded_service(Path(scratch) / "ledger", lanes=LANES, acts_per_lane=ACTS_PER_LANE) as load,
    ):
        acts = LANES * ACTS_PER_LANE
        before = _blocks(load.url)
        started = time.monotonic()
        with ThreadPoolExecutor(LANES) as pool:
            accepted = sum(pool.map(lambda lane: _post_all(load, lane), load.lanes))
        assert accepted == acts, "every act of the load is accepted"
        acceptance = time.monotonic() - started
        carriage, mirroring = (moment - started for moment in _watch_until_settled(load.url))
        return {
            "acts": acts,
            "connections": LANES,
            "accepted_per_second": round(acts / acceptance),
            "carried_per_second": round(acts / carriage),
            "mirrored_per_second": round(acts / mirroring),
            "blocks": _blocks(load.url) - before,
            "peak_memory_mb": _peak_memory_mb(load.process),
        }


def _post_all(load: Loaded, lane: list[dict[str, Any]]) -> int:
    with httpx2.Client(
        base_url=load.url, headers=load.headers, trust_env=False, timeout=60
    ) as client:
        return sum(_post(client, body) for body in lane)


def _post(client: httpx2.Client, body: dict[str, Any]) -> bool:
    key = body["signature"][2:60]
    answer = client.post("/v1/evidence", json=body, headers={"Idempotency-Key": key})
    return answer.status_code == httpx2.codes.ACCEPTED


def _blocks(url: str) -> int:
    told = httpx2.get(f"{url}/.well-known/carbonledger", trust_env=False).json()
    return int(told["as_of_block"])


def _watch_until_settled(url: str) -> tuple[float, float]:
    """When the chain's last block was seen, and when the mirror's."""
    ends = time.monotonic() + _WAIT_SECONDS
    carried = mirrored = time.monotonic()
    head = read = 0
    with httpx2.Client(base_url=url, trust_env=False, timeout=60) as client:
        while time.monotonic() < ends:
            state = client.get("/readyz").json()
            block = int(client.post("/rpc", json=_BLOCK_NUMBER).json()["result"], 16)
            shown = block - state["mirror_lag_blocks"]
            if block > head:
                head, carried = block, time.monotonic()
            if shown > read:
                read, mirrored = shown, time.monotonic()
            if state["oldest_waiting_seconds"] is None:
                return carried, mirrored
            time.sleep(_POLL_SECONDS)
    raise TimeoutError("the load was never settled")


def _peak_memory_mb(process: int) -> int:
    """The process's peak resident memory (Linux: VmHWM)."""
    status = Path(f"/proc/{process}/status").read_text("ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return round(int(line.split()[1]) / 1024)


def measure_clone() -> dict[str, Any]:
    """Seconds from `git clone` of this tree's head to the first anchored month and to the end."""
    with tempfile.TemporaryDirectory() as scratch:
        clone = Path(scratch) / "clone"
        started = time.monotonic()
        _run(["git", "clone", "--quiet", str(ROOT), str(clone)])
        command = ["bash", str(clone / "scripts" / "demo"), "--once", "--lang", "en"]
        with subprocess.Popen(  # noqa: S603 - our own script in our own clone
            command, cwd=clone, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as demo:
            assert demo.stderr is not None
            first = next(
                time.monotonic() - started for line in demo.stderr if "is anchored" in line
            )
            demo.stderr.read()
        assert demo.returncode == 0, "the demo holds"
        return {
            "seconds_to_first_anchored_month": round(first, 1),
            "seconds_to_end_of_demo": round(time.monotonic() - started, 1),
        }


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - git with our own arguments


MEASURES: dict[str, Callable[[], dict[str, Any]]] = {
    "gas": measure_gas,
    "throughput": measure_throughput,
    "submissions": measure_submissions,
    "reads": measure_reads,
    "digest": measure_digest,
    "page": measure_page,
    "mirror": measure_mirror,
    "ponder": measure_ponder,
    "growth": measure_growth,
    "clone": measure_clone,
}


def main() -> None:
    wanted = sys.argv[1:] or list(MEASURES)
    if unknown := set(wanted) - MEASURES.keys():
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(MEASURES)}")
    results = {name: MEASURES[name]() for name in wanted}
    console = Console(stderr=True)
    for name, result in results.items():
        console.print(_table(name, result))
    machine = _machine()
    console.print(machine)
    results["machine"] = {"told": machine}
    sys.stdout.write(json.dumps(results, indent=2) + "\n")


def _machine() -> str:
    """What was measured on, and how busy it was with other work."""
    text = Path("/proc/cpuinfo").read_text("utf-8")
    model = next(line for line in text.splitlines() if line.startswith("model name"))
    name = model.partition(":")[2].strip()
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{os.cpu_count()} x {name}, load {os.getloadavg()[0]:.1f}, {versions}"


def _table(title: str, result: dict[str, Any]) -> Table:
    table = Table(title=title)
    table.add_column("what")
    table.add_column("measured", justify="right")
    for name, value in _flat(result):
        table.add_row(name, f"{value:,}" if isinstance(value, int | float) else str(value))
    return table


def _flat(result: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in result.items():
        if isinstance(value, dict):
            rows += _flat(value, f"{prefix}{name} ")
        else:
            rows.append((f"{prefix}{name}", value))
    return rows


if __name__ == "__main__":
    main()
