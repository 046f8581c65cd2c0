"""What an owner lets another see is its own to give, dated, listed and ended."""

from typing import Any

import pytest
from httpx2 import Response

from tests.api.world import World

PARK = "88/PARK.0001"


def _ask(
    world: World, method: str, *, by: str | None = "enterprise 1", to: str = PARK, **query: str
) -> Response:
    asked = {"resource": "documents", "period": "2023"} | query
    return world.park.http.request(
        method, f"/v1/grants/{to}", params=asked, headers=world.park.headers(by)
    )


def _listed(world: World, by: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = world.park.get("/v1/grants", by=by)["items"]
    return told


def test_grant_is_listed_by_both_sides_when_the_owner_gives_it(held: World) -> None:
    given = _ask(held, "PUT").json()
    assert (given["owner"], given["participant"]) == ("88.111/ENT.0001", PARK)
    assert (given["resource"], given["period"], given["ended_at"]) == ("documents", "2023", None)
    assert _listed(held, "enterprise 1") == _listed(held, "park") == [given]
    assert _listed(held, "enterprise 2") == []


def test_grant_stays_one_when_it_is_given_again(held: World) -> None:
    first = _ask(held, "PUT").json()
    assert _ask(held, "PUT").json() == first
    assert len(_listed(held, "park")) == 1


def test_grant_is_ended_and_still_listed_when_the_owner_takes_it_back(held: World) -> None:
    _ask(held, "PUT")
    assert _ask(held, "DELETE").status_code == 204
    assert _ask(held, "DELETE").status_code == 204
    assert [one["ended_at"] is not None for one in _listed(held, "park")] == [True]


def test_grant_begins_anew_when_it_is_given_after_its_end(held: World) -> None:
    _ask(held, "PUT")
    _ask(held, "DELETE")
    _ask(held, "PUT")
    assert [one["ended_at"] is None for one in _listed(held, "park")] == [False, True]


def test_end_grant_leaves_anothers_alone_when_both_gave_one(held: World) -> None:
    _ask(held, "PUT")
    _ask(held, "PUT", by="enterprise 2")
    _ask(held, "DELETE", by="enterprise 2")
    assert [one["ended_at"] for one in _listed(held, "enterprise 1")] == [None]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"resource": "everything"}, "FieldInvalid"),
        ({"period": "2023-01"}, "FieldInvalid"),
        ({"period": "20233"}, "PeriodMalformed"),
        ({"reason": "x"}, "FilterUnknown"),
    ],
)
def test_grant_is_refused_when_what_is_granted_is_nothing(
    world: World, query: dict[str, str], code: str
) -> None:
    answer = _ask(world, "PUT", **query)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_grant_is_refused_when_nobody_is_named(world: World) -> None:
    answer = _ask(world, "PUT", by=None)
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")


def test_grant_is_refused_when_the_participant_is_unknown(world: World) -> None:
    answer = _ask(world, "PUT", to="88/PARK.0099")
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")
