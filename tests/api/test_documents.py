"""Documents, readings and deliveries: kept whole or refused with nothing kept."""

import base64
import gzip
import hashlib
import json
from typing import Any

import pytest
from httpx2 import Response

from api.fields import hex_text
from ledger.errors import LedgerHalted
from ledger.evidence.merkle import month_tree
from ledger.evidence.readings import parse_month
from ledger.period import Period
from tests.api.world import World

METER, OTHERS_METER = "88.111.1/MTR.0001", "88.111.2/MTR.0001"
SEED = "0x" + "5e" * 32
_HOURS = [f"2023-02-{day:02}T{hour:02}:00:00+08:00" for day in range(1, 29) for hour in range(24)]
LINES = ["stamp,quantity", *(f"{stamp},{index}.25" for index, stamp in enumerate(_HOURS))]
WHOLE = "\n".join([*LINES, ""]).encode()


def _with(line: int, *texts: str) -> bytes:
    """The month with that line (from 1) replaced by these."""
    return "\n".join([*LINES[: line - 1], *texts, *LINES[line:], ""]).encode()


OBJECT = b'{"stamp":"2023-02-01T00:00:00+08:00","quantity":"1"}\n'
MALFORMED = {
    "line of JSON broken": (OBJECT + b'{"stamp":', "columns", 2),
    "line of JSON with a number": (OBJECT.replace(b'"1"', b"1"), "columns", 1),
    "line of JSON with a name more": (OBJECT.replace(b"{", b'{"meter":"x",'), "columns", 1),
    "line of JSON with a name twice": (OBJECT.replace(b"{", b'{"stamp":"x",'), "columns", 1),
    "line of JSON far too long": (OBJECT.replace(b'"1"', b'"' + b"1" * 300 + b'"'), "columns", 1),
    "line of JSON that is a list": (OBJECT + b"[1,2]", "columns", 2),
    "line of JSON of another step": (
        OBJECT + OBJECT.replace(b"00:00:00+", b"00:30:00+"),
        "step",
        2,
    ),
    "nothing": (b"", "header", 1),
    "another header": (_with(1, "time,kWh"), "header", 1),
    "header alone": (b"stamp,quantity\n", "gap", 2),
    "row missing": (_with(5), "gap", 5),
    "last row missing": (_with(673), "gap", 673),
    "row twice": (_with(5, LINES[4], LINES[4]), "duplicate", 6),
    "rows swapped": (_with(5, LINES[5], LINES[4]), "gap", 5),
    "another step": (_with(5, "2023-02-01T03:30:00+08:00,1"), "step", 5),
    "row of another month": (_with(2, "2023-01-31T23:00:00+08:00,1"), "period", 2),
    "row after the month": (WHOLE + b"2023-03-01T00:00:00+08:00,1\n", "period", 674),
    "stamp in UTC": (_with(5, "2023-02-01T03:00:00Z,1"), "stamp", 5),
    "no such day": (_with(5, "2023-02-30T03:00:00+08:00,1"), "stamp", 5),
    "negative": (_with(5, LINES[4].split(",")[0] + ",-1"), "quantity", 5),
    "not a number": (_with(5, LINES[4].split(",")[0] + ",NaN"), "quantity", 5),
    "exponent": (_with(5, LINES[4].split(",")[0] + ",1e3"), "quantity", 5),
    "full-width": (_with(5, LINES[4].split(",")[0] + ",１"), "quantity", 5),
    "empty quantity": (_with(5, LINES[4].split(",")[0] + ","), "quantity", 5),
    "third column": (_with(5, LINES[4] + ",x"), "columns", 5),
    "empty line": (_with(5, "", LINES[4]), "columns", 5),
    "not UTF-8": (_with(5, "X").replace(b"X", b"\xff"), "encoding", 5),
    "cut gzip": (gzip.compress(WHOLE)[:-9], "compression", 0),
    "gzip of too much": (gzip.compress(b"0" * 9_000_000), "size", 0),
}


def _upload(
    world: World,
    content: bytes,
    *,
    key: str = "readings",
    meter: str = METER,
    month: str = "2023-02",
    seed: str | None = SEED,
    by: str = "enterprise 1",
) -> Response:
    headers = {"Idempotency-Key": key} | world.park.headers(by)
    headers |= {} if seed is None else {"Carbon-Salt-Seed": seed}
    query = {"kind": "readings", "meter": meter, "period": month}
    return world.park.http.post("/v1/documents", params=query, content=content, headers=headers)


