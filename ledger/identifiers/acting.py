"""For whom a key acts: named by the message, or the owner of what the message names."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from ledger.chain.bindings import KINDS, SCHEMES
from ledger.identifiers.model import key_state_table, subject_state_table, subject_table
from ledger.store.draft import Draft
from ledger.store.prepared import Prepared
from ledger.store.states import current, is_now

PARTICIPANT_KINDS = frozenset(
    KINDS[name] for name in ("PARK", "ENTERPRISE", "VERIFIER", "REGULATOR", "MODULE", "SERVICE")
)
SUBJECT = Prepared(select(subject_table).where(subject_table.c.hash == bindparam("hash")))
_NAMED_BY = {
    "Tie": "participant",
    "KeyEnding": "participant",
    "StandingChange": "authority",
    "Accreditation": "authority",
    "Assignment": "authority",
    "Statement": "verifier",
    "Confirmation": "authority",
    "Reopening": "authority",
    "Cap": "authority",
    "Rule": "authority",
    "Allocation": "authority",
    "Transfer": "from",
    "Surrender": "account",
    "Cancellation": "account",
}


def acting_participant(
    source: Connection | Draft, message_type: str, message: Mapping[str, Any], *, key: bytes
) -> bytes:
    """The participant a message is signed for; 32 zeros when its subject is not known yet."""
    match message_type:
        case "Evidence" | "Report":
            return owner_of(source, message["facility"])
        case "Registration":
            parent: bytes = message["parent"]
            return parent if is_participant(source, parent) else owner_of(source, parent)
        case "RecordChange" | "KeyAddition" | "KeyEnding":
            subject: bytes = message.get("subject", message.get("participant", b""))
            return subject if _has_key(source, subject, key) else owner_of(source, subject)
    participant: bytes = message[_NAMED_BY[message_type]]
    return participant


def owner_of(source: Connection | Draft, subject: bytes) -> bytes:
    """The owner of an identifier; 32 zeros for the root and for unknown ones."""
    row = current(source, subject_state_table, {"subject": subject})
    return bytes(32) if row is None else row["owner"]


def is_participant(source: Connection | Draft, subject: bytes) -> bool:
    """Whether the identifier's own keys speak for it."""
    if isinstance(source, Draft):
        row = source.find(SUBJECT, subject_table, subject)
    else:
        row = SUBJECT.first(source, hash=subject)
    return row is not None and row["kind"] in PARTICIPANT_KINDS


def _has_key(source: Connection | Draft, participant: bytes, key: bytes) -> bool:
    return current(source, key_state_table, {"participant": participant, "key": key}) is not None


def valid_keys(connection: Connection, participant: bytes, *, person: int, now: int) -> list[bytes]:
    """The addresses of a person's keys that may sign now, oldest first."""
    table = key_state_table
    query = (
        select(table.c.key)
        .where(
            table.c.participant == participant,
            table.c.person == person,
            table.c.scheme == SCHEMES["SECP256K1"],
            table.c.compromised_since == 0,
            table.c.valid_from_time <= now,
            table.c.valid_until_time > now,
            is_now(table),
        )
        .order_by(table.c.valid_from_time, table.c.key)
    )
    return list(connection.scalars(query))
