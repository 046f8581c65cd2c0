"""Signed acts for a stopped ledger, without HTTP: values are Python's, names the contracts'."""

import hashlib
from typing import Any

from identity.identifier import parse_identifier
from identity.signature import sign_digest
from identity.typed_data import digest, struct_hash
from ledger.act_rules import created_by
from ledger.chain.bindings import KINDS
from ledger.messages import fields_of
from ledger.outbox.act import Envelope, SignedAct, domain_of, open_act, subjects_of
from ledger.outbox.queue import Entry, Intake
from ledger.quotas.asset import parse_asset
from tests.ledger.played import Opened

DEADLINE = 1_700_000_000
ACCEPTED_AT = 1_669_900_000  # later on the day that the played year begins
ENTERPRISE = parse_identifier("88.111/ENT.0001").hash
FACILITY = parse_identifier("88.111.1/FAC.0001").hash
PREFIX = parse_identifier("88.111.1").hash
SIGNER = "enterprise 1"


def registration(label: str, **changes: Any) -> dict[str, Any]:
    """A source of the first enterprise."""
    message = {
        "parent": PREFIX,
        "label": label,
        "isPrefix": False,
        "kind": KINDS["SOURCE"],
        "owner": ENTERPRISE,
        "record": bytes(32),
        "deadline": DEADLINE,
    }
    return message | changes


def evidence(month: int, **changes: Any) -> dict[str, Any]:
    """The first anchor of a month's own figure."""
    message = {
        "facility": FACILITY,
        "period": month,
        "follows": bytes(32),
        "month": month,
        "root": hashlib.sha256(b"root").digest(),
        "leaves": 744,
        "deadline": DEADLINE,
    }
    return message | changes


def transfer(tonnes: int, nonce: int) -> dict[str, Any]:
    """From the first enterprise to the second."""
    return {
        "from": ENTERPRISE,
        "to": parse_identifier("88.111/ENT.0002").hash,
        "asset": parse_asset("PARK-2023"),
        "tonnes": tonnes,
        "nonce": nonce,
        "deadline": DEADLINE,
    }


def envelope(ledger: Opened, message_type: str, message: dict[str, Any]) -> Envelope:
    """The message signed by the first enterprise."""
    domain = domain_of(ledger.manifest, message_type)
    hashed = struct_hash(message_type, fields_of(message_type), message)
    signature = sign_digest(ledger.keys[SIGNER], digest(domain.separator, hashed))
    return Envelope(message_type, message, domain.chain_id, domain.contract, signature)


def signed(ledger: Opened, message_type: str, message: dict[str, Any]) -> SignedAct:
    """The act as the door opens it."""
    return open_act(envelope(ledger, message_type, message), manifest=ledger.manifest)


def put_in(ledger: Opened, message_type: str, *messages: dict[str, Any]) -> list[bytes]:
    """Take these into the outbox, past the door; their ids."""
    acts = [signed(ledger, message_type, message) for message in messages]
    with ledger.store.keeping() as connection:
        intake = Intake(connection, [act.id for act in acts], now=ACCEPTED_AT)
        for act in acts:
            subjects = frozenset(subjects_of(act) | created_by(act) | {ENTERPRISE})
            intake.take(Entry(act, ENTERPRISE, None, None, b"{}", subjects))
        intake.write()
    return [act.id for act in acts]
