"""Identifiers in the Handle system's JSON: values, response codes, statuses, nasty addresses."""

import http.client
import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote, urlsplit

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from web3 import HTTPProvider, Web3
from web3.logs import DISCARD

from api.app import create_app
from ledger.assembly import Ledger
from ledger.errors import MirrorMissing
from ledger.settings import Limits
from tests.api.world import World, hash_of
from tests.house.source_tree import ROOT
from tests.park import FOR_EVER

ENTERPRISE, FACILITY, METER = "88.111/ENT.0001", "88.111.1/FAC.0001", "88.111.1/MTR.0001"
ROWS: list[dict[str, Any]] = json.loads(
    (ROOT / "tests" / "identity" / "identifiers.json").read_text("utf-8")
)
TIME = re.compile(r"2022-12-01T00:[0-9]{2}:[0-9]{2}Z")


def _ask(world: World, path: str, **headers: str) -> Response:
    return world.park.http.get(f"/api/handles{path}", headers=headers)


def _values(world: World, handle: str) -> dict[int, dict[str, Any]]:
    """The values of a handle that must resolve, by index."""
    answer = _ask(world, f"/{handle}")
    assert (answer.status_code, answer.json()["responseCode"]) == (200, 1)
    return {value["index"]: value for value in answer.json()["values"]}


def _keys(world: World, handle: str) -> list[dict[str, Any]]:
    values = _values(world, handle).values()
    return [json.loads(one["data"]["value"]) for one in values if one["type"] == "CL_PUBKEY"]


