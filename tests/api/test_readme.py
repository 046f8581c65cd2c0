"""The example of the README does what it says."""

import json
import re
from pathlib import Path

import pytest

from api.fields import hex_text
from tests.api.world import World

README = Path(__file__).parents[2] / "README.md"
LINES_MAX = 10


def _example() -> str:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert "http://127.0.0.1:8000" in example
    return str(example)


def test_read_example_ends_after_ten_lines_when_empty_ones_are_not_counted() -> None:
    assert len([line for line in _example().splitlines() if line]) <= LINES_MAX


def test_run_example_moves_a_tonne_when_the_service_runs(
    world: World,
    url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = {"participant": "88.111/ENT.0002", "person": 1}
    key |= {"private_key": hex_text(world.park.key("enterprise 2"))}
    keys = tmp_path / "carbonledger-demo" / "demo-keys.json"
    keys.parent.mkdir()
    keys.write_text(json.dumps({"keys": {"electronics": key}}), "utf-8")
    monkeypatch.chdir(tmp_path)
    held = world.park.get("/v1/accounts/88.111/ENT.0002", by="enterprise 2")["holdings"]
    exec(compile(_example().replace("http://127.0.0.1:8000", url), str(README), "exec"), {})
    assert capsys.readouterr().out == f"final {held[0]['available'] - 1}\n"
