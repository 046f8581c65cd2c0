"""What the events of Identifiers make of subjects, keys and relations (contracts.md, section 4)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select

from ledger.chain.bindings import KINDS, STANDINGS
from ledger.identifiers.model import (
    accreditation_state_table,
    key_state_table,
    relation_state_table,
    subject_state_table,
    subject_table,
)
from ledger.store.states import current, put

_BY_AUTHORITY = STANDINGS["ACTIVE"] | STANDINGS["HOLDS"] | STANDINGS["SENDS"]


def apply_registered(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    connection.execute(
        insert(subject_table).values(
            hash=event["subject"],
            parent=event["parent"],
            name=_name(connection, event),
            kind=event["kind"],
            is_prefix=event["isPrefix"],
            seq=seq,
        )
    )
    standing = STANDINGS["ACTIVE"]
    is_root = not any(event["parent"])
    if is_root or event["kind"] == KINDS["PREFIX"]:
        standing |= STANDINGS["PREFIX"]
    values = {"owner": event["owner"], "standing": standing, "record": event["record"]}
    counters = {"revision": 0, "record_revision": 0}
    key = {"subject": event["subject"]}
    put(connection, subject_state_table, key=key, values=values | counters, block=block)


def _name(connection: Connection, event: Mapping[str, Any]) -> str:
    query = select(subject_table.c.name).where(subject_table.c.hash == event["parent"])
    parent = connection.scalar(query)
    if parent is None:
        return str(event["label"])
    separator = "." if event["isPrefix"] else "/"
    return f"{parent}{separator}{event['label']}"


def apply_record_changed(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    values = {"record": event["record"], "record_revision": event["revision"]}
    put(
        connection,
        subject_state_table,
        key={"subject": event["subject"]},
        values=values,
        block=block,
    )


def apply_standing_changed(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    key = {"subject": event["subject"]}
    before = current(connection, subject_state_table, key)
    assert before is not None, "a standing without its registration"
    standing = (before["standing"] & ~_BY_AUTHORITY) | event["standing"]
    values = {"standing": standing, "revision": event["revision"]}
    put(connection, subject_state_table, key=key, values=values, block=block)


def apply_key_added(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    values = {
        "person": event["person"],
        "rights": event["rights"],
        "scheme": event["scheme"],
        "valid_from_time": event["effectiveFrom"],
        "valid_until_time": event["validUntil"],
        "compromised_since": 0,
    }
    key = {"participant": event["participant"], "key": event["addedKey"]}
    put(connection, key_state_table, key=key, values=values, block=block)
    subject = {"subject": event["participant"]}
    before = current(connection, subject_state_table, subject)
    assert before is not None, "a key without its participant"
    keyed = {"standing": before["standing"] | STANDINGS["KEYED"]}
    put(connection, subject_state_table, key=subject, values=keyed, block=block)


def apply_key_ended(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    changed = "compromised_since" if event["isCompromised"] else "valid_until_time"
    key = {"participant": event["participant"], "key": event["endedKey"]}
    values = {changed: event["effectiveTime"]}
    put(connection, key_state_table, key=key, values=values, block=block)


def apply_accredited(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    values = {
        "valid_from_time": event["validFrom"],
        "valid_until_time": event["validUntil"],
        "sectors": event["sectors"],
        "revision": event["revision"],
    }
    key = {"verifier": event["verifier"]}
    put(connection, accreditation_state_table, key=key, values=values, block=block)


def apply_verifier_assigned(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    values = {
        "first_year": event["firstYear"],
        "last_year": event["lastYear"],
        "sectors": event["sectors"],
        "ties": event["ties"],
        "revision": event["revision"],
    }
    put(connection, relation_state_table, key=_relation(event), values=values, block=block)


def apply_tie_declared(
    connection: Connection, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    before = current(connection, relation_state_table, _relation(event))
    if before is None:
        none_yet = {"first_year": 0, "last_year": 0, "sectors": 0, "revision": 0}
        values = none_yet | {"ties": event["ties"]}
    else:
        values = {"ties": before["ties"] | event["ties"]}
    put(connection, relation_state_table, key=_relation(event), values=values, block=block)


def _relation(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"verifier": event["verifier"], "enterprise": event["enterprise"]}


PROJECTIONS = {
    "Registered": apply_registered,
    "RecordChanged": apply_record_changed,
    "StandingChanged": apply_standing_changed,
    "KeyAdded": apply_key_added,
    "KeyEnded": apply_key_ended,
    "Accredited": apply_accredited,
    "VerifierAssigned": apply_verifier_assigned,
    "TieDeclared": apply_tie_declared,
}
