"""Time in reads: a walk keeps its moment, a case ends by the clock, and what ended stays shut."""

import base64
from typing import Any

import pytest
from httpx2 import Response

from api.paging import _write_cursor
from ledger.assembly import Moment
from tests import messages as valid
from tests.api.next_messages import delivery, facility
from tests.api.world import World

AFTER_DEADLINE = "2025-01-02T00:00:00Z"


def _ask(world: World, path: str, by: str | None = "founder 1") -> Response:
    return world.park.http.get(path, headers=world.park.headers(by))


@pytest.fixture
def closing(held: World) -> World:
    """The first enterprise's 2024 in the verifier's hands: reported, attested, confirmed."""
    park = held.park
    assigned = valid.assignment(first_year=2023, last_year=2024, revision=2)
    park.act("Assignment", assigned, signer="regulator")
    figure: dict[str, Any] = {"facility": facility(2), "period": "2024"}
    held.ids["report_2024"] = park.act("Report", valid.report(**figure), signer="enterprise 1")
    held.ids["reported_block"] = str(park.get("/v1/reports?order=desc&limit=1")["as_of_block"])
    stated = valid.statement(held.ids["report_2024"], **figure)
    held.ids["stated"] = park.act("Statement", stated, signer="verifier")
    confirmed = valid.confirmation(held.ids["stated"], **figure)
    park.act("Confirmation", confirmed, signer="regulator")
    return held


def test_case_ends_when_thirty_days_have_passed_and_no_block_came(closing: World) -> None:
    """The chain stands still meanwhile: the clock alone tells."""
    path = f"/v1/reports/{closing.ids['report_2024']}"
    closing.park.set_time("2022-12-30T00:00:00Z")
    assert _ask(closing, path, "verifier").json()["view"] == "case"
    assert _open_cases(closing) == 2
    closing.park.set_time("2023-01-03T00:00:00Z")
    assert _ask(closing, path, "verifier").json()["view"] == "public"
    assert _open_cases(closing) == 1
    stated = _ask(closing, f"/v1/statements/{closing.ids['stated']}", "verifier")
    assert stated.json()["view"] == "case", "he keeps his own statements"


def _open_cases(world: World) -> int:
    """Of the first verifier's two assignments of the first enterprise, those that are open."""
    path = "/v1/assignments?verifier=88/VER.0001&state=open"
    return len(_ask(world, path).json()["items"])


def test_case_stays_ended_when_a_moment_is_asked_for_at_which_it_was_open(closing: World) -> None:
    then = closing.ids["reported_block"]
    single = f"/v1/reports/{closing.ids['report_2024']}?as_of={then}"
    listed = f"/v1/reports?year=2024&as_of={then}"
    year = f"/v1/compliance/2024/88.111/ENT.0001?as_of={then}"
    for path in (single, year):
        assert _ask(closing, path, "verifier").json()["view"] == "case"
    assert len(_ask(closing, listed, "verifier").json()["items"]) == 1
    closing.park.set_time("2023-01-03T00:00:00Z")
    for path in (single, year):
        assert _ask(closing, path, "verifier").status_code == 404
    assert _ask(closing, listed, "verifier").json()["items"] == []


def test_documents_are_shut_when_the_case_has_ended_and_no_block_came(closing: World) -> None:
    park = closing.park
    digest = park.upload(b"how it was computed", "calculation")["digest"]
    figure = {"facility": facility(3), "period": "2024", "document": digest}
    reported = park.act("Report", valid.report(**figure), signer="enterprise 1")
    attested = {"facility": facility(3), "period": "2024"}
    stated = park.act("Statement", valid.statement(reported, **attested), signer="verifier")
    park.act("Confirmation", valid.confirmation(stated, **attested), signer="regulator")
    assert _ask(closing, f"/v1/documents/{digest}", "verifier").status_code == 200
    park.set_time("2023-01-03T00:00:00Z")
    assert _ask(closing, f"/v1/documents/{digest}", "verifier").status_code == 404