def _asked_raw(url: str, target: str, **headers: str) -> tuple[int, dict[str, Any]]:
    """Status and body for a request target that no client may tidy up first."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    with closing(connection):
        connection.putrequest("GET", target)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.headers["content-type"] == "application/json"
        return answer.status, json.loads(answer.read())


def test_resolve_gives_every_value_when_a_meter_is_asked_for(world: World) -> None:
    shown = world.park.get(f"/v1/identifiers/{METER}")
    answer = _ask(world, f"/{METER}")
    told = answer.json()
    times = {value.pop("timestamp") for value in told["values"]}
    assert len(times) == 1 and all(TIME.fullmatch(time) for time in times)
    admin = {"handle": ENTERPRISE, "index": 300, "permissions": "010001010000"}
    texts = {
        1: ("URL", f"http://testserver/v1/identifiers/{METER}"),
        2: ("CL_KIND", "meter"),
        3: ("CL_PARENT", "88.111.1"),
        4: ("CL_OWNER", ENTERPRISE),
        5: ("CL_STANDING", "1"),
        6: ("CL_RECORD", shown["record"]),
    }
    expected = [
        {"index": index, "type": kind, "data": {"format": "string", "value": text}, "ttl": 86400}
        for index, (kind, text) in texts.items()
    ]
    expected.append(
        {"index": 100, "type": "HS_ADMIN", "data": {"format": "admin", "value": admin}}
        | {"ttl": 86400}
    )
    assert told == {"responseCode": 1, "handle": METER, "values": expected}
    assert answer.headers["content-type"] == "application/json"


def test_resolve_tells_the_digest_that_the_contract_emitted_when_a_record_is_anchored(
    world: World, url: str
) -> None:
    chain = Web3(HTTPProvider(f"{url}/rpc", exception_retry_configuration=None))
    artifact = ROOT / "ledger" / "chain" / "artifacts" / "Identifiers.json"
    address = Web3.to_checksum_address(world.park.ledger.manifest.identifiers)
    abi = json.loads(artifact.read_text("utf-8"))["abi"]
    registered = chain.eth.contract(address=address, abi=abi).events.Registered()
    logs = chain.eth.get_logs({"fromBlock": 0, "toBlock": "latest", "address": address})
    (event,) = (
        event
        for event in registered.process_receipt({"logs": logs}, errors=DISCARD)
        if event["args"]["subject"] == bytes.fromhex(hash_of(METER)[2:])
    )
    assert _values(world, METER)[6]["data"]["value"] == f"0x{event['args']['record'].hex()}"


def test_resolve_tells_a_new_digest_and_time_when_the_record_was_changed(held: World) -> None:
    message, signer = held.acts["RecordChange"]
    handle = message["subject"]
    before = _values(held, handle)
    held.park.set_time(held.park.in_hours(1))
    act = held.park.act("RecordChange", message, signer=signer)
    after = _values(held, handle)
    assert (6 in before, after[6]["data"]["value"]) == (False, message["record"])
    block = held.park.get(f"/v1/submissions/{act}")["block"]
    assert held.park.get(f"/v1/records/{act}")["block"] == block
    assert before[2]["timestamp"] < after[6]["timestamp"]


def test_resolve_flags_ended_keys_when_an_enterprise_has_some(world: World) -> None:
    keys = _keys(world, ENTERPRISE)
    names = {world.address(name): name for name in ("retired", "compromised", "reporter")}
    states = {names.get(key["key"], "own"): key["state"] for key in keys}
    assert states == {
        "own": "active",
        "retired": "retired",
        "compromised": "compromised",
        "reporter": "active",
    }
    listed = world.park.get(f"/v1/keys?identifier={ENTERPRISE}")["items"]
    assert [{**key, "state": None} for key in keys] == [{**key, "state": None} for key in listed]
    assert keys[0]["valid_until"] == FOR_EVER
    indexes = [one for one in _values(world, ENTERPRISE) if one >= 300]
    assert indexes == list(range(300, 300 + len(keys)))


def test_resolve_gives_the_authority_of_a_prefix_when_its_handle_is_asked_for(
    world: World,
) -> None:
    values = _values(world, "0.NA/88.111.1")
    assert values[2]["data"]["value"] == "prefix"
    assert values[1]["data"]["value"].endswith("/v1/identifiers/88.111.1")
    admin = {"handle": ENTERPRISE, "index": 300, "permissions": "110001010101"}
    assert values[100]["data"]["value"] == admin
    assert _values(world, "0.na%2F88")[100]["data"]["value"]["handle"] == "0.NA/88"
    assert 3 not in _values(world, "0.NA/88")


@pytest.mark.parametrize("handle", ["88/REG.310000", FACILITY, "0.NA/88.111", "88/EMISSIONS"])
def test_resolve_finds_the_administrator_when_its_handle_is_followed(
    world: World, handle: str
) -> None:
    administrator = _values(world, handle)[100]["data"]["value"]
    named = _values(world, administrator["handle"])[administrator["index"]]
    assert named["type"] == "CL_PUBKEY"


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        ("type=URL", [1]),
        ("type=cl_kind&type=HS_ADMIN", [2, 100]),
        ("index=5&index=1", [1, 5]),
        ("index=6&type=URL", [1, 6]),
        ("index=1&index=1&type=URL", [1]),
        ("index=-7", []),
        ("type=HS_PUBKEY", []),
        ("type=", []),
        ("auth=true&publicOnly=false&cert=true&nonsense=7", [1, 2, 3, 4, 5, 6, 100]),
    ],
)
def test_resolve_gives_values_of_either_when_types_or_indexes_are_asked_for(
    world: World, query: str, indexes: list[int]
) -> None:
    answer = _ask(world, f"/{METER}?{query}")
    told = answer.json()
    assert answer.status_code == 200
    assert [value["index"] for value in told["values"]] == indexes
    assert (told["responseCode"], told["handle"]) == (1 if indexes else 200, METER)


@pytest.mark.parametrize(
    "asked",
    [
        FACILITY,
        "88.111.1/fac.0001",
        "hdl:88.111.1/Fac.0001",
        "88.111.1%2FFAC.0001",
        "88.111.1/FAC%2E0001",
        "http://hdl.handle.net/88.111.1/FAC.0001",
    ],
)
def test_resolve_finds_the_same_when_a_handle_is_written_otherwise(url: str, asked: str) -> None:
    status, told = _asked_raw(url, f"/api/handles/{asked}")
    assert (status, told["responseCode"]) == (200, 1)
    written = asked.replace("%2F", "/").replace("%2E", ".")
    assert told["handle"] == written
    assert told["values"][0]["data"]["value"] == f"{url}/v1/identifiers/{FACILITY}"


def test_resolve_links_to_where_it_was_reached_when_a_proxy_ends_tls(url: str) -> None:
    _, told = _asked_raw(url, f"/api/handles/{METER}?type=URL", X_Forwarded_Proto="https")
    assert told["values"][0]["data"]["value"] == f"https{url[4:]}/v1/identifiers/{METER}"


@pytest.mark.parametrize(
    ("handle", "response_code", "status"),
    [
        ("88.111.1/NOPE", 100, 404),
        ("0.NA/88.111.7", 100, 404),
        ("88.999.9/X", 301, 400),
        ("88.111.10/FAC.0001", 301, 400),
        ("88.0111.1/FAC.0001", 301, 400),
        ("0.NA/10", 301, 400),
        ("0.NA/88.111.7.7", 301, 400),
    ],
)
def test_resolve_answers_for_our_prefixes_alone_when_a_handle_is_unknown(
    world: World, handle: str, response_code: int, status: int
) -> None:
    answer = _ask(world, f"/{handle}")
    told = answer.json()
    assert (answer.status_code, told["responseCode"], told["handle"]) == (
        status,
        response_code,
        handle,
    )
    assert told["message"] and "values" not in told


def _expected(row: dict[str, Any]) -> int:
    """The response code for a row of the grammar's table in a handle's place."""
    if row["row"] == "13":
        return 100  # a prefix's handle: no subject, but we would be who registers it
    is_handle = row["verdict"] == "ok" and "/" in row.get("name", "88.111.7/A")
    if not is_handle:
        return 102
    return 100 if row.get("name", "").startswith("88/") else 301


@pytest.mark.parametrize(
    "row",
    [row for row in ROWS if row.get("repeated", ["", 0])[1] < 1_000],  # what a request's head holds
    ids=lambda row: f"{row['row']} {row['input']!a}",
)
def test_resolve_reads_the_address_once_when_it_is_nasty(url: str, row: dict[str, Any]) -> None:
    text, times = row.get("repeated", ["", 0])
    written = quote((row["input"] + text * times).encode("utf-8", "surrogatepass"), safe="/:%+")
    status, told = _asked_raw(url, f"/api/handles/{written}")
    if row["input"] == "88/REG.310000":
        assert (status, told["responseCode"]) == (200, 1)
        return
    code = _expected(row)
    assert (told["responseCode"], status) == (code, 404 if code == 100 else 400)


@pytest.mark.parametrize("target", ["", "/", "//", "/%2F", "?prefix=", "?page=0&pageSize=1"])
def test_resolve_refuses_the_handle_when_there_is_none(url: str, target: str) -> None:
    status, told = _asked_raw(url, f"/api/handles{target}")
    assert (status, told["responseCode"]) == (400, 102)


@pytest.mark.parametrize(
    "query",
    ["callback=alert", "index=one", "index=1.0", "index=", "index=1" + "&index=1" * 100],
)
def test_resolve_refuses_the_request_when_its_query_is_wrong(world: World, query: str) -> None:
    answer = _ask(world, f"/{METER}?{query}")
    told = answer.json()
    assert (answer.status_code, told["responseCode"]) == (400, 4)
    assert f"/{query.partition('=')[0]}: " in told["message"]
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["", f"/{METER}"])
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_write_is_not_supported_when_a_handle_client_tries(
    world: World, method: str, path: str
) -> None:
    answer = world.park.http.request(method, f"/api/handles{path}", json={"values": []})
    assert (answer.status_code, answer.json()["responseCode"]) == (501, 5)
    assert "allow" not in answer.headers


def test_resolve_answers_in_its_own_form_when_the_service_is_broken() -> None:
    broken = cast("Ledger", SimpleNamespace())
    with TestClient(create_app(broken), raise_server_exceptions=False) as client:
        answer = client.get(f"/api/handles/{METER}")
    assert (answer.status_code, answer.json()["responseCode"]) == (500, 2)


def test_resolve_asks_to_come_again_when_the_mirror_is_out() -> None:
    @contextmanager
    def reading() -> Iterator[None]:
        raise MirrorMissing("mirror-1.db")
        yield

    out = cast("Ledger", SimpleNamespace(reading=reading))
    with TestClient(create_app(out)) as client:
        answer = client.get(f"/api/handles/{METER}")
    assert (answer.status_code, answer.json()["responseCode"]) == (503, 3)


def test_resolve_is_busy_when_an_address_asks_too_often(world: World) -> None:
    few = Limits(address_per_second=1, address_burst=2)
    with TestClient(create_app(world.park.ledger, few)) as client:
        answers = [client.get(f"/api/handles/{METER}") for _ in range(5)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    refused = answers[-1]
    assert (refused.status_code, refused.json()["responseCode"]) == (503, 3)
    assert refused.headers["retry-after"] == "1"


def test_resolve_tells_the_reason_in_chinese_when_the_caller_reads_it(world: World) -> None:
    for handle in ("88.111.1/NOPE", "88.999/X", "88.111.1/A+B"):
        told = _ask(world, f"/{handle}", **{"Accept-Language": "zh"}).json()
        assert re.search("[\u4e00-\u9fff]", told["message"]), handle


def test_resolve_asks_for_no_token_when_one_that_is_none_is_sent(world: World) -> None:
    assert _ask(world, f"/{METER}", Authorization="Bearer nonsense").status_code == 200


@pytest.mark.parametrize("query", ["pretty", "pretty=true", "pretty=YES"])
def test_resolve_indents_the_answer_when_it_shall_be_pretty(world: World, query: str) -> None:
    plain, pretty = _ask(world, f"/{METER}"), _ask(world, f"/{METER}?{query}")
    assert "\n" in pretty.text and "\n" not in plain.text
    assert pretty.json() == plain.json()
