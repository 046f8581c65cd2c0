"""Who sees what: role by resource by field, and that nobody sees anything by another way.

The table in views.json was written from the specification, not from the code.
"""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from tests.api.world import World

TABLE = json.loads((Path(__file__).parent / "views.json").read_text("utf-8"))
ROLES: dict[str, str | None] = TABLE["roles"]
FRESHNESS = {"as_of_block", "final_block", "as_of_time"}
CASES = [(resource, role) for resource in TABLE["resources"] for role in ROLES]
SEEN_BY_ROLE = [
    "/v1/evidence",
    "/v1/reports",
    "/v1/statements",
    "/v1/confirmations",
    "/v1/reopenings",
    "/v1/assignments",
    "/v1/transfers",
    "/v1/surrenders",
    "/v1/cancellations",
    "/v1/deliveries",
]
UNKNOWN = "0x" + "77" * 31 + "00"


def _ask(world: World, path: str, role: str) -> Response:
    return world.park.http.get(path, headers=world.park.headers(ROLES[role]))


def _names(world: World) -> dict[str, str]:
    anchored = world.park.get("/v1/evidence")["items"][0]["id"]
    return world.names() | {"anchored": anchored}


def _wanted(entry: dict[str, Any], role: str) -> set[str] | None:
    """The fields that the table gives a role; None: it does not see the resource."""
    given = entry.get(role)
    named = entry[given] if isinstance(given, str) else given
    return None if named is None else set(named)


@pytest.mark.parametrize(("resource", "role"), CASES)
def test_read_gives_just_the_fields_of_the_table_when_a_role_asks(
    world: World, resource: str, role: str
) -> None:
    entry = TABLE["resources"][resource]
    path = entry["path"]
    for name, value in _names(world).items():
        path = path.replace(f"${name}", value)
    answer, wanted = _ask(world, path, role), _wanted(entry, role)
    if wanted is None:
        assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")
    else:
        assert answer.status_code == 200, answer.text
        assert set(answer.json()) - FRESHNESS == wanted


@pytest.mark.parametrize("role", ROLES)
def test_compliance_is_public_in_five_fields_when_the_deadline_has_passed(
    held: World, role: str
) -> None:
    held.park.set_time("2025-01-02T00:00:00Z")
    told = _ask(held, "/v1/compliance/2023/88.111/ENT.0002", role).json()
    public = {"enterprise", "year", "view", "status", "due_tonnes", "surrendered_tonnes"}
    assert (set(told) - FRESHNESS == public) == (told["view"] == "public")
    assert told["status"] in ("open", "short", "compliant", "late_compliant")


@pytest.mark.parametrize("path", SEEN_BY_ROLE)
@pytest.mark.parametrize("role", ROLES)
def test_list_gives_what_the_single_reads_give_when_a_role_walks_it(
    world: World, path: str, role: str
) -> None:
    """What is in the list can be read, what is not cannot, and both in the same fields."""
    every = {one["id"] for one in _walk(world, path, "root")}
    listed = {one["id"]: one for one in _walk(world, path, role)}
    assert listed.keys() <= every
    for act_id in every:
        answer = _ask(world, f"{path}/{act_id}", role)
        assert (answer.status_code == 200) == (act_id in listed)
        if answer.status_code == 200:
            shown = {k: v for k, v in answer.json().items() if k not in FRESHNESS}
            assert shown == listed[act_id]


@pytest.mark.slow  # eighty pairs of role and resource
@pytest.mark.parametrize("path", SEEN_BY_ROLE)
@pytest.mark.parametrize("role", ROLES)
def test_read_tells_of_a_hidden_act_as_of_none_when_a_role_may_not_see_it(
    world: World, path: str, role: str
) -> None:
    every = {one["id"] for one in _walk(world, path, "root")}
    hidden = every - {one["id"] for one in _walk(world, path, role)}
    nothing = _ask(world, f"{path}/{UNKNOWN}", role)
    for act_id in hidden:
        answer = _ask(world, f"{path}/{act_id}", role)
        assert answer.text.replace(act_id, UNKNOWN) == nothing.text
        assert answer.headers.keys() == nothing.headers.keys()


