"""The rules of Identifiers as the mirror knows them, so that the door can refuse the hopeless.

Each check raises what the contract would (contracts.md, section 4); the contract has the last word.
"""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select

from ledger import contract_errors as refused
from ledger.chain.bindings import KINDS, RIGHTS, SCHEMES, STANDINGS
from ledger.identifiers.acting import PARTICIPANT_KINDS, is_participant
from ledger.identifiers.model import (
    accreditation_state_table,
    key_state_table,
    relation_state_table,
    subject_state_table,
    subject_table,
)
from ledger.outbox.act import SignedAct, created_subject
from ledger.store.prepared import Prepared, answered_once
from ledger.store.rows import Row
from ledger.store.states import current

_SEGMENT = re.compile(r"[0-9]{1,10}")
_SUFFIX = re.compile(r"[A-Z0-9](?:[A-Z0-9._:-]{0,126}[A-Z0-9])?")
_SECTORS_MAX = 2**63 - 1
_KIND = Prepared(select(subject_table.c.kind).where(subject_table.c.hash == bindparam("hash")))
_BY_AUTHORITY = STANDINGS["ACTIVE"] | STANDINGS["HOLDS"] | STANDINGS["SENDS"]


def standing_of(reading: Connection, subject: bytes) -> int:
    """The standing bits of an identifier; 0 for an unknown one."""
    row = current(reading, subject_state_table, {"subject": subject})
    return 0 if row is None else row["standing"]


def kind_of(reading: Connection, subject: bytes) -> int:
    """The kind of an identifier; 0 for an unknown one."""
    row = _KIND.first(reading, hash=subject)
    return 0 if row is None else row["kind"]


def require_known(reading: Connection, subject: bytes) -> None:
    """Raises IdentifierUnknown."""
    if kind_of(reading, subject) == 0:
        raise refused.IdentifierUnknown(subject)


def require_standing(reading: Connection, subject: bytes, *names: str) -> None:
    """Raises IdentifierUnknown, StandingMissing unless the identifier has all these bits."""
    require_known(reading, subject)
    wanted = sum(STANDINGS[name] for name in names)
    standing = standing_of(reading, subject)
    if standing & wanted != wanted:
        raise refused.StandingMissing(subject, standing, wanted)


@answered_once
def require_key(
    reading: Connection, participant: bytes, *, key: bytes, right: str | None, now: int
) -> Row:
    """The key's row; raises StandingMissing, KeyNotValid, KeyRightMissing."""
    require_standing(reading, participant, "ACTIVE")
    row = current(reading, key_state_table, {"participant": participant, "key": key})
    if row is None:
        raise refused.KeyNotValid(participant, key, 0, 0, 0)
    is_in_time = row["valid_from_time"] <= now < row["valid_until_time"]
    is_signing = row["scheme"] != SCHEMES["OTHER_CURVE"]
    if not is_in_time or row["compromised_since"] or not is_signing:
        raise refused.KeyNotValid(
            participant,
            key,
            row["valid_from_time"],
            row["valid_until_time"],
            row["compromised_since"],
        )
    wanted = 0 if right is None else RIGHTS[right]
    if row["rights"] & wanted != wanted:
        raise refused.KeyRightMissing(participant, key, row["rights"], wanted)
    return row


def has_ended(reading: Connection, participant: bytes, key: bytes, *, now: int) -> bool:
    """Whether the key signed for the participant once and does not any more."""
    row = current(reading, key_state_table, {"participant": participant, "key": key})
    return row is not None and bool(row["compromised_since"] or row["valid_until_time"] <= now)


def is_custodial(reading: Connection, participant: bytes, key: bytes) -> bool:
    """Whether the key of a participant is one that a service holds for its person."""
    row = current(reading, key_state_table, {"participant": participant, "key": key})
    return row is not None and bool(row["rights"] & RIGHTS["CUSTODIAL"])


@answered_once
def require_facility(reading: Connection, facility: bytes, *standing: str) -> bytes:
    """The facility's enterprise; raises IdentifierUnknown, StandingMissing, IdentifierKindWrong."""
    require_standing(reading, facility, *standing)
    kind = kind_of(reading, facility)
    if kind != KINDS["FACILITY"]:
        raise refused.IdentifierKindWrong(facility, kind)
    return _owner(reading, facility)


