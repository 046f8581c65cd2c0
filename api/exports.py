"""Rows as files: CSV and NDJSON as they come, XLSX through a temporary file.

A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay
numbers. What is nested stands as JSON in its cell.
"""

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any

from xlsxwriter import Workbook  # type: ignore[import-untyped] # it carries no types

from api.errors import json_bytes
from ledger.errors import ExportTooLarge

MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
XLSX_ROWS_MAX = 1_048_000  # a sheet ends at 1,048,576
_CELL_MAX = 32_767  # characters; what is longer, a sheet would leave out
_TEXT_STAYS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CHUNK_BYTES = 64 * 1024

Row = dict[str, Any]


def written(format: str, rows: Iterator[Row], columns: Sequence[str]) -> Iterator[bytes]:
    """The file in pieces; raises ExportTooLarge."""
    match format:
        case "csv":
            return _csv(rows, columns)
        case "ndjson":
            return (json_bytes(row) + b"\n" for row in rows)
    return _xlsx(rows, columns)


def _csv(rows: Iterator[Row], columns: Sequence[str]) -> Iterator[bytes]:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_csv_cell(row.get(name)) for name in columns])
        if buffer.tell() > _CHUNK_BYTES:
            yield _drained(buffer)
    yield _drained(buffer)


def _csv_cell(value: Any) -> Any:
    """As in JSON: true and false."""
    return json.dumps(value) if isinstance(value, bool) else _cell(value)


def _drained(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _xlsx(rows: Iterator[Row], columns: Sequence[str]) -> Iterator[bytes]:
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when its pieces are sent
    try:
        # Each row is written out before the next: memory does not grow with the list.
        with Workbook(file, _TEXT_STAYS_TEXT | {"constant_memory": True}) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, columns)
            for number, row in enumerate(rows, start=1):
                if number > XLSX_ROWS_MAX:
                    raise ExportTooLarge(number, XLSX_ROWS_MAX, "csv")
                cells = [_cell(row.get(name)) for name in columns]
                if any(isinstance(cell, str) and len(cell) > _CELL_MAX for cell in cells):
                    raise ExportTooLarge(number, number - 1, "csv")
                sheet.write_row(number, 0, cells)
        file.seek(0)
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk
    finally:
        file.close()


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, int):
        return value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "'" + text if text.startswith(_FORMULA_STARTS) else text
