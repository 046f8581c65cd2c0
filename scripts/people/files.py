"""Files that people name: read with a limit, refused by name when they cannot be."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import Refusal
from ledger.strict_json import parse_strict

BYTES_MAX = 16 * 2**20  # what a document has at most


@dataclass(eq=False)
class FileUnreadable(Refusal):
    """A file that was named cannot be read; `reason` is the system's word for it."""

    path: str
    reason: str


def read_bytes(file: Path) -> bytes:
    """The content of a file; raises FileUnreadable, also for one that is too large (size)."""
    try:
        with file.open("rb") as opened:
            content = opened.read(BYTES_MAX + 1)
    except OSError as error:
        raise FileUnreadable(str(file), error.strerror or type(error).__name__) from None
    if len(content) > BYTES_MAX:
        raise FileUnreadable(str(file), "size")
    return content


def read_text(file: Path) -> str:
    """The one line of a file, without its end; raises FileUnreadable."""
    try:
        return read_bytes(file).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise FileUnreadable(str(file), "utf8") from None


def read_json(file: Path) -> Any:
    """The strict JSON in a file; raises FileUnreadable, RequestMalformed."""
    return parse_strict(read_bytes(file), limit_bytes=BYTES_MAX)
