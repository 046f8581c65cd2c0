"""Any read as of an earlier block or time says what it said then, whatever came since."""

from typing import Any

import pytest

from tests.api.next_messages import facility
from tests.api.world import World

READS = [
    "/v1/identifiers",
    "/v1/identifiers/88.111/ENT.0002",
    "/v1/keys?identifier=88.111/ENT.0001",
    "/v1/standings",
    "/v1/accreditations",
    "/v1/assignments?state=open",
    "/v1/evidence?year=2023",
    "/v1/reports",
    "/v1/reports?state=submitted",
    "/v1/reports?state=superseded&order=desc",
    "/v1/statements",
    "/v1/confirmations",
    "/v1/caps",
    "/v1/allocations",
    "/v1/transfers",
    "/v1/accounts",
    "/v1/accounts/88.111/ENT.0001",
    "/v1/accounts/88.111/ENT.0001/movements",
    "/v1/assets",
    "/v1/compliance/2023",
    "/v1/compliance/2023/88.111/ENT.0001",
    "/v1/park/88/PARK.0001?period=2023",
    "/v1/deliveries",
]


def _read(world: World, path: str, as_of: str | int) -> dict[str, Any]:
    joined = "&" if "?" in path else "?"
    told = world.park.get(f"{path}{joined}as_of={as_of}")
    return {name: value for name, value in told.items() if name not in ("final_block", "next")}


@pytest.mark.slow  # three seconds of blocks
def test_read_says_what_it_said_when_it_is_asked_for_the_block_of_then(held: World) -> None:
    then = held.park.get("/.well-known/carbonledger")["as_of_block"]
    first = held.park.get("/v1/evidence")["items"][0]
    blocks = [first["block"], then // 2, then - 1, then]
    before = {(path, block): _read(held, path, block) for path in READS for block in blocks}
    now = {path: _read(held, path, then) for path in READS}
    for message_type in ("Transfer", "Report", "Statement", "StandingChange", "Cap", "KeyAddition"):
        held.park.post(message_type, held.bodies[message_type])
    held.park.post("Delivery", held.bodies["Delivery"], wait=False)
    assert {place: _read(held, place[0], place[1]) for place in before} == before
    changed = [
        path for path in READS if _read(held, path, then) != _strip(held.park.get(path)) and path
    ]
    assert len(changed) > len(READS) // 2, "what was asked for did change since"
    assert {path: _read(held, path, then) for path in READS} == now


def _strip(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name not in ("final_block", "next")}


def test_read_shows_the_last_block_until_then_when_a_time_is_asked_for(world: World) -> None:
    known = world.park.get("/.well-known/carbonledger")
    told = world.park.get(f"/v1/assets?as_of={known['as_of_time']}")
    assert told["as_of_block"] == known["as_of_block"]
    earlier = world.park.get("/v1/reports")["items"][0]["block"]
    assert world.park.get(f"/v1/reports?as_of={earlier}")["as_of_block"] == earlier


@pytest.mark.parametrize("asked", ["999999999", "2000-01-01T00:00:00Z", "0"])
def test_read_is_refused_when_the_chain_has_no_such_moment(world: World, asked: str) -> None:
    headers = world.park.headers("founder 1")
    told = world.park.http.get(f"/v1/assets?as_of={asked}", headers=headers).json()
    head = world.park.get("/.well-known/carbonledger")["as_of_block"]
    assert (told["code"], told["facts"]) == ("AsOfUnknown", {"asked": asked, "head": head})


@pytest.mark.parametrize("asked", ["yesterday", "-1", "1e3", "2023", "1" * 40, "１２"])
def test_read_is_refused_when_the_moment_is_none(world: World, asked: str) -> None:
    headers = world.park.headers("founder 1")
    told = world.park.http.get("/v1/assets", params={"as_of": asked}, headers=headers).json()
    assert told["status"] == 422
    assert told["code"] in ("FieldInvalid", "AsOfUnknown")


def test_walk_shows_the_states_of_its_start_when_the_chain_goes_on(held: World) -> None:
    """A report that is attested meanwhile is still a submitted one on the next page."""
    path = "/v1/reports?limit=2&order=desc"
    whole = held.park.get("/v1/reports?limit=200&order=desc")["items"]
    page = held.park.get(path)
    walked = page["items"]
    held.park.post("Statement", held.bodies["Statement"])
    while page["next"] is not None:
        page = held.park.get(page["next"])
        walked += page["items"]
    assert walked == whole
    newest = held.park.get(f"/v1/reports?facility={facility(3)}&order=desc&limit=1")["items"][0]
    assert newest["state"] == "attested"


def test_list_links_its_next_page_absolutely_when_there_is_one(world: World) -> None:
    answer = world.park.http.get("/v1/identifiers?limit=1")
    link = answer.headers["link"]
    assert link.startswith("<http://testserver/v1/identifiers?") and link.endswith('rel="next"')
    assert answer.json()["next"] in link


def test_list_comes_the_other_way_round_when_the_newest_are_asked_for(world: World) -> None:
    oldest = world.park.get("/v1/identifiers?limit=200")["items"]
    assert world.park.get("/v1/identifiers?limit=200&order=desc")["items"] == oldest[::-1]


def test_walk_is_refused_when_its_cursor_is_of_the_other_order(world: World) -> None:
    following = world.park.get("/v1/identifiers?limit=1&order=desc")["next"]
    answer = world.park.http.get(following.replace("order=desc", "order=asc"))
    assert (answer.status_code, answer.json()["facts"]) == (400, {"reason": "filters"})


def test_read_is_not_sent_again_when_the_caller_has_it(world: World) -> None:
    path, headers = "/v1/identifiers/88.111/ENT.0001", world.park.headers("founder 1")
    first = world.park.http.get(path, headers=headers)
    tag = {"If-None-Match": first.headers["etag"]}
    again = world.park.http.get(path, headers=headers | tag)
    assert (again.status_code, again.content) == (304, b"")
    other = world.park.http.get("/v1/identifiers/88.111/ENT.0002", headers=headers | tag)
    assert other.status_code == 200


def test_movements_sum_to_the_balance_when_all_are_added(world: World) -> None:
    path = "/v1/accounts/88.111/ENT.0001"
    moves = world.park.get(f"{path}/movements?limit=200&asset=PARK-2023")["items"]
    holding = world.park.get(path)["holdings"][0]
    assert sum(move["tonnes"] for move in moves) == holding["available"]
    assert moves[-1]["available_after"] == holding["available"]
    assert [move["cause"] for move in moves] == ["allocation", "transfer", "surrender"]
