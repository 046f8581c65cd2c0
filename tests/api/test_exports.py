"""Lists as files: what the list says, in every format, and no formula in a cell."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Request
from httpx2 import Response
from python_calamine import CalamineWorkbook

import api.acts
import api.exports
import api.lists
from api.paging import asked_of
from ledger.errors import ExportTooLarge
from tests.api.next_messages import finding
from tests.api.world import World

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")']
LISTS = ["/v1/identifiers", "/v1/reports", "/v1/compliance/2023", "/v1/assets", "/v1/submissions"]


def _ask(world: World, path: str, by: str = "founder 1") -> Response:
    return world.park.http.get(path, headers=world.park.headers(by))


def _sheet(answer: Response) -> list[dict[str, Any]]:
    rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0)
    first, *others = rows.to_python()
    return [dict(zip(map(str, first), row, strict=True)) for row in others]


@pytest.mark.parametrize("path", LISTS)
def test_export_holds_every_row_and_the_block_when_it_is_a_sheet(world: World, path: str) -> None:
    listed = world.park.get(f"{path}?limit=200")
    rows = _sheet(_ask(world, f"{path}?format=xlsx"))
    assert len(rows) == len(listed["items"])
    assert {row["as_of_block"] for row in rows} == {listed["as_of_block"]}
    for row, item in zip(rows, listed["items"], strict=True):
        for name, value in item.items():
            if isinstance(value, int) and not isinstance(value, bool):
                assert row[name] == value, name
            if isinstance(value, str):
                assert row[name] == value, name


@pytest.mark.parametrize("format", ["csv", "xlsx", "ndjson"])
def test_export_is_a_file_of_its_name_when_it_is_asked_for(world: World, format: str) -> None:
    answer = _ask(world, f"/v1/reports?format={format}")
    assert answer.headers["content-disposition"] == f'attachment; filename="reports.{format}"'
    assert answer.headers["content-type"] == api.exports.MEDIA_TYPES[format]


def test_export_shows_the_moment_when_it_is_asked_for_an_earlier_one(world: World) -> None:
    block = world.park.get("/v1/reports")["items"][0]["block"]
    rows = list(
        csv.DictReader(io.StringIO(_ask(world, f"/v1/reports?format=csv&as_of={block}").text))
    )
    assert [(row["block"], row["as_of_block"]) for row in rows] == [(str(block), str(block))]


@pytest.mark.parametrize(
    "start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("x")']
)
@pytest.mark.parametrize("format", ["csv", "xlsx"])
def test_export_keeps_a_text_a_text_when_it_looks_like_a_formula(
    held: World, format: str, start: str
) -> None:
    report = held.ids["report_3"]
    body = held.body("Finding", **{**finding(report), "parameter": start})
    assert held.park.post("Finding", body, wait=False).status_code == 201
    answer = _ask(held, f"/v1/reports/{report}/findings?format={format}", by="enterprise 1")
    if format == "xlsx":
        (row,) = _sheet(answer)
    else:
        (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert row["parameter"] == "'" + start


def test_export_keeps_an_address_a_text_when_it_would_become_a_link(held: World) -> None:
    report = held.ids["report_3"]
    body = held.body("Finding", **{**finding(report), "parameter": "https://example.com/x"})
    held.park.post("Finding", body, wait=False)
    answer = _ask(held, f"/v1/reports/{report}/findings?format=xlsx", by="enterprise 1")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
    assert "https://example.com/x" in sheet
    assert "<hyperlink" not in sheet


def test_export_says_true_and_false_when_a_field_is_either(world: World) -> None:
    (row,) = csv.DictReader(io.StringIO(_ask(world, "/v1/surrender-rules?format=csv").text))
    assert row["is_strict"] == "true"
    (cells,) = _sheet(_ask(world, "/v1/surrender-rules?format=xlsx"))
    assert cells["is_strict"] is True


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/compliance/2023", "compliance-2023.csv"),
        ("/v1/accounts/88.111/ENT.0001/movements", "accounts-88.111-ENT.0001-movements.csv"),
    ],
)
def test_export_is_named_by_what_it_lists_when_the_list_is_of_one(
    world: World, path: str, name: str
) -> None:
    answer = _ask(world, f"{path}?format=csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


def test_export_goes_through_every_page_when_rows_are_more_than_one_holds(
    held: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api.lists, "LIMIT_MAX", 3)
    listed = held.park.get("/v1/identifiers?limit=200")["items"]
    lines = _ask(held, "/v1/identifiers?format=ndjson").text.splitlines()
    assert [json.loads(line)["identifier"] for line in lines] == [
        one["identifier"] for one in listed
    ]


def _rows(world: World) -> Iterator[dict[str, Any]]:
    """The rows of a file of all reports, read as they are taken."""
    scope = {"type": "http", "app": world.park.http.app, "path": "/v1/reports", "headers": []}
    request = Request(scope | {"query_string": b""})
    request.state.viewer = world.park.ledger.credentials.viewer(world.park.token("founder 1"))
    listing = api.acts._listing(request, "Report")
    asked = asked_of(request, listing.filters, values=listing.words)
    return api.lists._rows(request, listing, asked)


def test_export_is_of_one_moment_when_acts_come_while_it_is_taken(
    held: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pages a report is attested; the file knows nothing of it."""
    monkeypatch.setattr(api.lists, "LIMIT_MAX", 2)
    listed = held.park.get("/v1/reports?limit=200")
    rows = _rows(held)
    first = next(rows)
    held.park.post("Statement", held.bodies["Statement"])
    taken = [first, *rows]
    assert {one.pop("as_of_block") for one in taken} == {listed["as_of_block"]}
    assert taken == listed["items"]
    assert held.park.get("/v1/reports?limit=200")["items"] != taken


def test_export_keeps_nobody_waiting_when_many_take_their_file_slowly(held: World) -> None:
    """More of them than there are connections."""
    connections = 8 + 32
    slow = [_rows(held) for _ in range(connections + 1)]
    firsts = [next(rows) for rows in slow]
    assert firsts == [firsts[0]] * len(slow)
    assert all(list(rows) for rows in slow)


def test_export_is_refused_when_the_format_is_not_offered(world: World) -> None:
    answer = _ask(world, "/v1/reports?format=parquet")
    assert (answer.status_code, answer.json()["code"]) == (406, "FormatUnavailable")
    assert answer.json()["facts"]["offered"] == ["json", "csv", "ndjson", "xlsx"]


def test_write_sheet_is_refused_when_it_has_more_rows_than_a_sheet_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api.exports, "XLSX_ROWS_MAX", 10)
    rows = ({"a": number} for number in range(11))
    with pytest.raises(ExportTooLarge) as refusal:
        next(api.exports.written("xlsx", rows, ["a"]))
    assert refusal.value.facts == {"rows": 11, "limit": 10, "use": "csv"}


def test_write_sheet_is_refused_when_a_cell_is_longer_than_a_sheet_holds() -> None:
    """A sheet would leave it out without a word."""
    long: list[dict[str, Any]] = [{"a": "x"}, {"a": ["long"] * 6_000}]
    with pytest.raises(ExportTooLarge) as refusal:
        next(api.exports.written("xlsx", iter(long), ["a"]))
    assert refusal.value.facts == {"rows": 2, "limit": 1, "use": "csv"}
