"""Documents as bytes that have one digest: RFC 8785 canonical JSON, always salted."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import rfc8785

from ledger.errors import DoorRefusal
from ledger.strict_json import is_encodable

DEPTH_MAX = 32
INTEGER_MAX = 2**53 - 1  # RFC 8785, 3.2.2.3: what an IEEE 754 double holds exactly

_SALT = re.compile(r"0x[0-9a-f]{64}")


@dataclass(eq=False)
class DocumentMalformed(DoorRefusal):
    """A document that has no digest; `path` is the JSON pointer to what is wrong.

    `reason` is one of salt, number, text, type, depth.
    """

    reason: str
    path: str


def digest(document: dict[str, Any]) -> bytes:
    """The 32 bytes that name a document: SHA-256 of its canonical bytes.

    Raises DocumentMalformed.
    """
    return hashlib.sha256(canonical_bytes(document)).digest()


def canonical_bytes(document: dict[str, Any]) -> bytes:
    """RFC 8785 bytes of a document whose `salt` is 0x and 64 lower-case hex digits.

    Without the salt whoever guesses the content could test the guess against the digest that
    the chain shows. Raises DocumentMalformed.
    """
    salt = document.get("salt") if isinstance(document, dict) else None
    if not isinstance(salt, str) or not _SALT.fullmatch(salt):
        raise DocumentMalformed("salt", "/salt")
    _check(document, path="", depth_left=DEPTH_MAX)
    return rfc8785.dumps(document)


def _check(value: Any, *, path: str, depth_left: int) -> None:
    if isinstance(value, dict | list | tuple):
        if depth_left == 0:
            raise DocumentMalformed("depth", path)
        for place, item in _items(value, path):
            _check(item, path=place, depth_left=depth_left - 1)
    elif fault := _fault(value):
        raise DocumentMalformed(fault, path)


def _fault(value: Any) -> str | None:
    """The reason why a scalar has no canonical form, if it has none."""
    match value:
        case None | bool():
            return None
        case str():
            return None if is_encodable(value) else "text"
        case int():
            return None if abs(value) <= INTEGER_MAX else "number"
        case float():
            return "number"
        case _:
            return "type"


def _items(container: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The items of a container with their JSON pointers."""
    if not isinstance(container, dict):
        yield from ((f"{path}/{index}", item) for index, item in enumerate(container))
        return
    for key, item in container.items():
        fault = _fault(key) if isinstance(key, str) else "type"
        if fault:
            raise DocumentMalformed(fault, path)
        yield f"{path}/{key.replace('~', '~0').replace('/', '~1')}", item
