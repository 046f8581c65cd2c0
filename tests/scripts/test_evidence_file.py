"""Evidence files: the same file and seeds give the same root; what is none is refused by place."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import FieldInvalid
from scripts.people.evidence_file import read_evidence_file

METER = "88.111.1/MTR.0001"
SEEDS = {METER: {"2025-02": "0x" + "5a" * 32}}
CONTENT: dict[str, Any] = {
    "facility": "88.111.1/FAC.0001",
    "month": "2025-02",
    "seeds": "seeds.json",
    "meters": [{"meter": METER, "unit": "kWh", "step_seconds": 86_400, "readings": "february.csv"}],
}


def _written(place: Path, *, seeds: Any = SEEDS, **changes: Any) -> Path:
    rows = [f"2025-02-{day:02}T00:00:00+08:00,{day}" for day in range(1, 29)]
    (place / "february.csv").write_text("\n".join(["stamp,quantity", *rows, ""]), "ascii")
    if seeds is not None:
        (place / "seeds.json").write_text(json.dumps(seeds), "utf-8")
    file = place / "february.json"
    file.write_text(json.dumps(CONTENT | changes), "utf-8")
    return file


def test_build_gives_the_same_root_when_it_is_done_again(tmp_path: Path) -> None:
    file = _written(tmp_path)
    assert read_evidence_file(file).summary() == read_evidence_file(file).summary()
    assert read_evidence_file(file).summary()["meters"][0]["quantity"] == "406"


def test_build_gives_another_root_when_a_delivery_joins(tmp_path: Path) -> None:
    alone = read_evidence_file(_written(tmp_path)).summary()
    joined = read_evidence_file(_written(tmp_path, deliveries=["0x" + "11" * 32])).summary()
    assert (joined["leaves"], joined["root"] != alone["root"]) == (alone["leaves"] + 1, True)


def test_build_shows_no_seed_when_it_tells_what_it_did(tmp_path: Path) -> None:
    assert "5a5a" not in json.dumps(read_evidence_file(_written(tmp_path)).summary())


def test_build_draws_a_seed_once_when_it_may(tmp_path: Path) -> None:
    file = _written(tmp_path, seeds=None)
    first = read_evidence_file(file, may_draw=True).summary()
    assert read_evidence_file(file, may_draw=True).summary() == first
    assert stat.S_IMODE((tmp_path / "seeds.json").stat().st_mode) == 0o600


def test_build_keeps_other_seeds_when_it_draws_one(tmp_path: Path) -> None:
    file = _written(tmp_path, seeds={"88.111.1/MTR.0009": {"2025-02": "0x" + "11" * 32}})
    read_evidence_file(file, may_draw=True)
    kept = json.loads((tmp_path / "seeds.json").read_text("utf-8"))
    assert set(kept) == {METER, "88.111.1/MTR.0009"}


def test_message_takes_the_months_year_when_no_period_is_said(tmp_path: Path) -> None:
    evidence = read_evidence_file(_written(tmp_path))
    assert evidence.message(period=None, follows=None)["period"] == "2025"
    assert evidence.message(period="2025-02", follows="0x")["follows"] == "0x"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"month": "2025"}, "/month"),
        ({"month": 202502}, "/month"),
        ({"more": 1}, "/more"),
        ({"meters": {}}, "/meters"),
        ({"meters": [{}]}, "/meters/0/meter"),
        ({"meters": [CONTENT["meters"][0] | {"step_seconds": "1"}]}, "/meters/0/step_seconds"),
        ({"meters": [CONTENT["meters"][0] | {"seed": "0x"}]}, "/meters/0/seed"),
        ({"deliveries": ["0x12"]}, "/deliveries/0"),
        ({"documents": [7]}, "/documents/0"),
        ({"seeds": 7}, "/seeds"),
        ({"month": "2025-03"}, f"/seeds/{METER}/2025-03"),
    ],
)
def test_build_is_refused_by_place_when_the_file_is_none(
    tmp_path: Path, changes: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(FieldInvalid) as refused:
        read_evidence_file(_written(tmp_path, **changes))
    assert refused.value.errors[0]["pointer"] == pointer


@pytest.mark.parametrize(
    ("seeds", "pointer"),
    [
        ([], "/seeds"),
        ({METER: []}, f"/seeds/{METER}"),
        ({METER: {"2025-02": 7}}, f"/seeds/{METER}/2025-02"),
        ({METER: {"2025-02": "0x12"}}, f"/seeds/{METER}/2025-02"),
    ],
)
def test_build_is_refused_by_place_when_the_seeds_are_none(
    tmp_path: Path, seeds: Any, pointer: str
) -> None:
    with pytest.raises(FieldInvalid) as refused:
        read_evidence_file(_written(tmp_path, seeds=seeds))
    assert refused.value.errors[0]["pointer"] == pointer
