"""Everything the door must refuse, from one table: code, facts, and nothing changed.

A case takes the valid act of its type, changes it (`signed`: before the signature; `sent`, `omit`,
`signature`, `replace`: after it) and names the whole answer. `$name` is what the world calls so.
"""

import json
from copy import deepcopy
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import pytest
from httpx2 import Response

from api.nouns import NOUN_OF
from identity.keys import CURVE_ORDER
from tests.api.world import World, compact

_DATA = json.loads(Path(__file__).with_name("refusals.json").read_text("utf-8"))
CASES: list[dict[str, Any]] = _DATA["cases"]
IDENTIFIERS: list[dict[str, Any]] = _DATA["identifiers"]


@pytest.fixture(scope="module")
def before(world: World) -> tuple[str, str, dict[str, str]]:
    """Kept rows and head as they must stay, and the names of the cases."""
    names = names_of_cases(world)
    return world.kept(), world.head(), names


def names_of_cases(world: World) -> dict[str, str]:
    """What `$name` stands for in the cases."""
    names = world.names()
    names["high_s_of_consumer"] = _signature("high_s", names["countersignature"])
    return names


def _filled(value: Any, names: dict[str, str]) -> Any:
    """The value with every `$name` in its texts replaced."""
    match value:
        case str() if "$" in value:
            return Template(value).substitute(names)
        case list():
            return [_filled(each, names) for each in value]
        case dict():
            return {name: _filled(each, names) for name, each in value.items()}
    return value


def _signature(kind: str, signed: str) -> str:
    """The signature made wrong in one way."""
    r, s, v = int(signed[2:66], 16), int(signed[66:130], 16), int(signed[130:], 16)
    if kind == "high_s":
        s, v = CURVE_ORDER - s, 55 - v
    elif kind in ("r", "s"):
        r, s = (0, s) if kind == "r" else (r, 0)
    elif kind == "r_order":
        r = CURVE_ORDER
    elif kind.startswith("v"):
        v = int(kind[1:])
    text = f"0x{r:064x}{s:064x}{v:02x}"
    return {"64_bytes": text[:-2], "66_bytes": text + "00", "empty": "0x"}.get(kind, text)


def _changed(body: dict[str, Any], case: dict[str, Any], names: dict[str, str]) -> str:
    """The text to send: the signed body as the case spoils it."""
    body = deepcopy(body)
    for pointer, value in _filled(case.get("sent", {}), names).items():
        *way, last = pointer[1:].split("/")
        target = body[way[0]] if way else body
        target[last] = value
    for pointer in case.get("omit", []):
        *way, last = pointer[1:].split("/")
        del (body[way[0]] if way else body)[last]
    if "signature" in case:
        body["signature"] = _signature(case["signature"], body["signature"])
    text = compact(body)
    if "replace" in case:
        old, new = case["replace"]
        assert text.count(old) == 1, "one place is spoiled"
        text = text.replace(old, new)
    return text


def _content(world: World, case: dict[str, Any], names: dict[str, str]) -> bytes:
    if "bytes" in case:
        start, repeated, times = case["bytes"]
        return bytes.fromhex(start) + bytes(repeated, "ascii") * int(times)
    if "act" not in case:
        return b""
    changes = _filled(case.get("signed", {}), names)
    is_plain = not changes and "by" not in case
    kept = world.bodies[case["act"]]
    body = kept if is_plain else world.body(case["act"], signer=case.get("by", ""), **changes)
    return _changed(body, case, names).encode()


def ask_case(world: World, case: dict[str, Any], names: dict[str, str]) -> Response:
    """The answer to a case."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": "refusal"}
    headers |= world.park.headers("enterprise 1") | case.get("headers", {})
    path = f"/v1/{NOUN_OF[case['act']]}" if "act" in case else ""
    return world.park.http.request(
        case.get("method", "POST"),
        _filled(case.get("path", path), names),
        content=_content(world, case, names),
        headers={name: value for name, value in headers.items() if value is not None},
    )


@pytest.mark.parametrize("case", CASES, ids=[f"{one['class']}-{one['name']}" for one in CASES])
def test_refuse_names_code_and_facts_when_the_request_is_of_the_table(
    world: World, before: tuple[str, str, dict[str, str]], case: dict[str, Any]
) -> None:
    kept, head, names = before
    answer = ask_case(world, case, names)
    told = answer.json()
    assert (answer.status_code, told.get("code")) == (case["status"], case["code"]), answer.text
    assert told["facts"] == _filled(case["facts"], names)
    assert told["status"] == case["status"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert (world.kept(), world.head()) == (kept, head)


def _identifier_places(text: str) -> list[dict[str, Any]]:
    """An identifier in two messages, in a query and, where it can be one, in a path.

    The test client decodes a path twice, so nothing with an escape goes there.
    """
    places: list[dict[str, Any]] = [
        {"act": "Transfer", "sent": {"/message/to": text.replace("$", "$$")}},
        {"act": "Report", "sent": {"/message/facility": text.replace("$", "$$")}},
        {"method": "GET", "path": f"/v1/keys?identifier={quote(text, safe='')}"},
    ]
    prefix, _, suffix = text.partition("/")
    if prefix and suffix and "/" not in suffix and "%" not in text:
        path = f"/v1/accounts/{quote(prefix, safe='')}/{quote(suffix, safe='')}"
        places.append({"method": "GET", "path": path})
    return places


@pytest.mark.parametrize("bad", IDENTIFIERS, ids=[f"row {one['row']}" for one in IDENTIFIERS])
def test_refuse_tells_reason_and_position_when_an_identifier_is_malformed(
    world: World, before: tuple[str, str, dict[str, str]], bad: dict[str, Any]
) -> None:
    kept, head, names = before
    facts = {"reason": bad["reason"], "position": bad["position"]}
    for place in _identifier_places(bad["input"]):
        answer = ask_case(world, place, names)
        assert answer.status_code == 422, answer.text
        assert (answer.json()["code"], answer.json()["facts"]) == ("IdentifierMalformed", facts)
    assert (world.kept(), world.head()) == (kept, head)
