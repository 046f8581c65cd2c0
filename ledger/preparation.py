"""A message completed for the one who is about to sign it, and what would be refused of it now.

Nothing is written here. Guards (the head a figure has, the next nonce of a holding) tell what not
everybody may see, so they are looked up only for somebody whose key may act on it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection

from identity.typed_data import Domain
from ledger import contract_errors as refused
from ledger.access.sessions import access_fillings, require_access
from ledger.access.viewer import Viewer
from ledger.act_rules import CHECKS
from ledger.contract_errors import ContractRefusal
from ledger.emissions.deliveries import check_supplied
from ledger.emissions.filling import FILLINGS as EMISSIONS
from ledger.errors import FieldInvalid
from ledger.identifiers.acting import valid_keys
from ledger.identifiers.filling import FILLINGS as IDENTIFIERS
from ledger.messages import fields_of
from ledger.naming import snake_case
from ledger.outbox.act import SignedAct, domain_of, require_in_time, unsigned_act
from ledger.outbox.filling import GUARDS, Filling, Message, fill
from ledger.quotas.filling import FILLINGS as QUOTAS
from ledger.store.chain_log import freshness
from ledger.store.manifest import Manifest
from ledger.verification.filling import FILLINGS as VERIFICATION
from ledger.verification.findings import FINDING_RULES

DEADLINE_SECONDS = 24 * 3600
_FILLINGS = {**IDENTIFIERS, **EMISSIONS, **VERIFICATION, **QUOTAS}
_Check: TypeAlias = Callable[[Connection, SignedAct, int], None]
_CHECKS: dict[str, _Check] = {
    **CHECKS,
    "Finding": FINDING_RULES.check,
    "Delivery": check_supplied,
    # Refused or filled as a whole before: no state speaks against an Access.
    "Access": lambda _reading, _act, _now: None,
}
# Who may act at all; every contract looks at that before it looks at anything else.
_NOT_YOURS = (
    refused.IdentifierUnknown,
    refused.KeyNotValid,
    refused.KeyRightMissing,
    refused.StandingMissing,
    refused.VerifierNotAccredited,
    refused.VerifierNotAssigned,
    refused.VerifierNotIndependent,
)


@dataclass(frozen=True, slots=True)
class PartialMessage:
    """A message of which not every field is given; `given` has the Solidity names.

    `possession` is the signature of a key that it adds, where somebody made one.
    """

    type: str
    given: Message
    possession: bytes | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """An act without its signature, the domain to sign it for, what is refused of it now."""

    act: SignedAct
    domain: Domain
    refusals: list[ContractRefusal]


@dataclass(frozen=True, slots=True)
class Preparing:
    """Who prepares, on which snapshot, and when (unix seconds)."""

    reading: Connection
    viewer: Viewer
    manifest: Manifest
    now: int


def prepare(partial: PartialMessage, preparing: Preparing) -> Prepared:
    """The act as this viewer's person would sign it.

    Raises FieldInvalid for what is missing and does not follow, and what `_NOT_YOURS` names.
    """
    given = _with_constants(partial, preparing)
    key = _key_that_may(partial.type, GUARDS_OF[partial.type] | given, preparing)
    message = _with_guards(partial.type, given, preparing)
    act = unsigned_act(partial.type, message, manifest=preparing.manifest, key=key)
    domain = domain_of(preparing.manifest, partial.type)
    refusal = _late(act, preparing) or _refusal(act, preparing)
    return Prepared(act, domain, [] if refusal is None else [refusal])


def complete(partial: PartialMessage, preparing: Preparing) -> dict[str, Any]:
    """The whole message; raises FieldInvalid for what is missing and does not follow."""
    given = _with_constants(partial, preparing)
    return _with_guards(partial.type, given, preparing)


def require_complete(message_type: str, message: Message) -> None:
    """Raises FieldInvalid, naming every field that is missing."""
    missing = [name for name, _ in fields_of(message_type) if name not in message]
    if missing:
        raise FieldInvalid(
            [{"pointer": f"/message/{snake_case(name)}", "rule": "missing"} for name in missing]
        )


def _guards_of(message_type: str) -> dict[str, Any]:
    fillings = _FILLINGS.get(message_type, ())
    return {one.field: GUARDS[one.field] for one in fillings if one.field in GUARDS}


GUARDS_OF = {message_type: _guards_of(message_type) for message_type in _CHECKS}


def _with_constants(partial: PartialMessage, preparing: Preparing) -> dict[str, Any]:
    """What follows and tells nothing of anybody's state; complete but for the guards."""
    deadline = _chain_time(preparing) + DEADLINE_SECONDS
    fillings = [one for one in _FILLINGS.get(partial.type, ()) if one.field not in GUARDS]
    fillings.append(Filling("deadline", (), lambda _reading, _message: deadline))
    if partial.type == "Access":
        fillings += access_fillings(preparing.viewer, preparing.manifest)
    message = fill(preparing.reading, partial.given, tuple(fillings))
    require_complete(partial.type, GUARDS_OF[partial.type] | message)
    if partial.type == "Access":
        require_access(message, preparing.manifest, person=preparing.viewer.person)
    return message


def _with_guards(message_type: str, given: Message, preparing: Preparing) -> dict[str, Any]:
    message = fill(preparing.reading, given, _FILLINGS.get(message_type, ()))
    require_complete(message_type, message)
    return message


def _key_that_may(message_type: str, message: Message, preparing: Preparing) -> bytes:
    """A key of the viewer's person that may act so; raises why none may."""
    viewer, first = preparing.viewer, None
    assert viewer.participant is not None, "who reads is somebody's person"
    assert viewer.person is not None
    now = _chain_time(preparing)
    keys = valid_keys(preparing.reading, viewer.participant, person=viewer.person, now=now)
    for key in keys or [bytes(20)]:
        act = unsigned_act(message_type, message, manifest=preparing.manifest, key=key)
        refusal = _refusal(act, preparing)
        if not isinstance(refusal, _NOT_YOURS):
            return key
        first = first or refusal
    assert first is not None
    raise first


def _refusal(act: SignedAct, preparing: Preparing) -> ContractRefusal | None:
    try:
        _CHECKS[act.type](preparing.reading, act, _chain_time(preparing))
    except ContractRefusal as refusal:
        return refusal
    return None


def _late(act: SignedAct, preparing: Preparing) -> ContractRefusal | None:
    try:
        require_in_time(act, _chain_time(preparing))
    except ContractRefusal as refusal:
        return refusal
    return None


def _chain_time(preparing: Preparing) -> int:
    """Blocks under a scripted clock run ahead of it: the chain judges by their time."""
    return max(preparing.now, freshness(preparing.reading).head_time)
