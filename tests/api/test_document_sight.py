"""Who reads a document: its owner, a case, duty with a reason, a grant; and all of it is noted."""

from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import text

from ledger.access.audit import audit_table, first_broken_entry
from tests import messages as valid
from tests.api.next_messages import facility, finding
from tests.api.test_documents import WHOLE, _upload
from tests.api.world import World

REPORTED = b'{"salt":"0x01"}'


@pytest.fixture
def uploaded(held: World) -> World:
    """A month of readings, and the document of a report of 2024 on the first facility."""
    answer = _upload(held, WHOLE)
    assert answer.status_code == 201, answer.text
    held.ids["readings"] = answer.json()["digest"]
    held.ids["document"] = held.park.upload(REPORTED, "calculation")["digest"]
    return held


def _read(world: World, name: str, by: str | None, **query: str) -> Response:
    return world.park.http.get(
        f"/v1/documents/{world.ids[name]}", params=query, headers=world.park.headers(by)
    )


def _accesses(world: World, by: str = "enterprise 1") -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = world.park.get("/v1/accesses", by=by)["items"]
    return told


@pytest.mark.parametrize("by", [None, "enterprise 2", "park", "verifier 2"])
def test_read_document_finds_nothing_when_the_role_sees_none(uploaded: World, by: str) -> None:
    hidden = _read(uploaded, "readings", by)
    uploaded.ids["none"] = "0x" + "77" * 32
    nothing = _read(uploaded, "none", by)
    assert (hidden.status_code, nothing.status_code) == (404, 404)
    assert hidden.text.replace(uploaded.ids["readings"], uploaded.ids["none"]) == nothing.text
    assert _accesses(uploaded) == []


def test_read_document_is_not_noted_when_the_owner_reads(uploaded: World) -> None:
    assert _read(uploaded, "readings", "enterprise 1").content == WHOLE
    assert _accesses(uploaded) == []


def test_read_document_is_noted_when_the_verifier_has_the_case(uploaded: World) -> None:
    assert _read(uploaded, "readings", "verifier").content == WHOLE
    (access,) = _accesses(uploaded)
    assert (access["viewer"], access["view"]) == ("88/VER.0001", "case")
    assert access["subject"] == uploaded.ids["readings"]
    assert _accesses(uploaded, by="enterprise 2") == []


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_read_document_is_refused_when_a_regulator_gives_no_reason(
    uploaded: World, reason: str | None
) -> None:
    answer = _read(
        uploaded, "readings", "regulator", **({} if reason is None else {"reason": reason})
    )
    assert answer.status_code == 422
    assert answer.json()["facts"] == {"errors": [{"pointer": "/reason", "rule": "missing"}]}
    assert _accesses(uploaded) == []


def test_read_document_is_noted_with_the_reason_when_a_regulator_gives_one(
    uploaded: World,
) -> None:
    answer = _read(uploaded, "readings", "regulator", reason="spot check 7")
    assert answer.content == WHOLE
    assert [one["reason"] for one in _accesses(uploaded)] == ["spot check 7"]


def test_read_document_lets_the_park_in_when_the_owner_grants_it(uploaded: World) -> None:
    headers = uploaded.park.headers("enterprise 1")
    granting = "/v1/grants/88/PARK.0001?resource=documents&period=2023"
    uploaded.park.http.put(granting, headers=headers)
    assert _read(uploaded, "readings", "park").content == WHOLE
    uploaded.park.http.delete(granting, headers=headers)
    assert _read(uploaded, "readings", "park").status_code == 404
    assert [one["viewer"] for one in _accesses(uploaded)] == ["88/PARK.0001"]


def test_read_document_lets_the_enterprise_in_when_a_finding_names_it(held: World) -> None:
    digest = held.park.upload(b"what was found", "audit", by="verifier")["digest"]
    held.ids["found"] = digest
    assert _read(held, "found", "enterprise 1").status_code == 404
    body = held.body("Finding", **{**finding(held.ids["report_3"]), "document": digest})
    held.park.post("Finding", body, wait=False)
    assert _read(held, "found", "enterprise 1").content == b"what was found"
    assert _read(held, "found", "enterprise 2").status_code == 404


def test_read_document_of_a_report_is_the_verifiers_when_its_year_is_his_case(
    uploaded: World,
) -> None:
    message = valid.report(period="2022", facility=facility(2), document=uploaded.ids["document"])
    uploaded.park.act("Report", message, signer="enterprise 1")
    assigned = uploaded.park.get("/v1/assignments?verifier=88/VER.0001")["items"][0]
    expected = 200 if assigned["first_year"] <= 2022 else 404
    assert _read(uploaded, "document", "verifier").status_code == expected


def test_check_accesses_names_the_entry_when_one_was_changed(uploaded: World) -> None:
    for number in range(3):
        _read(uploaded, "readings", "regulator", reason=f"check {number}")
    ledger = uploaded.park.ledger
    with ledger.reading() as reading:
        assert first_broken_entry(reading) is None
    with ledger.store.keeping() as connection:
        connection.execute(text("DROP TRIGGER audit_entry_no_update"))
        second = audit_table.c.seq == 2
        connection.execute(audit_table.update().where(second).values(reason="no reason"))
    with ledger.reading() as reading:
        assert first_broken_entry(reading) == 2


def test_list_accesses_is_refused_when_nobody_is_named(world: World) -> None:
    answer = world.park.http.get("/v1/accesses")
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")


def test_upload_keeps_one_document_when_two_bring_the_same(held: World) -> None:
    for by in ("enterprise 1", "enterprise 2"):
        held.ids["same"] = held.park.upload(b"the same", "other", by=by)["digest"]
        assert _read(held, "same", by).content == b"the same"
    assert _read(held, "same", "park").status_code == 404