def _root(content: bytes) -> str:
    month = parse_month(content, period=Period(202302), step_seconds=3600)
    tree = month_tree(month, meter=METER, unit="kWh", seed=bytes.fromhex(SEED[2:]))
    return hex_text(tree.root)


@pytest.mark.parametrize("content", [WHOLE, gzip.compress(WHOLE)], ids=["plain", "gzip"])
def test_upload_readings_tells_root_and_sum_when_the_month_is_whole(
    held: World, content: bytes
) -> None:
    answer = _upload(held, content)
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "digest": "0x" + hashlib.sha256(content).hexdigest(),
            "meter": METER,
            "period": "2023-02",
            "leaves": 672,
            "root": _root(WHOLE),
            "quantity": "225624.00",
            "unit": "kWh",
            "first_at": "2023-01-31T16:00:00Z",
            "last_at": "2023-02-28T15:00:00Z",
        },
    )


def test_upload_readings_gives_another_root_when_the_seed_is_another(held: World) -> None:
    roots = [_upload(held, WHOLE, key=seed, seed=f"0x{seed * 32}") for seed in ("00", "01")]
    assert len({answer.json()["root"] for answer in roots}) == 2


def _seed_told(world: World, digest: str, *, by: str) -> str | None:
    """What a reader of a document is told of its salts."""
    query = {"reason": "spot check"} if by == "regulator" else None
    path = f"/v1/documents/{digest}"
    answer = world.park.http.get(path, params=query, headers=world.park.headers(by))
    assert answer.is_success, answer.text
    told: str | None = answer.headers.get("carbon-salt-seed")
    return told


def test_upload_readings_makes_a_seed_and_tells_its_owner_when_none_came(held: World) -> None:
    told = _upload(held, WHOLE, seed=None).json()
    seed = _seed_told(held, told["digest"], by="enterprise 1")
    assert seed is not None
    assert _upload(held, WHOLE, key="with-it", seed=seed).json()["root"] == told["root"]


def test_upload_readings_makes_each_seed_anew_when_none_came_for_others(held: World) -> None:
    told = [_upload(held, WHOLE, seed=None).json()]
    told += [_upload(held, WHOLE, seed=None, meter=OTHERS_METER, by="enterprise 2").json()]
    seeds = {_seed_told(held, told[0]["digest"], by=f"enterprise {number}") for number in (1, 2)}
    assert len(seeds) == 2 and None not in seeds


def test_upload_readings_keeps_the_root_when_they_come_again_without_a_seed(held: World) -> None:
    first = _upload(held, WHOLE, seed=None).json()
    assert _upload(held, WHOLE, seed=None, key="again").json() == first


@pytest.mark.parametrize("by", ["verifier", "regulator"])
def test_get_document_tells_no_seed_when_another_reads_it(held: World, by: str) -> None:
    told = _upload(held, WHOLE).json()
    assert _seed_told(held, told["digest"], by="enterprise 1") == SEED
    assert _seed_told(held, told["digest"], by=by) is None


def test_upload_readings_gives_the_same_root_when_they_come_as_lines_of_json(held: World) -> None:
    rows = [line.split(",") for line in WHOLE.decode().splitlines()[1:]]
    lines = [json.dumps({"stamp": stamp, "quantity": quantity}) for stamp, quantity in rows]
    answer = _upload(held, "\n".join(lines).encode())
    assert (answer.status_code, answer.json()["root"]) == (201, _root(WHOLE))


def test_upload_readings_gives_the_same_bytes_when_it_comes_again(held: World) -> None:
    first = _upload(held, WHOLE)
    again = _upload(held, WHOLE)
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("changes", [{"month": "2023-03"}, {"seed": "0x" + "00" * 32}])
def test_upload_readings_refuses_the_key_when_it_stood_for_something_else(
    held: World, changes: dict[str, Any]
) -> None:
    _upload(held, WHOLE)
    told = _upload(held, WHOLE, **changes).json()
    assert (told.get("status"), told.get("code")) == (422, "IdempotencyKeyReused")


