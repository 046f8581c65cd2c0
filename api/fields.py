"""Values on the wire: five text forms, names in snake_case, hex for the rest (api.md, rule 4).

Identifiers `88.111/ENT.0001`, periods `2023-01`, assets `PARK-2023`, times RFC 3339 UTC, enums
in lower case; null stands for zero.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from identity.identifier import parse_identifier
from ledger.chain.bindings import BUCKETS, INSTRUMENTS, KINDS, OPINIONS, SCHEMES, STAGES
from ledger.contract_errors import PeriodBad
from ledger.errors import FieldInvalid
from ledger.period import Period
from ledger.quotas.asset import asset_text, parse_asset

IDENTIFIER_FIELDS = frozenset(
    {
        "account",
        "actor",
        "authority",
        "beneficiary",
        "consumer",
        "enterprise",
        "facility",
        "from",
        "meter",
        "owner",
        "parent",
        "park",
        "participant",
        "service",
        "subject",
        "supplier",
        "to",
        "verifier",
        "viewer",
    }
)
PERIOD_FIELDS = frozenset({"period", "month"})
TIME_FIELDS = frozenset(
    {
        "accepted_at",
        "at",
        "carry_by",
        "compromised_since",
        "created_at",
        "deadline",
        "effective_from",
        "effective_time",
        "ended_at",
        "expires_at",
        "first_at",
        "last_at",
        "revoked_at",
        "surrender_by",
        "time",
        "valid_from",
        "valid_until",
    }
)
ENUMS: dict[str, dict[str, int]] = {
    "bucket": BUCKETS,
    "from_bucket": BUCKETS,
    "instrument": INSTRUMENTS,
    "kind": KINDS,
    "opinion": OPINIONS,
    "scheme": SCHEMES,
    "stage": STAGES,
    "to_bucket": BUCKETS,
}
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last that RFC 3339 can write
_COUNT = re.compile(r"[0-9]{1,4}")
_HEX = re.compile(r"0x(?:[0-9a-f]{2})*")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def hex_text(value: bytes) -> str:
    """0x and two lower-case digits a byte."""
    return "0x" + value.hex()


@lru_cache(maxsize=1024)
def time_text(seconds: int) -> str:
    """RFC 3339 in UTC with whole seconds; what is for ever (the founders' keys) ends in 9999."""
    return datetime.fromtimestamp(min(seconds, _LAST_SECOND), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str, *, pointer: str) -> int:
    """Unix seconds; raises FieldInvalid."""
    if not _TIME.fullmatch(text):
        raise invalid(pointer, "time")
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:
        raise invalid(pointer, "time") from None


def parse_hex(text: str, *, size: int, pointer: str) -> bytes:
    """That many bytes of lower-case 0x hex; raises FieldInvalid."""
    if not _HEX.fullmatch(text) or len(text) != 2 + 2 * size:
        raise invalid(pointer, f"hex_{size}_bytes")
    return bytes.fromhex(text[2:])


def parse_count(text: str, *, most: int, pointer: str) -> int:
    """A number of a query from 1 to `most`, at most four digits; raises FieldInvalid."""
    if not (_COUNT.fullmatch(text) and 1 <= int(text) <= most):
        raise invalid(pointer, f"between:1,{most}")
    return int(text)


def invalid(pointer: str, rule: str) -> FieldInvalid:
    """The refusal of one field by its JSON pointer."""
    return FieldInvalid([{"pointer": pointer, "rule": rule}])


def from_wire(name: str, kind: str, value: Any, *, pointer: str) -> Any:
    """The value of a message's field; `name` in snake_case, `kind` its Solidity type.

    Raises FieldInvalid, IdentifierMalformed, PeriodMalformed, AssetMalformed.
    """
    if name in IDENTIFIER_FIELDS and kind == "bytes32":
        return bytes(32) if value is None else parse_identifier(value).hash
    if kind in ("bytes32", "address"):
        size = 32 if kind == "bytes32" else 20
        return bytes(size) if value is None else parse_hex(value, size=size, pointer=pointer)
    if name in PERIOD_FIELDS:
        return Period.from_text(value).number
    if name == "asset":
        return parse_asset(value)
    if name in TIME_FIELDS:
        return 0 if value is None else parse_time(value, pointer=pointer)
    if name in ENUMS:
        return _enum_number(name, value, pointer=pointer)
    return value


def _enum_number(name: str, value: str, *, pointer: str) -> int:
    number = ENUMS[name].get(value.upper())
    if number is None or value != value.lower():
        raise invalid(pointer, "one_of:" + ",".join(key.lower() for key in ENUMS[name]))
    return number


def to_wire(name: str, value: Any, names: Mapping[bytes, str]) -> Any:
    """A value as it is shown; `names` has the identifiers that are known by their hash."""
    if isinstance(value, bytes):
        return _bytes_to_wire(value, names)
    if isinstance(value, list | tuple):
        return [to_wire(name, entry, names) for entry in value]
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    if name in TIME_FIELDS:
        return time_text(value) if value else None
    if name in PERIOD_FIELDS:
        return _period_text(value)
    if name == "asset":
        return asset_text(value)
    if name in ENUMS:
        known = {number: key.lower() for key, number in ENUMS[name].items()}
        return known.get(value, value)
    return value


def _period_text(number: int) -> str | int:
    """The text of a period; what is none (a refused one) shows as it is."""
    try:
        return Period(number).text
    except PeriodBad:
        return number


def _bytes_to_wire(value: bytes, names: Mapping[bytes, str]) -> str | None:
    if value in names:
        return names[value]
    return hex_text(value) if any(value) else None


def row_to_wire(row: Mapping[str, Any], names: Mapping[bytes, str]) -> dict[str, Any]:
    """A row with its columns as fields."""
    return {name: to_wire(name, value, names) for name, value in row.items()}


def hashes_in(rows: Iterable[Mapping[str, Any]]) -> set[bytes]:
    """Every 32-byte value of the rows: what may be an identifier's hash."""
    return {
        value
        for row in rows
        for value in row.values()
        if isinstance(value, bytes) and len(value) == 32
    }
