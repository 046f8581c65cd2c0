"""The service's promise, checked: signed by its key, for this act, and not too far off."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.client.known import Known
from api.client.refusals import AnswerWrong
from api.fields import parse_hex, parse_time
from identity.errors import IdentityError
from identity.identifier import parse_identifier
from identity.signature import recover_address
from identity.typed_data import ACKNOWLEDGEMENT, digest, struct_hash
from ledger.errors import Refusal

CARRY_WITHIN_SECONDS = 600  # api.md, section 1.2: what every acknowledgement promises


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A promise that holds: by `carry_by` the act is in a block, executed or refused.

    Times are unix seconds, `head` the 32 bytes of the newest block the service had read,
    `service` the hash of its identifier.
    """

    id: str
    actor: str
    accepted_at: int
    carry_by: int
    head: bytes
    service: bytes
    signature: bytes


def checked_acknowledgement(answer: Any, *, act_id: str, known: Known) -> Acknowledgement:
    """The acknowledgement of a 202's body; raises AnswerWrong with what is wrong."""
    try:
        promised = _read(answer, act_id)
    except (KeyError, TypeError, AttributeError, Refusal, IdentityError):
        raise AnswerWrong("acknowledgement") from None
    if promised.service != parse_identifier(known.service).hash:
        raise AnswerWrong("service")
    if not 0 <= promised.carry_by - promised.accepted_at <= CARRY_WITHIN_SECONDS:
        raise AnswerWrong("carry_by")
    if _signer(promised, known) != known.service_key:
        raise AnswerWrong("signature")
    return promised


def _read(answer: Mapping[str, Any], act_id: str) -> Acknowledgement:
    told = answer["acknowledgement"]
    return Acknowledgement(
        id=act_id,
        actor=answer["actor"],
        accepted_at=parse_time(told["accepted_at"], pointer="/accepted_at"),
        carry_by=parse_time(told["carry_by"], pointer="/carry_by"),
        head=parse_hex(told["head"], size=32, pointer="/head"),
        service=_hash(told["service"]),
        signature=parse_hex(told["signature"], size=65, pointer="/signature"),
    )


def _signer(promised: Acknowledgement, known: Known) -> bytes | None:
    """The address that signed the promise; None for what is no signature."""
    try:
        message = {
            "id": bytes.fromhex(promised.id[2:]),
            "actor": _hash(promised.actor),
            "acceptedAt": promised.accepted_at,
            "carryBy": promised.carry_by,
            "head": promised.head,
            "service": promised.service,
        }
        hashed = struct_hash("Acknowledgement", ACKNOWLEDGEMENT, message)
        return recover_address(digest(known.own_domain.separator, hashed), promised.signature)
    except (IdentityError, Refusal):
        return None


def _hash(text: str) -> bytes:
    """The 32 bytes of an identifier, which is hex until the service has read its name."""
    if text.startswith("0x"):
        return parse_hex(text, size=32, pointer="/actor")
    return parse_identifier(text).hash