def test_upload_readings_keeps_keys_apart_when_the_owners_differ(held: World) -> None:
    _upload(held, WHOLE)
    answer = _upload(held, WHOLE, meter=OTHERS_METER, by="enterprise 2")
    assert (answer.status_code, answer.json()["meter"]) == (201, OTHERS_METER)


@pytest.mark.parametrize(("content", "reason", "line"), MALFORMED.values(), ids=MALFORMED)
def test_upload_readings_is_refused_with_its_line_when_the_file_is_wrong(
    world: World, content: bytes, reason: str, line: int
) -> None:
    before = world.kept()
    told = _upload(world, content).json()
    assert (told["status"], told["code"]) == (422, "ReadingsMalformed")
    assert told["facts"] == {"reason": reason, "line": line}
    assert world.kept() == before


def test_get_document_gives_the_bytes_back_when_it_was_kept(held: World) -> None:
    content = bytes(range(256))
    told = held.park.upload(content, "audit")
    digest = hashlib.sha256(content).digest()
    assert told == {"digest": hex_text(digest), "kind": "audit", "bytes": 256}
    headers = held.park.headers("enterprise 1")
    answer = held.park.http.get(f"/v1/documents/{told['digest']}", headers=headers)
    assert answer.content == content
    encoded = base64.b64encode(digest).decode()
    assert answer.headers["content-digest"] == f"sha-256=:{encoded}:"
    assert answer.headers["cache-control"] == "private, immutable"


def _send(world: World, content: bytes, *, kind: str, key: str, digest: str = "") -> Response:
    headers = {"Idempotency-Key": key} | ({"Content-Digest": digest} if digest else {})
    headers |= world.park.headers("enterprise 1")
    return world.park.http.post(f"/v1/documents?kind={kind}", content=content, headers=headers)


def test_upload_document_is_kept_when_its_digest_is_right(held: World) -> None:
    digest = base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    answer = _send(held, b"x", kind="other", key="one", digest=f"sha-256=:{digest}:")
    assert answer.status_code == 201


def test_upload_document_is_harmless_when_it_comes_under_another_key(held: World) -> None:
    first = _send(held, b"x", kind="other", key="one")
    again = _send(held, b"x", kind="other", key="two")
    assert (again.status_code, again.json()) == (201, first.json())


def test_upload_document_refuses_the_key_when_it_stood_for_another_kind(held: World) -> None:
    _send(held, b"x", kind="other", key="one")
    before = held.kept()
    told = _send(held, b"x", kind="audit", key="one").json()
    assert (told.get("status"), told.get("code")) == (422, "IdempotencyKeyReused")
    assert held.kept() == before


@pytest.mark.parametrize("kind", ["other", "readings"])
def test_upload_is_refused_when_the_ledger_has_halted(held: World, kind: str) -> None:
    held.park.ledger.engine.halted = LedgerHalted("receipts_root", 7)
    query = {"kind": kind, "meter": METER, "period": "2023-02"}
    headers = {"Idempotency-Key": "one", "Carbon-Salt-Seed": SEED}
    headers |= held.park.headers("enterprise 1")
    answer = held.park.http.post("/v1/documents", params=query, content=WHOLE, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "LedgerHalted")


def test_get_delivery_shows_both_signatures_when_it_was_kept(held: World) -> None:
    body = held.bodies["Delivery"]
    shown = held.park.get(held.park.post("Delivery", body).json()["resource"])
    assert {name: shown[name] for name in body["message"]} == body["message"]
    for name in ("signature", "countersignature"):
        assert shown[name] == body[name]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("supplier=88.111/ENT.0001", 1),
        ("consumer=88.111/ENT.0002", 1),
        ("supplier=88.111/ENT.0003", 0),
        ("month=2023-02", 1),
        ("month=2023-03", 0),
        ("consumer=88.111/ENT.0002&month=2023-02", 1),
    ],
)
def test_list_deliveries_gives_only_what_fits_when_filtered(
    held: World, query: str, count: int
) -> None:
    held.park.post("Delivery", held.bodies["Delivery"])
    assert len(held.park.get(f"/v1/deliveries?{query}")["items"]) == count


def test_keep_delivery_stores_one_when_it_comes_under_two_keys(held: World) -> None:
    for key in ("one", "two"):
        assert held.park.post("Delivery", held.bodies["Delivery"], key=key).status_code == 201
    assert len(held.park.get("/v1/deliveries")["items"]) == 1
