"""What messages about identifiers need not say: the next revision, and what is usual."""

from typing import Any

from sqlalchemy import Connection, Table

from ledger.chain.bindings import KINDS, SCHEMES
from ledger.identifiers.model import (
    accreditation_state_table,
    relation_state_table,
    subject_state_table,
)
from ledger.outbox.filling import Filling, Message
from ledger.store.states import current

_NOTHING = bytes(32)


def next_revision(
    reading: Connection, table: Table, key: Message, *, counter: str = "revision"
) -> int:
    """The revision after the one that this setting has, 1 for the first."""
    row = current(reading, table, key)
    return 1 if row is None else row[counter] + 1


def _record_revision(reading: Connection, message: Message) -> int:
    key = {"subject": message["subject"]}
    return next_revision(reading, subject_state_table, key, counter="record_revision")


def _standing_revision(reading: Connection, message: Message) -> int:
    return next_revision(reading, subject_state_table, {"subject": message["subject"]})


def _accreditation_revision(reading: Connection, message: Message) -> int:
    key = {"verifier": message["verifier"]}
    return next_revision(reading, accreditation_state_table, key)


def _relation_revision(reading: Connection, message: Message) -> int:
    key = {"verifier": message["verifier"], "enterprise": message["enterprise"]}
    return next_revision(reading, relation_state_table, key)


def _retirement_time(_reading: Connection, message: Message) -> int | None:
    """Now for a retirement; since when a key was compromised only its owner knows."""
    return None if message["isCompromised"] else 0


def _constant(field: str, value: Any) -> Filling:
    return Filling(field, (), lambda _reading, _message: value)


FILLINGS: dict[str, tuple[Filling, ...]] = {
    "Registration": (
        Filling("isPrefix", ("kind",), lambda _, message: message["kind"] == KINDS["PREFIX"]),
        _constant("record", _NOTHING),
    ),
    "RecordChange": (Filling("revision", ("subject",), _record_revision),),
    "KeyAddition": (_constant("scheme", SCHEMES["SECP256K1"]), _constant("validFrom", 0)),
    "KeyEnding": (Filling("time", ("isCompromised",), _retirement_time),),
    "StandingChange": (Filling("revision", ("subject",), _standing_revision),),
    "Accreditation": (Filling("revision", ("verifier",), _accreditation_revision),),
    "Assignment": (Filling("revision", ("verifier", "enterprise"), _relation_revision),),
    "Tie": (),
}
