"""GET /v1/reports/{id}/explanation is for who may see activity data."""

import pytest

from tests.api.world import World

UNKNOWN = "0x" + "5e" * 32


def _path(world: World, act_id: str | None = None) -> str:
    return f"/v1/reports/{act_id or world.ids['report_3']}/explanation"


@pytest.mark.parametrize("by", [None, "enterprise 2", "park"])
def test_explain_report_is_refused_as_unknown_when_a_stranger_asks(
    world: World, by: str | None
) -> None:
    answer = world.park.http.get(_path(world), headers=world.park.headers(by))
    unknown = world.park.http.get(_path(world, UNKNOWN), headers=world.park.headers(by))
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "ResourceUnknown")


def test_explain_report_is_refused_when_the_id_is_none(world: World) -> None:
    answer = world.park.http.get(_path(world, "x"), headers=world.park.headers("enterprise 1"))
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")


def test_explain_report_is_refused_when_its_rule_pack_is_not_held(world: World) -> None:
    answer = world.park.http.get(_path(world), headers=world.park.headers("enterprise 1"))
    assert (answer.status_code, answer.json()["code"]) == (404, "RulePackUnknown")
