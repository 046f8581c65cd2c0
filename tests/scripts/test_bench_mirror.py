"""The measures of the mirror, each on a small chain: they run, and compare rows one by one."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ledger.store.manifest import Manifest
from scripts import bench_growth, bench_mirror, bench_ponder
from scripts.bench_chain import FilledChain

pytestmark = pytest.mark.anvil

_NAMED: Any = {name: bytes(20) for name in Manifest.__dataclass_fields__}
MANIFEST = Manifest(**(_NAMED | {"chain_id": 7}))


# A chain is filled and read by every way.
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_measure_mirror_compares_the_rows_when_the_chain_is_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("TRANSFERS", 200), ("BLOCKS", 4), ("ROUNDS", 1), ("_SAMPLE_BLOCKS", 2)):
        monkeypatch.setattr(bench_mirror, name, value)
    told = bench_mirror.measure_mirror()
    assert told["rows_compared"] == 100
    assert all(rate > 0 for rate in told["events_per_second"].values())


# A park is founded, filled twice and served twice.
@pytest.mark.slow
@pytest.mark.timeout(180)
def test_measure_growth_tells_a_slope_of_each_request_when_sizes_are_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench_growth, "SIZES", (30, 60))
    monkeypatch.setattr(bench_growth, "EVENTS", (100,))
    monkeypatch.setattr(bench_growth, "REQUESTS", 3)
    told = bench_growth.measure_growth()
    assert set(told["slopes"]) == {
        "read",
        "page",
        "page_of_submissions",
        "page_of_movements",
        "proof",
        "balance",
        "submit",
    }
    assert told["catching_up"]["events_per_second"][0] > 0


@pytest.mark.parametrize("is_lifted", [False, True])
def test_describe_ponder_names_the_contract_when_it_is_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_lifted: bool
) -> None:
    """Its packages come from a registry, which no test asks: only what we write is looked at."""
    project_at = tmp_path / "project"

    def install(_command: Any, *, cwd: Path, check: bool) -> None:
        assert check
        file = cwd / "node_modules/ponder/dist/esm/rpc/index.js"
        file.parent.mkdir(parents=True)
        file.write_text("const INITIAL_MAX_RPS = 20;\nconst MAX_RPS = 500;\n", "utf-8")

    monkeypatch.setattr(subprocess, "run", install)
    project = bench_ponder.PonderProject(project_at, is_lifted=is_lifted)
    project._describe(FilledChain(None, MANIFEST, 0, 0))  # type: ignore[arg-type]
    limits = (project_at / "node_modules/ponder/dist/esm/rpc/index.js").read_text("utf-8")
    assert ("const MAX_RPS = 500;" in limits) is not is_lifted
    assert f"0x{MANIFEST.quotas.hex()}" in (project_at / "ponder.config.ts").read_text("utf-8")
    assert "event.args.fromAfter" in (project_at / "src/index.ts").read_text("utf-8")


def test_read_ponders_value_gives_ours_when_it_is_hex_or_a_decimal() -> None:
    assert (bench_ponder._plain("0x0a0b"), bench_ponder._plain(7)) == (b"\n\x0b", 7)
