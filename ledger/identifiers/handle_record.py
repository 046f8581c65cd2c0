"""A subject as a record of the Handle system: values by index, from the mirror's rows alone.

Nothing of it is kept: the same rows give the same values. Only what everybody may see is among
them, so of a document that a subject is described by no more than its digest.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ledger.chain.bindings import KINDS
from ledger.store.rows import Row

# A prefix is itself named by a handle under the prefix of prefixes (RFC 3651, section 3).
PREFIX_OF_PREFIXES = "0.NA"
TTL_SECONDS = 86_400  # what a Handle server gives a value unless told otherwise
KEYS_MAX = 1_700  # their indexes end below 2000, where the templates of others begin
_KIND_NAMES = {number: name.lower() for name, number in KINDS.items()}
_NOTHING = bytes(32)

_ADMINISTRATOR_INDEX = 100
_FIRST_KEY_INDEX = 300
# Bits of HS_ADMIN (RFC 3651, section 3.2.1, as HANDLE.NET writes them), and only those for what
# an owner can do here: nothing is deleted, and no owner names another.
_ADD_HANDLE, _ADD_DERIVED_PREFIX, _LIST_HANDLES = 1 << 0, 1 << 2, 1 << 11
_MODIFY_VALUE, _ADD_VALUE, _READ_VALUE = 1 << 4, 1 << 6, 1 << 10
_OF_SUBJECT = _READ_VALUE | _ADD_VALUE | _MODIFY_VALUE
_OF_PREFIX = _OF_SUBJECT | _LIST_HANDLES | _ADD_DERIVED_PREFIX | _ADD_HANDLE


@dataclass(frozen=True, slots=True)
class Administrator:
    """Whose key changes the record: a handle, the index of a key there, 12 bits of permission."""

    handle: str
    index: int
    permissions: int


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A signing key by its address: the columns as `/v1/keys` has them, and its state."""

    columns: Mapping[str, bytes | int]
    state: str


@dataclass(frozen=True, slots=True)
class HandleValue:
    """One value of a record (RFC 3651, section 3.1); `time`: unix seconds of its last change."""

    index: int
    type: str
    data: str | Administrator | PublicKey
    time: int


@dataclass(frozen=True, slots=True)
class Mirrored:
    """What the mirror tells of a subject.

    `subject` and `keys` are rows with the state that holds; `names` has parent and owner by
    hash; `times` has the unix seconds of the blocks in which rows began; `now` those of the head.
    """

    subject: Row
    keys: Sequence[Row]
    names: Mapping[bytes, str]
    times: Mapping[int, int]
    now: int


def handle_values(mirrored: Mirrored, *, url: str) -> list[HandleValue]:
    """The values of a subject's record by rising index; `url` is where we show it ourselves."""
    subject = mirrored.subject
    time = mirrored.times[subject["valid_from"]]
    permissions = _OF_PREFIX if subject["is_prefix"] else _OF_SUBJECT
    owner = handle_of(mirrored.names[subject["owner"]])
    administrator = Administrator(owner, _FIRST_KEY_INDEX, permissions)
    return [
        *(HandleValue(*value, time) for value in _descriptive(mirrored, url)),
        HandleValue(_ADMINISTRATOR_INDEX, "HS_ADMIN", administrator, time),
        *_keys(mirrored),
    ]


def handle_of(name: str) -> str:
    """The handle of an identifier: its name, and for a prefix its place under 0.NA."""
    return name if "/" in name else f"{PREFIX_OF_PREFIXES}/{name}"


def _descriptive(mirrored: Mirrored, url: str) -> Iterator[tuple[int, str, str]]:
    subject, names = mirrored.subject, mirrored.names
    yield 1, "URL", url
    yield 2, "CL_KIND", _KIND_NAMES[subject["kind"]]
    if subject["parent"] != _NOTHING:
        yield 3, "CL_PARENT", names[subject["parent"]]
    yield 4, "CL_OWNER", names[subject["owner"]]
    yield 5, "CL_STANDING", str(subject["standing"])
    if subject["record"] != _NOTHING:
        yield 6, "CL_RECORD", f"0x{subject['record'].hex()}"


def _keys(mirrored: Mirrored) -> Iterator[HandleValue]:
    """Every key there was, ended ones too: what they signed before stays signed."""
    for index, row in enumerate(mirrored.keys[:KEYS_MAX], start=_FIRST_KEY_INDEX):
        columns = {
            "key": row["key"],
            "person": row["person"],
            "rights": row["rights"],
            "scheme": row["scheme"],
            "valid_from": row["valid_from_time"],
            "valid_until": row["valid_until_time"],
            "compromised_since": row["compromised_since"],
        }
        key = PublicKey(columns, _state(row, now=mirrored.now))
        yield HandleValue(index, "CL_PUBKEY", key, mirrored.times[row["valid_from"]])


def _state(key: Row, *, now: int) -> str:
    """pending, active, retired or compromised; time makes it, so no row holds it."""
    if 0 < key["compromised_since"] <= now:
        return "compromised"
    if now < key["valid_from_time"]:
        return "pending"
    return "active" if now < key["valid_until_time"] else "retired"
