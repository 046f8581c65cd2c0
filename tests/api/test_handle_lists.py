"""The handles of a prefix in the Handle system's JSON: order, pages, count, refusals."""

import sqlite3
from contextlib import closing

import pytest
from httpx2 import Response

from ledger.store.sqlite import SqliteStore
from tests.api.world import World, hash_of


def _ask(world: World, query: str) -> Response:
    return world.park.http.get(f"/api/handles{query}")


@pytest.mark.parametrize("prefix", ["88.111.1", "0.NA/88.111.1", "0.na/88.111.1"])
def test_list_names_the_handles_in_order_when_a_prefix_is_ours(world: World, prefix: str) -> None:
    told = _ask(world, f"?prefix={prefix}").json()
    items = world.park.get("/v1/identifiers?parent=88.111.1&limit=200")["items"]
    names = [one["identifier"] for one in items]
    assert told == {
        "responseCode": 1,
        "prefix": prefix,
        "totalCount": str(len(names)),
        "handles": names,
    }
    assert len(names) >= 7


def test_list_leaves_derived_prefixes_out_when_there_are_some(world: World) -> None:
    handles = _ask(world, "?prefix=88.111").json()["handles"]
    assert handles and all(name.startswith("88.111/") for name in handles)


def test_list_gives_every_handle_once_when_its_pages_are_walked(world: World) -> None:
    whole = _ask(world, "?prefix=88.111.1").json()["handles"]
    pages = [
        _ask(world, f"/?prefix=88.111.1&page={page}&pageSize=3").json()
        for page in range(len(whole) // 3 + 2)
    ]
    assert [name for page in pages for name in page["handles"]] == whole
    assert {(page["totalCount"], page["pageSize"]) for page in pages} == {(str(len(whole)), 3)}
    assert [page["page"] for page in pages] == list(range(len(pages)))
    assert pages[-1]["handles"] == []


def test_list_counts_only_when_the_page_size_is_zero(world: World) -> None:
    told = _ask(world, "?prefix=88.111.1&page=0&pageSize=0").json()
    assert told["handles"] == [] and int(told["totalCount"]) >= 7


def test_list_tells_its_page_when_it_must_end_before_the_last_handle(held: World) -> None:
    store = held.park.ledger.store
    assert isinstance(store, SqliteStore)
    parent = bytes.fromhex(hash_of("88.111.1")[2:])
    rows = [
        (number.to_bytes(32, "big"), parent, f"88.111.1/X{number}", 6, 0, 10**6 + number)
        for number in range(1, 1_001)
    ]
    # A thousand registrations take minutes; the list does not mind who wrote its rows.
    with closing(sqlite3.connect(store.mirror_path(store.mirror_generation()))) as mirror, mirror:
        mirror.executemany("INSERT INTO subject VALUES (?, ?, ?, ?, ?, ?)", rows)
    told = _ask(held, "?prefix=88.111.1").json()
    assert (told["page"], told["pageSize"], len(told["handles"])) == (0, 1_000, 1_000)
    rest = _ask(held, "?prefix=88.111.1&page=1&pageSize=1000").json()["handles"]
    assert len(rest) == int(told["totalCount"]) - 1_000 > 0
    assert rest[-1] == "88.111.1/X1000"


@pytest.mark.parametrize(
    ("query", "response_code"),
    [
        ("prefix=88.999", 301),
        ("prefix=10", 301),
        ("prefix=88.111.1/FAC.0001", 102),
        ("prefix=0.NA/88.111.1/FAC.0001", 102),
        ("prefix=0.NA", 102),
        ("prefix=88.", 102),
        ("prefix=88%252E111", 102),
        ("prefix=88.111&page=-1&pageSize=1", 4),
        ("prefix=88.111&page=0&pageSize=1001", 4),
        ("prefix=88.111&page=1e3&pageSize=1", 4),
        ("prefix=88.111&callback=alert", 4),
    ],
)
def test_list_refuses_the_request_when_prefix_or_page_is_wrong(
    world: World, query: str, response_code: int
) -> None:
    answer = _ask(world, f"?{query}")
    assert (answer.status_code, answer.json()["responseCode"]) == (400, response_code)