def test_walk_tells_the_status_of_its_start_when_the_deadline_passes(held: World) -> None:
    whole = _ask(held, "/v1/compliance/2023").json()["items"]
    page = _ask(held, "/v1/compliance/2023?limit=1").json()
    walked = page["items"]
    held.park.set_time(AFTER_DEADLINE)
    while page["next"] is not None:
        page = _ask(held, page["next"]).json()
        walked += page["items"]
    assert walked == whole
    assert _ask(held, "/v1/compliance/2023").json()["items"] != whole


def test_walk_tells_every_year_closed_when_no_block_came_since_the_deadline(held: World) -> None:
    held.park.set_time(AFTER_DEADLINE)
    whole = _ask(held, "/v1/compliance/2023", None).json()["items"]
    page = _ask(held, "/v1/compliance/2023?limit=1", None).json()
    walked = page["items"]
    while page["next"] is not None:
        page = _ask(held, page["next"], None).json()
        walked += page["items"]
    assert len(whole) == 3
    assert walked == whole


def test_list_is_refused_when_a_filter_is_named_twice(world: World) -> None:
    answer = _ask(world, "/v1/reports?year=2023&year=2024")
    assert answer.status_code == 422
    assert answer.json()["facts"] == {"errors": [{"pointer": "/year", "rule": "once"}]}


def test_walk_gives_every_delivery_when_they_came_after_the_last_block(held: World) -> None:
    held.park.set_time("2023-06-01T00:00:00Z")
    for number in range(3):
        body = held.body("Delivery", **delivery(megajoules=number + 1))
        assert held.park.post("Delivery", body, wait=False).status_code == 201
    page = _ask(held, "/v1/deliveries?limit=1", "enterprise 1").json()
    walked = page["items"]
    while page["next"] is not None:
        page = _ask(held, page["next"], "enterprise 1").json()
        walked += page["items"]
    assert [one["megajoules"] for one in walked] == [1, 2, 3]


def test_walk_leaves_out_the_delivery_when_it_came_after_its_start(held: World) -> None:
    for number in (1, 2):
        body = held.body("Delivery", **delivery(megajoules=number))
        held.park.post("Delivery", body, wait=False)
    page = _ask(held, "/v1/deliveries?limit=1", "enterprise 1").json()
    held.park.set_time("2023-06-01T00:00:00Z")
    held.park.post("Delivery", held.body("Delivery", **delivery(megajoules=3)), wait=False)
    rest = _ask(held, page["next"], "enterprise 1").json()
    assert [one["megajoules"] for one in rest["items"]] == [2]
    last = _ask(held, rest["next"], "enterprise 1").json()
    assert (last["items"], last["next"]) == ([], None)


def test_compliance_is_of_the_time_asked_for_when_no_block_came_since(held: World) -> None:
    path = "/v1/compliance/2023/88.111/ENT.0002"
    held.park.set_time(AFTER_DEADLINE)
    before = _ask(held, f"{path}?as_of=2024-12-31T15:59:59Z").json()
    after = _ask(held, f"{path}?as_of=2024-12-31T16:00:00Z").json()
    assert before["as_of_block"] == after["as_of_block"]
    assert (before["phase"], after["phase"]) == ("reporting", "closed")


def test_compliance_stays_hidden_when_the_public_asks_for_before_the_deadline(
    held: World,
) -> None:
    path = "/v1/compliance/2023/88.111/ENT.0001"
    held.park.set_time(AFTER_DEADLINE)
    assert _ask(held, path, None).status_code == 200
    assert _ask(held, f"{path}?as_of=2024-12-01T00:00:00Z", None).status_code == 404


def test_read_is_refused_when_the_moment_lies_ahead(world: World) -> None:
    told = _ask(world, "/v1/assets?as_of=2039-01-01T00:00:00Z").json()
    assert (told["code"], told["facts"]["asked"]) == ("AsOfUnknown", "2039-01-01T00:00:00Z")


