"""GET /v1/reports/{id}/explanation is for who may see activity data."""

import pytest

from ledger.chain.bindings import RIGHTS
from tests.api.world import World
from tests.park import SUBMIT

UNKNOWN = "0x" + "5e" * 32


def _path(world: World, act_id: str | None = None) -> str:
    return f"/v1/reports/{act_id or world.ids['report_3']}/explanation"


@pytest.mark.parametrize("by", [None, "enterprise 2", "park", "verifier 2"])
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


def test_explain_report_is_refused_as_unknown_when_the_token_may_not_read(world: World) -> None:
    token = world.park.token("enterprise 1", scopes=SUBMIT)
    answer = world.park.http.get(_path(world), headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")


@pytest.mark.parametrize("by", ["enterprise 1", "verifier"])
def test_explain_report_is_refused_when_its_rule_pack_is_not_held(world: World, by: str) -> None:
    answer = world.park.http.get(_path(world), headers=world.park.headers(by))
    assert (answer.status_code, answer.json()["code"]) == (404, "RulePackUnknown")


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (None, "FieldInvalid"),
        (" ", "FieldInvalid"),
        ("a yearly check", "RulePackUnknown"),
    ],
)
def test_explain_report_asks_for_a_reason_when_a_regulator_looks(
    world: World, reason: str | None, code: str
) -> None:
    query = {} if reason is None else {"reason": reason}
    headers = world.park.headers("regulator")
    answer = world.park.http.get(_path(world), params=query, headers=headers)
    assert answer.json()["code"] == code


def test_explain_report_is_open_to_a_park_when_the_owner_grants_its_documents(
    held: World,
) -> None:
    granted = held.park.http.put(
        "/v1/grants/88/PARK.0001?resource=documents&period=2023",
        headers=held.park.headers("enterprise 1"),
    )
    assert granted.is_success, granted.text
    answer = held.park.http.get(_path(held), headers=held.park.headers("park"))
    assert answer.json()["code"] == "RulePackUnknown"


def test_explain_report_is_refused_as_unknown_when_its_year_is_not_the_verifiers(
    world: World,
) -> None:
    earlier = world.park.get("/v1/reports?period=2022")["items"][0]["id"]
    for by, code in (("verifier", "ResourceUnknown"), ("enterprise 1", "RulePackUnknown")):
        answer = world.park.http.get(_path(world, earlier), headers=world.park.headers(by))
        assert answer.json()["code"] == code


def test_explain_report_is_refused_as_unknown_when_the_regulator_is_of_elsewhere(
    held: World,
) -> None:
    park, founder = held.park, "founder 1"
    park.register("88", "222", "prefix", owner="88", signer=founder, wait=True)
    park.register("88.222", "REG.0001", "regulator", owner="88", signer=founder, wait=True)
    park.add_key("88.222/REG.0001", "other", RIGHTS["CONFIRM"], signer=founder, wait=True)
    asked = {"reason": "curiosity"}
    answer = park.http.get(_path(held), params=asked, headers=park.headers("other"))
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")
