"""Many acts in one request: each for itself in order, or all or none."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from httpx2 import Response

from tests import messages as valid
from tests.api.next_messages import registration
from tests.api.world import World
from tests.park import CARRIER

NDJSON = "application/x-ndjson"


def _line(world: World, message_type: str, message: dict[str, Any], signer: str) -> dict[str, Any]:
    return {"type": message_type} | world.park.envelope(message_type, message, signer=signer)


def _chain(world: World, count: int, *, year: int = 2030) -> list[dict[str, Any]]:
    """Evidence on one figure, each following the one before."""
    lines: list[dict[str, Any]] = []
    follows = valid.NOBODY
    for _ in range(count):
        message = valid.evidence(period=str(year), month=f"{year}-01", follows=follows)
        lines.append(_line(world, "Evidence", message, "enterprise 1"))
        follows = world.park.id_of("Evidence", lines[-1]["message"])
    return lines


def _transfers(world: World, count: int, *, tonnes: int = 1) -> list[dict[str, Any]]:
    return [
        _line(world, "Transfer", valid.transfer(tonnes=tonnes, nonce=3 + number), "enterprise 1")
        for number in range(count)
    ]


def _send(world: World, lines: list[Any] | bytes, *, mode: str | None = None) -> Response:
    body = lines if isinstance(lines, bytes) else _body(lines)
    return world.park.http.post(
        "/v1/submissions",
        params={} if mode is None else {"mode": mode},
        content=body,
        headers={"Content-Type": NDJSON} | world.park.headers(CARRIER),
    )


def _body(lines: list[Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _answers(response: Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith(NDJSON)
    return [json.loads(line) for line in response.text.splitlines()]


def _state(world: World, answer: dict[str, Any]) -> str:
    world.park.settle()
    state: str = world.park.get(answer["submission"])["state"]
    return state


def test_send_each_is_final_in_order_when_every_line_follows_the_one_before(held: World) -> None:
    lines = _chain(held, 30)
    answers = _answers(_send(held, lines))
    assert [one["id"] for one in answers] == [
        held.park.id_of("Evidence", line["message"]) for line in lines
    ]
    assert {_state(held, one) for one in answers} == {"final"}


def test_send_each_gives_the_answer_of_a_post_when_a_line_is_accepted(held: World) -> None:
    answer = _answers(_send(held, _chain(held, 1)))[0]
    posted = held.park.post("Transfer", held.bodies["Transfer"], wait=False).json()
    assert answer.keys() == posted.keys()
    assert answer["acknowledgement"].keys() == posted["acknowledgement"].keys()


def test_send_each_takes_an_act_when_a_line_before_registers_its_parent(
    held: World,
) -> None:
    prefix = registration(label="77", is_prefix=True, kind="prefix")
    below = registration(parent="88.111.1.77", label="FAC.0001")
    lines = [_line(held, "Registration", one, "enterprise 1") for one in (prefix, below)]
    answers = _answers(_send(held, lines))
    assert [one["actor"] for one in answers] == ["88.111/ENT.0001"] * 2
    assert [_state(held, one) for one in answers] == ["final", "final"]


def test_send_each_takes_a_confirmation_when_its_statement_is_an_earlier_line(held: World) -> None:
    statement, signer = held.acts["Statement"]
    first = _line(held, "Statement", statement, signer)
    follows = held.park.id_of("Statement", first["message"])
    grams = statement["verified_grams"] // 1_000_000
    message = valid.confirmation(follows, facility=statement["facility"], tonnes=grams)
    answers = _answers(_send(held, [first, _line(held, "Confirmation", message, "regulator")]))
    assert [_state(held, one) for one in answers] == ["final", "final"]


def test_send_each_refuses_a_line_alone_when_it_is_wrong(held: World) -> None:
    good = _chain(held, 2)
    spoiled = good[0] | {"signature": "0x00"}
    wrong: list[Any] = [spoiled, [], 7, {"type": "Poem"}, {"type": ["Transfer"]}, {}, good[0]]
    answers = _answers(_send(held, [*wrong, good[1]]))
    codes = [one.get("code") for one in answers]
    assert codes == ["SignatureMalformed", *["FieldInvalid"] * 5, None, None]
    assert _state(held, answers[-1]) == "final"


def test_send_each_tells_where_a_line_breaks_when_it_is_no_json(held: World) -> None:
    body = b"{\n\n" + _body(_chain(held, 1)) + b'{"type":"Transfer","type":"Cap"}'
    answers = _answers(_send(held, body))
    assert [one.get("code") for one in answers] == [
        "RequestMalformed",
        "RequestMalformed",
        None,
        "RequestMalformed",
    ]
    assert answers[3]["facts"] == {"reason": "duplicate_key", "position": 19}


def test_send_each_names_the_first_when_a_line_was_recorded_before(held: World) -> None:
    lines = _transfers(held, 2)
    first = _answers(_send(held, lines))
    held.park.settle()
    again = _answers(_send(held, lines))
    assert [one["code"] for one in again] == ["NonceUsed", "NonceUsed"]
    assert [one["facts"]["id"] for one in again] == [one["id"] for one in first]
    assert {one["facts"]["state"] for one in again} == {"final"}


@pytest.mark.parametrize("share", [0.5, 1.0], ids=["in the middle", "before the answer"])
def test_send_each_has_one_effect_when_an_upload_that_was_cut_is_repeated(
    held: World, held_url: str, share: float
) -> None:
    lines = _transfers(held, 8)
    _cut(held_url, held, _body(lines), share=share)
    with httpx2.Client(base_url=held_url, trust_env=False) as client:
        headers = {"Content-Type": NDJSON} | held.park.headers(CARRIER)
        path, body = "/v1/submissions", _body(lines)
        told = [_answers(client.post(path, content=body, headers=headers)) for _ in range(2)]
    held.park.settle()
    ids = [held.park.id_of("Transfer", line["message"]) for line in lines]
    for answers in told:
        assert [one.get("id") or one["facts"]["id"] for one in answers] == ids
    assert {one["facts"]["state"] for one in told[1]} <= {"accepted", "sent", "final"}
    states = [held.park.get(f"/v1/submissions/{act_id}")["state"] for act_id in ids]
    assert states == ["final"] * len(lines)


def _cut(url: str, world: World, body: bytes, *, share: float) -> None:
    """A request of which the client sends so much, and then is gone."""
    place = urlsplit(url)
    headers = {"Host": "x", "Content-Type": NDJSON, "Content-Length": str(len(body))}
    headers |= world.park.headers(CARRIER)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection((place.hostname, place.port)) as connection:
        connection.sendall(f"POST /v1/submissions HTTP/1.1\r\n{head}\r\n".encode())
        connection.sendall(body[: int(len(body) * share)])


def test_send_each_takes_an_act_once_when_two_lines_are_the_same(held: World) -> None:
    line = _transfers(held, 1)[0]
    first, second = _answers(_send(held, [line, line]))
    assert second["facts"]["id"] == first["id"]
    assert second["facts"]["state"] == "accepted"


def test_send_all_is_final_when_every_line_holds(held: World) -> None:
    answers = _answers(_send(held, _chain(held, 20), mode="all"))
    assert {_state(held, one) for one in answers} == {"final"}
    blocks = {held.park.get(one["submission"])["transaction"] for one in answers}
    assert len(blocks) == 1


def test_send_all_takes_none_when_one_line_is_refused_at_the_door(held: World) -> None:
    lines = _transfers(held, 3)
    late = valid.transfer(tonnes=1, nonce=4) | {"deadline": "2022-12-01T00:00:00Z"}
    lines[1] = _line(held, "Transfer", late, "enterprise 1")
    before = held.kept()
    answer = _send(held, lines, mode="all")
    assert (answer.status_code, answer.json()["code"]) == (409, "SignatureExpired")
    assert answer.json()["facts"]["line"] == 2
    assert held.kept() == before


def test_send_all_takes_none_when_the_chain_refuses_one(held: World) -> None:
    """The second is more than is left once the first has gone: the door cannot know."""
    available = held.park.get("/v1/accounts/88.111/ENT.0001")["holdings"][0]["available"]
    lines = _transfers(held, 2, tonnes=available)
    answers = _answers(_send(held, lines, mode="all"))
    assert [_state(held, one) for one in answers] == ["refused", "refused"]
    for one in answers:
        refusal = held.park.get(one["submission"])["refusal"]
        assert (refusal["code"], refusal["facts"]["have"]) == ("QuotaInsufficient", 0)
    holdings = held.park.get("/v1/accounts/88.111/ENT.0001")["holdings"]
    assert holdings[0]["available"] == available


def test_send_each_moves_the_first_when_the_chain_refuses_the_second(held: World) -> None:
    available = held.park.get("/v1/accounts/88.111/ENT.0001")["holdings"][0]["available"]
    answers = _answers(_send(held, _transfers(held, 2, tonnes=available)))
    assert [_state(held, one) for one in answers] == ["final", "refused"]


def test_send_all_is_refused_when_the_types_differ(world: World) -> None:
    message, signer = world.acts["Cap"]
    lines = [*_transfers(world, 1), _line(world, "Cap", message, signer)]
    told = _send(world, lines, mode="all").json()
    assert (told["code"], told["facts"]["line"]) == ("FieldInvalid", 2)
    assert told["facts"]["errors"] == [{"pointer": "/type", "rule": "same_in_every_line"}]


@pytest.mark.parametrize(("mode", "lines"), [("each", 1_001), ("all", 201)])
def test_send_is_refused_when_there_are_too_many_lines(world: World, mode: str, lines: int) -> None:
    answer = _send(world, b"{}\n" * lines, mode=mode)
    assert (answer.status_code, answer.json()["code"]) == (422, "BatchTooLong")
    assert answer.json()["facts"] == {"calls": lines}


def test_send_is_refused_when_it_is_longer_than_four_megabytes(world: World) -> None:
    answer = _send(world, b" " * (4 * 2**20 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "PayloadTooLarge")


@pytest.mark.parametrize("body", [b"", b"\n"])
def test_send_is_refused_when_there_is_no_line(world: World, body: bytes) -> None:
    answer = _send(world, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "FieldInvalid")


def test_send_is_refused_when_the_mode_is_unknown(world: World) -> None:
    told = _send(world, b"{}", mode="some").json()
    assert told["facts"] == {"errors": [{"pointer": "/mode", "rule": "one_of:each,all"}]}


def test_send_is_refused_when_it_is_no_ndjson(world: World) -> None:
    headers = {"Content-Type": "application/json"} | world.park.headers(CARRIER)
    answer = world.park.http.post("/v1/submissions", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "MediaTypeUnsupported")


def test_send_is_refused_when_nobody_is_named(world: World) -> None:
    answer = world.park.http.post(
        "/v1/submissions", content=b"{}", headers={"Content-Type": NDJSON}
    )
    assert (answer.status_code, answer.json()["code"]) == (401, "TokenMissing")