def test_walk_is_refused_when_block_and_time_of_the_cursor_are_not_of_one_moment(
    world: World,
) -> None:
    """Nobody mixes an early block with a late time to see what was of neither."""
    page = _ask(world, "/v1/compliance/2023?limit=1").json()
    digest = page["next"].partition("cursor=")[2]
    known = world.park.get("/.well-known/carbonledger")
    block, time = known["as_of_block"], world.park.ledger.clock.now() + 10**6
    for forged in (Moment("", block=5, time=time), Moment("", block=block, time=1)):
        cursor = _write_cursor(0, forged, _digest_of(digest))
        answer = _ask(world, f"/v1/compliance/2023?limit=1&cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (422, "AsOfUnknown")


def _digest_of(cursor: str) -> str:
    padded = cursor + "=" * (-len(cursor) % 4)
    return base64.urlsafe_b64decode(padded).decode().rpartition(".")[2]


def test_movements_are_walked_to_the_end_when_another_vintage_lies_between(held: World) -> None:
    """The grantee sees one vintage; what he does not see ends no page."""
    park = held.park
    for year in (2022, 2024):
        asset = {"asset": f"PARK-{year}", "revision": 1}
        cap = {"authority": "88/REG.310000", "tonnes": 100, "document": valid.DOCUMENT}
        park.act("Cap", cap | asset, signer="regulator")
        park.act("Allocation", valid.allocation(tonnes=7, **asset), signer="regulator")
    granting = "/v1/grants/88/PARK.0001?resource=accounts&period=2024"
    park.http.put(granting, headers=park.headers("enterprise 1"))
    path = "/v1/accounts/88.111/ENT.0001/movements"
    told = _ask(held, f"{path}?limit=1", "park").json()
    assert [one["asset"] for one in told["items"]] == ["PARK-2024"]
    exported = _ask(held, f"{path}?format=ndjson", "park").text.splitlines()
    assert len(exported) == 1


def test_submissions_stand_as_they_stood_when_a_block_is_asked_for(held: World) -> None:
    """The clock stands still, so the first came in the last block's second; the other later."""
    before = held.park.get("/.well-known/carbonledger")["as_of_block"]
    first = held.park.post("Transfer", held.bodies["Transfer"]).json()["id"]
    held.park.set_time("2022-12-02T00:00:00Z")
    later = held.park.post("Transfer", held.body("Transfer", tonnes=1, nonce=6)).json()["id"]
    path = "/v1/submissions?order=desc&type=Transfer"
    now = {one["id"]: one for one in _ask(held, path).json()["items"]}
    assert (now[first]["state"], now[later]["state"]) == ("final", "final")
    then = {one["id"]: one for one in _ask(held, f"{path}&as_of={before}").json()["items"]}
    assert later not in then
    assert (then[first]["state"], then[first]["block"]) == ("sent", None)
    final = _ask(held, f"{path}&state=final&as_of={before}").json()["items"]
    assert {one["id"] for one in final} == then.keys() - {first}


def test_grants_are_paged_and_exported_when_there_are_many(held: World) -> None:
    headers = held.park.headers("enterprise 1")
    for year in range(2021, 2024):
        path = f"/v1/grants/88/PARK.0001?resource=documents&period={year}"
        held.park.http.put(path, headers=headers)
    page = _ask(held, "/v1/grants?limit=2", "park").json()
    rest = _ask(held, page["next"], "park").json()
    periods = [one["period"] for one in page["items"] + rest["items"]]
    assert periods == ["2021", "2022", "2023"]
    lines = _ask(held, "/v1/grants?format=csv", "park").text.splitlines()
    assert lines[0] == "participant,owner,resource,period,created_at,ended_at,as_of_block"
    assert len(lines) == 4