@pytest.mark.slow  # eighty pairs of role and resource
@pytest.mark.parametrize("path", SEEN_BY_ROLE)
@pytest.mark.parametrize("role", ROLES)
def test_filter_finds_nothing_hidden_when_a_role_names_what_another_owns(
    world: World, path: str, role: str
) -> None:
    known = _ask(world, f"{path}?nothing=1", role).json()["facts"]["known"]
    seen = {one["id"] for one in _walk(world, path, role)}
    for one in _walk(world, path, "root"):
        for name in set(known) & one.keys():
            if one[name] is None:
                continue
            found = _ask(world, f"{path}?limit=200&{name}={one[name]}", role)
            assert {each["id"] for each in found.json()["items"]} <= seen


@pytest.mark.parametrize("path", [*SEEN_BY_ROLE, "/v1/accounts", "/v1/submissions"])
@pytest.mark.parametrize("role", ROLES)
def test_export_gives_what_the_list_gives_when_a_role_asks_for_files(
    world: World, path: str, role: str
) -> None:
    listed = list(_walk(world, path, role))
    lines = _ask(world, f"{path}?format=ndjson", role).text.splitlines()
    exported = [json.loads(line) for line in lines]
    assert [{k: v for k, v in one.items() if k != "as_of_block"} for one in exported] == listed
    rows = list(csv.DictReader(io.StringIO(_ask(world, f"{path}?format=csv", role).text)))
    assert len(rows) == len(listed)
    identity = "account" if path == "/v1/accounts" else "id"
    assert [row[identity] for row in rows] == [one[identity] for one in listed]


@pytest.mark.parametrize("role", [role for role in ROLES if role not in ("regulator", "root")])
def test_read_keeps_others_balances_when_a_role_asks_for_every_account(
    world: World, role: str
) -> None:
    accounts = {one["account"] for one in _walk(world, "/v1/accounts", role)}
    own = {"owner": {"88.111/ENT.0001"}, "other enterprise": {"88.111/ENT.0002"}}
    assert accounts == own.get(role, set())
    for account in {"88.111/ENT.0001", "88.111/ENT.0002"} - accounts:
        for more in ("", "/movements"):
            assert _ask(world, f"/v1/accounts/{account}{more}", role).status_code == 404


def test_read_shows_the_granted_year_when_an_owner_lets_the_park_see_its_account(
    held: World,
) -> None:
    path = "/v1/accounts/88.111/ENT.0001"
    assert _ask(held, path, "park").status_code == 404
    headers = held.park.headers("enterprise 1")
    granting = "/v1/grants/88/PARK.0001?resource=accounts&period="
    held.park.http.put(f"{granting}2022", headers=headers)
    assert _ask(held, path, "park").json()["holdings"] == []
    held.park.http.put(f"{granting}2023", headers=headers)
    told = _ask(held, path, "park").json()
    assert (told["view"], len(told["holdings"])) == ("granted", 1)
    held.park.http.delete(f"{granting}2023", headers=headers)
    assert _ask(held, path, "park").json()["holdings"] == []


def test_read_submissions_gives_own_and_carried_when_somebody_else_asks(world: World) -> None:
    """The first founder carried everything; the enterprise made some of it."""
    mine = list(_walk(world, "/v1/submissions", "owner"))
    assert {one["actor"] for one in mine} == {"88.111/ENT.0001"}
    other = _ask(world, f"/v1/submissions/{mine[0]['id']}", "other enterprise")
    assert other.status_code == 404
    assert _ask(world, f"/v1/submissions/{mine[0]['id']}", "public").status_code == 404
    assert len(list(_walk(world, "/v1/submissions", "root"))) > len(mine)


def test_list_gives_each_submission_once_when_its_actor_carried_it(world: World) -> None:
    whole = [one["id"] for one in _walk(world, "/v1/submissions", "root")]
    assert len(set(whole)) == len(whole)
    for order, wanted in (("asc", whole), ("desc", whole[::-1])):
        walked = _walk(world, "/v1/submissions", "root", query=f"limit=7&order={order}")
        assert [one["id"] for one in walked] == wanted


def _walk(
    world: World, path: str, role: str, *, query: str = "limit=200"
) -> Iterator[dict[str, Any]]:
    following: str | None = f"{path}?{query}"
    while following is not None:
        page = _ask(world, following, role).json()
        yield from page["items"]
        following = page["next"]
