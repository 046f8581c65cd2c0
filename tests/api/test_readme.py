"""The example of the README does what it says."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"


def test_run_example_prints_who_complied_when_the_service_runs(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    (example,) = blocks
    assert "http://127.0.0.1:8000" in example
    exec(compile(example.replace("http://127.0.0.1:8000", url), str(README), "exec"), {})
    assert "88.111/ENT.0001" in capsys.readouterr().out
