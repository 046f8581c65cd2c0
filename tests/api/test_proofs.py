"""A report's proof: what it holds, what it keeps, and who gets it."""

import base64
import json

import pytest

from ledger.evidence.merkle import salt
from ledger.outbox.model import submission_table
from scripts import check_proof
from tests import messages as valid
from tests.api.proven import MONTH, OTHER_SIGNER, SIGNER, STAMP, proof_of, prove
from tests.api.test_documents import METER, SEED, WHOLE, _upload
from tests.api.world import World

pytestmark = pytest.mark.slow  # a report is proven for each test


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
    signers = [held.address(name) for name in (SIGNER, SIGNER, SIGNER, OTHER_SIGNER)]
    assert [act["key"] for act in told["acts"]] == signers


def test_prove_discloses_one_reading_and_nothing_else_when_its_owner_names_it(
    held: World, report: str
) -> None:
    answer = proof_of(held, report, meter=METER, stamp=STAMP)
    told = answer.json()["reading"]
    rows = [line.split(",") for line in WHOLE.decode().split("\n")[1:] if line]
    stamps, quantities = [row[0] for row in rows], [row[1].strip() for row in rows]
    index = stamps.index(STAMP)
    seed = bytes.fromhex(SEED[2:])
    assert (told["stamp"], told["quantity"]) == (STAMP, quantities[index])
    assert told["salt"] == "0x" + salt(seed, index).hex()
    secret = [seed, *(salt(seed, number) for number in range(len(rows)) if number != index)]
    for one in secret:
        assert one.hex() not in answer.text and base64.b64encode(one).decode() not in answer.text
    hidden = {f'"{text}"' for text in {*stamps, *quantities} - {STAMP, quantities[index]}}
    assert len(hidden) == 2 * len(rows) - 2
    assert [text for text in hidden if text in answer.text] == []


def test_prove_climbs_to_the_anchored_root_when_documents_and_deliveries_stand_beside(
    held: World, report: str
) -> None:
    told = proof_of(held, report, meter=METER, stamp=STAMP).json()
    proven = check_proof.check(told, {})
    assert f": {told['reading']['quantity']} kWh" in proven[-4]
    assert len(told["reading"]["ways"]["facility"]) == 2  # three leaves, the meter's the first


def test_prove_finds_the_anchored_upload_when_the_meter_was_read_anew(
    held: World, report: str
) -> None:
    """A later upload of the same month changes nothing in what was anchored."""
    anew = WHOLE.replace(b",1.25", b",9.25", 1)
    assert _upload(held, anew, key="anew").status_code == 201
    told = proof_of(held, report, meter=METER, stamp="2023-02-01T01:00:00+08:00").json()
    assert told["reading"]["quantity"] == "1.25"


def test_prove_leaves_a_replaced_month_out_when_a_later_anchor_is_of_other_readings(
    held: World, report: str
) -> None:
    again = valid.evidence(period=MONTH, month=MONTH, follows=report)
    anchored = held.park.act("Evidence", again, signer=SIGNER)
    later = held.park.act("Report", valid.report(period=MONTH, follows=anchored), signer=SIGNER)
    assert proof_of(held, report, meter=METER, stamp=STAMP).status_code == 200
    answer = proof_of(held, later, meter=METER, stamp=STAMP)
    assert answer.json()["facts"] == {"missing": "evidence"}


def test_prove_is_refused_when_the_chain_took_another_persons_signature(
    held: World, report: str
) -> None:
    """Two keys signed the same message: only one signature is the recorded act's."""
    with held.park.ledger.store.keeping() as connection:
        mine = submission_table.c.id == bytes.fromhex(report[2:])
        other = bytes.fromhex(held.address(OTHER_SIGNER)[2:])
        connection.execute(submission_table.update().where(mine).values(key=other))
    answer = proof_of(held, report)
    assert (answer.json()["code"], answer.json()["facts"]) == (
        "ProofUnavailable",
        {"missing": "act"},
    )


def test_prove_is_refused_when_another_service_carried_an_act(held: World, report: str) -> None:
    with held.park.ledger.store.keeping() as connection:
        connection.execute(submission_table.delete().where(submission_table.c.type == "Evidence"))
    assert proof_of(held, report).json()["facts"] == {"missing": "act"}


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