def require_sectors(sectors: int) -> None:
    """Raises FigureTooLarge for bits that no column holds."""
    if sectors > _SECTORS_MAX:
        raise refused.FigureTooLarge(sectors)


def require_revision(*, current_revision: int, given: int) -> None:
    """Raises RevisionOutOfDate unless the given revision is the next."""
    if given != current_revision + 1:
        raise refused.RevisionOutOfDate(current_revision, given)


def require_verifier(
    reading: Connection, verifier: bytes, *, key: bytes, facility: bytes, year: int, now: int
) -> None:
    """Raises what `requireVerifier` does: key, assignment, independence, accreditation."""
    require_key(reading, verifier, key=key, right="ATTEST", now=now)
    enterprise = require_facility(reading, facility)
    relation = current(
        reading, relation_state_table, {"verifier": verifier, "enterprise": enterprise}
    )
    if relation is None or not _is_assigned(relation, year):
        raise refused.VerifierNotAssigned(verifier, enterprise, year)
    if relation["ties"]:
        raise refused.VerifierNotIndependent(verifier, enterprise, relation["ties"])
    accreditation = current(reading, accreditation_state_table, {"verifier": verifier})
    sectors = relation["sectors"]
    if (
        accreditation is None
        or not accreditation["valid_from_time"] <= now < accreditation["valid_until_time"]
        or sectors & ~accreditation["sectors"]
    ):
        raise refused.VerifierNotAccredited(verifier, sectors, now)


def _is_assigned(relation: Row, year: int) -> bool:
    """A declared tie alone makes a relation without an assignment: its revision is 0."""
    is_in_years = relation["first_year"] <= year <= relation["last_year"]
    return bool(relation["revision"] != 0 and is_in_years)


