"""`carbonledger submission`: what became of acts, and many of them at once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from scripts.people.acts import WAIT_SECONDS, Awaited
from scripts.people.connection import Connection
from scripts.people.files import read_bytes
from scripts.people.verbs import Partly, add_list, add_show, add_verb, argument, noun_app, option

_LINES_MAX, _BYTES_MAX = 1_000, 4 * 2**20  # what one request takes (api.md, section 1.4)
_Mode = Literal["each", "all"]


def _wait(connection: Connection, id: str, until: Awaited | None) -> Any:
    """The submission once it got there."""
    return connection.client.wait(id, state=until or "final", seconds=WAIT_SECONDS)


def _send(connection: Connection, file: Path, mode: _Mode | None) -> Any:
    """Every line's answer, in order; a line that the service had before counts as done."""
    lines = [line for line in read_bytes(file).splitlines() if line.strip()]
    portions = [lines] if mode == "all" else _portions(lines)
    answers = [
        answer
        for portion in portions
        for answer in connection.client.send_lines(portion, mode=mode or "each")
    ]
    refused = [one for one in answers if "code" in one and "id" not in one.get("facts", {})]
    return Partly({"items": answers}, is_whole=not refused)


def _portions(lines: list[bytes]) -> Iterator[list[bytes]]:
    """As many lines at a time as one request takes."""
    portion: list[bytes] = []
    size = 0
    for line in lines:
        if portion and (len(portion) == _LINES_MAX or size + len(line) + 1 > _BYTES_MAX):
            yield portion
            portion, size = [], 0
        portion.append(line)
        size += len(line) + 1
    if portion:
        yield portion


app = noun_app("submission")
add_show(
    app,
    "submission show",
    "submissions",
    argument_name="id",
    example="$REPORT --as enterprise",
)
add_list(
    app,
    "submission list",
    "submissions",
    filters=("type", "actor", "state"),
    example="--type Transfer --as enterprise",
)
add_verb(
    app,
    "submission wait",
    _wait,
    parameters=[argument("id"), option("until", kind=Awaited)],
    example="$REPORT --as enterprise",
)
add_verb(
    app,
    "submission send",
    _send,
    parameters=[argument("file", kind=Path), option("mode", kind=_Mode)],
    example="signed.ndjson --as enterprise",
)
