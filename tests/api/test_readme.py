"""The example of the README does what it says."""

import re
from pathlib import Path

import pytest

from tests.api.world import World

README = Path(__file__).parents[2] / "README.md"


def test_run_example_prints_who_complied_when_the_service_runs(
    world: World, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.park.set_time("2025-01-02T00:00:00Z")  # the public sees a year after its deadline
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (example,) = blocks
    assert "http://127.0.0.1:8000" in example
    exec(compile(example.replace("http://127.0.0.1:8000", url), str(README), "exec"), {})
    assert "88.111/ENT.0001" in capsys.readouterr().out
