"""What the capabilities together know of each message type: checks, actor, what it shows."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from ledger.emissions.service import CHECKS as EMISSIONS
from ledger.identifiers.acting import acting_participant
from ledger.identifiers.service import CHECKS as IDENTIFIERS
from ledger.outbox.acceptance import Rules, UnderWay
from ledger.outbox.act import SignedAct, created_subject
from ledger.quotas.service import CHECKS as QUOTAS
from ledger.verification.service import CHECKS as VERIFICATION
from ledger.verification.service import shown_message

CHECKS: dict[str, Callable[[Connection, SignedAct, int], None]] = {
    **IDENTIFIERS,
    **EMISSIONS,
    **VERIFICATION,
    **QUOTAS,
}


def rules_of(message_type: str) -> Rules:
    """What the capabilities know of a message type."""
    return Rules(CHECKS[message_type], actor_of, shown_message, created_by)


def actor_of(reading: Connection, act: SignedAct, under_way: UnderWay) -> bytes:
    """The participant an act is signed for, looked up in what is recorded and on its way."""
    known = acting_participant(reading, act.type, act.message, key=act.key)
    if any(known):
        return known
    registration = under_way(_owned_subject(act.message))
    if registration is None:
        return known
    owner: bytes = registration["owner"]
    return owner


def _owned_subject(message: Mapping[str, Any]) -> bytes:
    for name in ("facility", "parent", "participant", "subject"):
        if name in message:
            subject: bytes = message[name]
            return subject
    return bytes(32)


def created_by(act: SignedAct) -> set[bytes]:
    """The identifiers that an act brings into being."""
    return {created_subject(act.message)} if act.type == "Registration" else set()
