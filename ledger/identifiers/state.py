"""What the events of Identifiers make of subjects, keys and relations (contracts.md, section 4)."""

from collections.abc import Mapping
from typing import Any

from ledger.chain.bindings import KINDS, STANDINGS
from ledger.identifiers.acting import SUBJECT
from ledger.identifiers.model import (
    accreditation_state_table,
    key_state_table,
    relation_state_table,
    subject_state_table,
    subject_table,
)
from ledger.store.draft import Draft
from ledger.store.states import current

_BY_AUTHORITY = STANDINGS["ACTIVE"] | STANDINGS["HOLDS"] | STANDINGS["SENDS"]


def apply_registered(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    subject = {
        "hash": event["subject"],
        "parent": event["parent"],
        "name": _name(draft, event),
        "kind": event["kind"],
        "is_prefix": event["isPrefix"],
        "seq": seq,
    }
    draft.add_found(subject_table, subject)
    standing = STANDINGS["ACTIVE"]
    is_root = not any(event["parent"])
    if is_root or event["kind"] == KINDS["PREFIX"]:
        standing |= STANDINGS["PREFIX"]
    values = {"owner": event["owner"], "standing": standing, "record": event["record"]}
    counters = {"revision": 0, "record_revision": 0}
    key = {"subject": event["subject"]}
    draft.put(subject_state_table, key=key, values=values | counters, block=block)


def _name(draft: Draft, event: Mapping[str, Any]) -> str:
    parent = draft.find(SUBJECT, subject_table, event["parent"])
    if parent is None:
        return str(event["label"])
    separator = "." if event["isPrefix"] else "/"
    return f"{parent['name']}{separator}{event['label']}"


def apply_record_changed(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    values = {"record": event["record"], "record_revision": event["revision"]}
    draft.put(
        subject_state_table,
        key={"subject": event["subject"]},
        values=values,
        block=block,
    )


def apply_standing_changed(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    key = {"subject": event["subject"]}
    before = current(draft, subject_state_table, key)
    assert before is not None, "a standing without its registration"
    standing = (before["standing"] & ~_BY_AUTHORITY) | event["standing"]
    values = {"standing": standing, "revision": event["revision"]}
    draft.put(subject_state_table, key=key, values=values, block=block)


def apply_key_added(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    values = {
        "person": event["person"],
        "rights": event["rights"],
        "scheme": event["scheme"],
        "valid_from_time": event["effectiveFrom"],
        "valid_until_time": event["validUntil"],
        "compromised_since": 0,
    }
    key = {"participant": event["participant"], "key": event["addedKey"]}
    draft.put(key_state_table, key=key, values=values, block=block)
    subject = {"subject": event["participant"]}
    before = current(draft, subject_state_table, subject)
    assert before is not None, "a key without its participant"
    keyed = {"standing": before["standing"] | STANDINGS["KEYED"]}
    draft.put(subject_state_table, key=subject, values=keyed, block=block)


def apply_key_ended(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    changed = "compromised_since" if event["isCompromised"] else "valid_until_time"
    key = {"participant": event["participant"], "key": event["endedKey"]}
    values = {changed: event["effectiveTime"]}
    draft.put(key_state_table, key=key, values=values, block=block)


def apply_accredited(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    values = {
        "valid_from_time": event["validFrom"],
        "valid_until_time": event["validUntil"],
        "sectors": event["sectors"],
        "revision": event["revision"],
    }
    key = {"verifier": event["verifier"]}
    draft.put(accreditation_state_table, key=key, values=values, block=block)


def apply_verifier_assigned(
    draft: Draft, event: Mapping[str, Any], *, seq: int, block: int
) -> None:
    values = {
        "first_year": event["firstYear"],
        "last_year": event["lastYear"],
        "sectors": event["sectors"],
        "ties": event["ties"],
        "revision": event["revision"],
    }
    draft.put(relation_state_table, key=_relation(event), values=values, block=block)


def apply_tie_declared(draft: Draft, event: Mapping[str, Any], *, seq: int, block: int) -> None:
    before = current(draft, relation_state_table, _relation(event))
    if before is None:
        none_yet = {"first_year": 0, "last_year": 0, "sectors": 0, "revision": 0}
        values = none_yet | {"ties": event["ties"]}
    else:
        values = {"ties": before["ties"] | event["ties"]}
    draft.put(relation_state_table, key=_relation(event), values=values, block=block)


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
