"""Reading subjects, keys and relations."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, bindparam, func, select

from identity.identifier import Identifier
from ledger.chain.bindings import STANDINGS
from ledger.errors import PrefixNotHomed, ResourceUnknown
from ledger.identifiers.handle_record import KEYS_MAX, Mirrored
from ledger.identifiers.model import (
    accreditation_state_table,
    key_state_table,
    subject_state_table,
    subject_table,
)
from ledger.outbox.recorded import Page
from ledger.store.chain_log import block_times, freshness
from ledger.store.facts import FACTS
from ledger.store.prepared import Prepared
from ledger.store.rows import Row, every_row, first_row
from ledger.store.states import current, holds

_NAME = Prepared(select(subject_table.c.name).where(subject_table.c.hash == bindparam("hash")))
_TAIL, _NOTHING = bytes(4), bytes(32)
# A hash commits to its name, so what was once read stays true whatever the chain does.
_KNOWN: dict[bytes, str] = {}
_KNOWN_MAX = 100_000


def names_of(reading: Connection, hashes: Iterable[bytes]) -> dict[bytes, str]:
    """The names of those among these hashes that are identifiers."""
    likely = {value for value in hashes if value.endswith(_TAIL) and value != _NOTHING}
    names = {value: _KNOWN[value] for value in likely if value in _KNOWN}
    names |= _read_names(reading, sorted(likely - names.keys()))
    return names


def _read_names(reading: Connection, wanted: list[bytes]) -> dict[bytes, str]:
    found = ((value, _NAME.first(reading, hash=value)) for value in wanted)
    names = {value: str(row["name"]) for value, row in found if row is not None}
    if len(_KNOWN) > _KNOWN_MAX:
        _KNOWN.clear()
    _KNOWN.update(names)
    return names


def subject_by_hash(reading: Connection, subject: bytes) -> Row:
    """Name, kind, owner, standing, record and revisions; raises ResourceUnknown."""
    joined = subject_table.join(
        subject_state_table, subject_table.c.hash == subject_state_table.c.subject
    )
    query = (
        select(subject_table, subject_state_table)
        .select_from(joined)
        .where(subject_table.c.hash == subject, holds(reading, subject_state_table))
    )
    row = first_row(reading, query)
    if row is None:
        raise ResourceUnknown(f"identifiers/0x{subject.hex()}")
    return row


def subjects(
    reading: Connection, *, parent: bytes | None = None, owner: bytes | None = None, kind: int
) -> list[Row]:
    """Subjects of a kind in the order of their registration, directly below a parent or owned."""
    query = (
        select(subject_table, subject_state_table)
        .join(subject_state_table, subject_table.c.hash == subject_state_table.c.subject)
        .where(holds(reading, subject_state_table), subject_table.c.kind == kind)
        .order_by(subject_table.c.seq)
    )
    if parent is not None:
        query = query.where(subject_table.c.parent == parent)
    if owner is not None:
        query = query.where(subject_state_table.c.owner == owner)
    return every_row(reading, query)


def subject_page(reading: Connection, page: Page) -> list[Row]:
    """A page of subjects in the order of their registration.

    Filters: kind, parent, standing (active, suspended), text (a part of the name).
    """
    subject, state = subject_table, subject_state_table
    query = (
        select(subject, state)
        .join(state, subject.c.hash == state.c.subject)
        .where(holds(reading, state))
    )
    for name, value in page.filters.items():
        query = query.where(_subject_filter(name, value))
    return every_row(reading, page.ordered(query, subject.c.seq))


def _subject_filter(name: str, value: Any) -> ColumnElement[bool]:
    if name == "text":
        return subject_table.c.name.contains(value.upper(), autoescape=True)
    if name == "standing":
        is_active = subject_state_table.c.standing.bitwise_and(STANDINGS["ACTIVE"]) > 0
        return is_active if value == "active" else ~is_active
    equal: ColumnElement[bool] = subject_table.c[name] == value
    return equal


def keys_of(
    reading: Connection, participant: bytes, page: Page | None = None, *, at: int | None = None
) -> list[Row]:
    """Keys a participant has or had, as they stand, in the order they came; or those valid then."""
    table, added = key_state_table, FACTS["KeyAdded"]
    query = (
        select(table, added.c.seq)
        .join(
            added,
            (added.c.participant == table.c.participant) & (added.c.added_key == table.c.key),
        )
        .where(table.c.participant == participant, holds(reading, table))
    )
    if at is not None:
        since = table.c.compromised_since
        in_time = (table.c.valid_from_time <= at) & (at < table.c.valid_until_time)
        query = query.where(in_time, (since == 0) | (since > at))
    ordered = query.order_by(added.c.seq) if page is None else page.ordered(query, added.c.seq)
    return every_row(reading, ordered)


def accreditation_of(reading: Connection, verifier: bytes) -> Row | None:
    """The accreditation of a verifier as it stands now."""
    return current(reading, accreditation_state_table, {"verifier": verifier})


def mirrored_subject(reading: Connection, identifier: Identifier) -> Mirrored:
    """What a handle's record is made of.

    A negative answer is given for names that only we could register. Raises ResourceUnknown for
    those, PrefixNotHomed for all others.
    """
    try:
        subject = subject_by_hash(reading, identifier.hash)
    except ResourceUnknown:
        if identifier.parent is not None and _is_known(reading, identifier.parent):
            raise ResourceUnknown(f"handles/{identifier.name}") from None
        raise PrefixNotHomed(identifier.prefix) from None
    keys = keys_of(reading, identifier.hash, Page({}, None, KEYS_MAX))
    return Mirrored(
        subject,
        keys,
        names_of(reading, (subject["parent"], subject["owner"])),
        block_times(reading, (row["valid_from"] for row in (subject, *keys))),
        freshness(reading).head_time,
    )


def names_under(
    reading: Connection, prefix: Identifier, *, start: int, limit: int
) -> tuple[list[str], int]:
    """Names directly under a prefix by their registration, and how many; raises PrefixNotHomed."""
    if not _is_known(reading, prefix):
        raise PrefixNotHomed(prefix.prefix)
    table = subject_table
    under = (table.c.parent == prefix.hash) & ~table.c.is_prefix
    query = select(table.c.name).where(under).order_by(table.c.seq).offset(start).limit(limit)
    total = reading.scalar(select(func.count()).select_from(table).where(under))
    return list(reading.scalars(query)), int(total or 0)


def _is_known(reading: Connection, identifier: Identifier) -> bool:
    return _NAME.first(reading, hash=identifier.hash) is not None
