"""Lists as files: what the list says, in every format, and no formula in a cell."""

import csv
import io
from typing import Any

import pytest
from httpx2 import Response
from python_calamine import CalamineWorkbook

import api.exports
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
