"""A report's proof: what it holds, what it keeps, and who gets it."""

import base64
import json

import pytest

from ledger.evidence.merkle import salt
from tests.api.proven import MONTH, STAMP, proof_of, prove
from tests.api.test_documents import METER, SEED, WHOLE
from tests.api.world import World


@pytest.fixture
def report(held: World) -> str:
    return prove(held)


def test_prove_names_every_act_of_the_figure_when_the_owner_asks(held: World, report: str) -> None:
    told = proof_of(held, report).json()
    assert [act["type"] for act in told["acts"]] == ["Report", "Report", "Evidence", "Evidence"]
    assert told["reading"] is None
    known = held.park.get("/.well-known/carbonledger")
    assert told["chain_id"] == known["chain_id"]
    assert told["contract"] == known["contracts"]["Emissions"]["address"]


def test_prove_discloses_one_reading_and_nothing_else_when_its_owner_names_it(
    held: World, report: str
) -> None:
    answer = proof_of(held, report, meter=METER, stamp=STAMP)
    told = answer.json()["reading"]
    rows = [line.split(",") for line in WHOLE.decode().split("\n")[1:] if line]
    stamps, quantities = [row[0] for row in rows], [row[1].strip() for row in rows]
    index = stamps.index(STAMP)
    seed = bytes.fromhex(SEED[2:])
    assert (told["stamp"], told["quantity"], told["of"]) == (STAMP, quantities[index], MONTH)
    assert told["salt"] == "0x" + salt(seed, index).hex()
    text = answer.text
    assert seed.hex() not in text and base64.b64encode(seed).decode() not in text
    for number, stamp in enumerate(stamps):
        if number != index:
            assert stamp not in text
            assert salt(seed, number).hex() not in text


@pytest.mark.parametrize("by", [None, "enterprise 2", "park", "verifier 2"])
def test_prove_finds_nothing_when_the_role_sees_no_evidence(
    held: World, report: str, by: str | None
) -> None:
    assert proof_of(held, report, by=by).status_code == 404


@pytest.mark.parametrize("by", ["verifier", "regulator"])
def test_prove_leaves_disclosing_to_the_owner_when_another_role_asks(
    held: World, report: str, by: str
) -> None:
    assert proof_of(held, report, by=by).status_code == 200
    assert proof_of(held, report, by=by, meter=METER, stamp=STAMP).status_code == 404


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ({"meter": METER, "stamp": "2023-03-03T04:00:00+08:00"}, "reading"),
        ({"meter": METER, "stamp": "2023-02-03T04:00:01+08:00"}, "reading"),
        ({"meter": METER, "stamp": "x"}, "reading"),
        ({"meter": "88.111.1/MTR.0009", "stamp": STAMP}, "reading"),
        ({"meter": METER, "stamp": "2023-01-03T04:00:00+08:00"}, "evidence"),
    ],
)
def test_prove_is_refused_when_there_is_no_such_reading(
    held: World, report: str, query: dict[str, str], missing: str
) -> None:
    answer = proof_of(held, report, **query)
    assert (answer.status_code, answer.json()["code"]) == (409, "ProofUnavailable")
    assert answer.json()["facts"] == {"missing": missing}


@pytest.mark.parametrize("query", [{"meter": METER}, {"stamp": STAMP}])
def test_prove_is_refused_when_meter_or_stamp_stands_alone(
    held: World, report: str, query: dict[str, str]
) -> None:
    assert proof_of(held, report, **query).json()["code"] == "FieldInvalid"


def test_prove_is_refused_when_the_anchored_root_is_of_other_readings(held: World) -> None:
    """The world's own evidence was anchored with a root of nothing."""
    told = proof_of(held, held.ids["report_3"]).json()
    assert [act["type"] for act in told["acts"]] == ["Report", "Report"]
    assert json.dumps(told).count("0x") > 5