def check_registration(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    parent = message["parent"]
    require_standing(reading, parent, "ACTIVE", "PREFIX")
    registrar = parent if is_participant(reading, parent) else _owner(reading, parent)
    require_key(reading, registrar, key=act.key, right="REGISTER", now=now)
    grammar = _SEGMENT if message["isPrefix"] else _SUFFIX
    if not grammar.fullmatch(message["label"]):
        raise refused.IdentifierLabelBad(message["label"])
    subject = created_subject(message)
    if kind_of(reading, subject):
        raise refused.IdentifierAlreadyRegistered(subject)
    is_prefix_kind = message["kind"] == KINDS["PREFIX"]
    if not 1 <= message["kind"] <= max(KINDS.values()) or message["isPrefix"] != is_prefix_kind:
        raise refused.IdentifierKindWrong(subject, message["kind"])
    owner_kind = kind_of(reading, message["owner"])
    if owner_kind == 0:
        raise refused.IdentifierUnknown(message["owner"])
    if owner_kind not in PARTICIPANT_KINDS:
        raise refused.IdentifierKindWrong(message["owner"], owner_kind)


def check_record_change(reading: Connection, act: SignedAct, now: int) -> None:
    subject = act.message["subject"]
    row = current(reading, subject_state_table, {"subject": subject})
    if row is None:
        raise refused.IdentifierUnknown(subject)
    keys_of = subject if _has_key(reading, subject, act.key) else row["owner"]
    require_key(reading, keys_of, key=act.key, right="REGISTER", now=now)
    require_revision(current_revision=row["record_revision"], given=act.message["revision"])


def check_key_addition(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    participant = message["participant"]
    require_standing(reading, participant, "ACTIVE")
    giver = _giver(reading, act, now)
    starts = message["validFrom"] or now
    if starts < now or message["validUntil"] <= starts:
        raise refused.IntervalBad(starts, message["validUntil"])
    if _has_key(reading, participant, message["addedKey"]):
        raise refused.KeyAlreadyAdded(participant, message["addedKey"])
    kind = kind_of(reading, participant)
    if message["scheme"] != SCHEMES["OTHER_CURVE"] and kind not in PARTICIPANT_KINDS:
        raise refused.IdentifierKindWrong(participant, kind)
    given = message["rights"] & ~RIGHTS["CUSTODIAL"]
    if given & ~giver["rights"]:
        raise refused.KeyRightMissing(giver["participant"], act.key, giver["rights"], given)


def _giver(reading: Connection, act: SignedAct, now: int) -> Row:
    """The key that introduces another: the same person's, else the owner's with REGISTER."""
    message = act.message
    own = {"participant": message["participant"], "key": act.key}
    row = current(reading, key_state_table, own)
    if row is not None and row["person"] == message["person"]:
        return require_key(reading, message["participant"], key=act.key, right=None, now=now)
    owner = _owner(reading, message["participant"])
    return require_key(reading, owner, key=act.key, right="REGISTER", now=now)


def check_key_ending(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    participant = message["participant"]
    require_known(reading, participant)
    if _has_key(reading, participant, act.key):
        require_key(reading, participant, key=act.key, right=None, now=now)
    else:
        owner = _owner(reading, participant)
        require_key(reading, owner, key=act.key, right="REGISTER", now=now)
    ended = {"participant": participant, "key": message["endedKey"]}
    row = current(reading, key_state_table, ended)
    if row is None:
        raise refused.KeyNotValid(participant, message["endedKey"], 0, 0, 0)
    _check_ending_time(message, row, now)


def _check_ending_time(message: Mapping[str, Any], row: Mapping[str, Any], now: int) -> None:
    time, until = message["time"], row["valid_until_time"]
    if message["isCompromised"]:
        since = row["compromised_since"]
        is_good = 0 < time <= now and (since == 0 or time < since)
    else:
        ends = time or now
        is_good = now <= ends < until
        time = ends
    if not is_good:
        raise refused.IntervalBad(time, until)


def check_standing_change(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    subject = message["subject"]
    require_key(reading, message["authority"], key=act.key, right="ADMIT", now=now)
    row = current(reading, subject_state_table, {"subject": subject})
    if row is None:
        raise refused.IdentifierUnknown(subject)
    require_revision(current_revision=row["revision"], given=message["revision"])
    kind = kind_of(reading, subject)
    if kind == KINDS["VERIFIER"] and message["standing"] & STANDINGS["HOLDS"]:
        raise refused.IdentifierKindWrong(subject, kind)
    if message["standing"] & ~_BY_AUTHORITY:
        raise refused.StandingBad(message["standing"])


def check_accreditation(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    require_key(reading, message["authority"], key=act.key, right="ACCREDIT", now=now)
    row = current(reading, accreditation_state_table, {"verifier": message["verifier"]})
    require_revision(current_revision=row["revision"] if row else 0, given=message["revision"])
    require_sectors(message["sectors"])


def check_assignment(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    require_key(reading, message["authority"], key=act.key, right="ACCREDIT", now=now)
    pair = {"verifier": message["verifier"], "enterprise": message["enterprise"]}
    row = current(reading, relation_state_table, pair)
    require_revision(current_revision=row["revision"] if row else 0, given=message["revision"])
    if message["verifier"] == message["enterprise"]:
        raise refused.VerifierNotIndependent(**pair, ties=message["ties"])
    require_sectors(message["sectors"])


def check_tie(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    participant = message["participant"]
    pair = {"verifier": message["verifier"], "enterprise": message["enterprise"]}
    if participant not in pair.values():
        raise refused.KeyNotValid(participant, act.key, 0, 0, 0)
    require_key(reading, participant, key=act.key, right=None, now=now)
    row = current(reading, relation_state_table, pair)
    if row is not None and message["ties"] & ~row["ties"] == 0:
        raise refused.TieAlreadyDeclared(**pair, ties=message["ties"])


def _owner(reading: Connection, subject: bytes) -> bytes:
    row = current(reading, subject_state_table, {"subject": subject})
    return bytes(32) if row is None else row["owner"]


def _has_key(reading: Connection, participant: bytes, key: bytes) -> bool:
    wanted = {"participant": participant, "key": key}
    return current(reading, key_state_table, wanted) is not None


CHECKS = {
    "Registration": check_registration,
    "RecordChange": check_record_change,
    "KeyAddition": check_key_addition,
    "KeyEnding": check_key_ending,
    "StandingChange": check_standing_change,
    "Accreditation": check_accreditation,
    "Assignment": check_assignment,
    "Tie": check_tie,
}
