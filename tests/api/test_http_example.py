"""The example of docs/reference/http.md does what it says, with nothing of ours imported."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from api.fields import hex_text
from tests.api.world import World

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "http.md"
OURS = re.compile(r"^(?:from|import) (?:api|ledger|identity|scripts)\b", re.MULTILINE)


def _blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


@pytest.mark.slow  # three seconds of blocks
def test_run_example_signs_in_and_moves_a_tonne_when_it_is_followed(
    world: World, url: str, tmp_path: Path
) -> None:
    sign, check = _blocks()
    assert not OURS.search(sign + check)
    key = {"participant": "88.111/ENT.0002", "person": 1}
    key |= {"private_key": hex_text(world.park.key("enterprise 2"))}
    (tmp_path / "demo-keys.json").write_text(json.dumps({"keys": {"electronics": key}}), "utf-8")
    (tmp_path / "sign.py").write_text(sign, "utf-8")
    with httpx2.Client(base_url=url, trust_env=False) as http:
        known = http.get("/.well-known/carbonledger").text
        (tmp_path / "known.json").write_text(known, "utf-8")
        program = [sys.executable, "sign.py", str(tmp_path), "1"]
        subprocess.run(program, cwd=tmp_path, check=True)
        access = json.loads((tmp_path / "access.json").read_text("utf-8"))
        token = http.post("/v1/sessions", json=access).json()["token"]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "first-transfer"}
        transfer = json.loads((tmp_path / "transfer.json").read_text("utf-8"))
        answer = http.post("/v1/transfers", json=transfer, headers=headers)
    assert answer.status_code == 202, answer.text
    (tmp_path / "answer.json").write_text(answer.text, "utf-8")
    # The second block goes on where the first ended.
    program = [sys.executable, "check.py", str(tmp_path), "1"]
    read = 'answer = json.loads(Path("answer.json").read_text())\n'
    (tmp_path / "check.py").write_text("\n".join([sign, read, check]), "utf-8")
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    changed = answer.json() | {"actor": "88.111/ENT.0001"}
    (tmp_path / "answer.json").write_text(json.dumps(changed), "utf-8")
    assert subprocess.run(program, cwd=tmp_path, capture_output=True).returncode == 1
