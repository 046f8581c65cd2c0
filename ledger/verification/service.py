"""The rules of statements and confirmations as the mirror knows them (contracts.md, section 5)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, select

from ledger import contract_errors as refused
from ledger.chain.bindings import MESSAGES, OPINIONS
from ledger.emissions.service import require_figure, require_head, year_of
from ledger.identifiers.acting import owner_of
from ledger.identifiers.service import require_key, require_verifier
from ledger.naming import snake_case
from ledger.outbox.act import SignedAct
from ledger.outbox.queue import message_of, submission
from ledger.store.chain_log import EVENT_OF, is_act
from ledger.store.facts import FACTS
from ledger.store.rows import first_row

GRAMS_PER_TONNE = 1_000_000
# What a verb wants to see, and the stage at which the head is just that.
_SHOWN = {
    "Confirmation": ("Statement", ("ATTESTED",)),
    "Reopening": ("Confirmation", ("CONFIRMED",)),
}


def shown_message(reading: Connection, act: SignedAct) -> Mapping[str, Any] | None:
    """The earlier message a verb wants to see: what `follows` names, recorded or on its way.

    None for verbs that want none; when `follows` names no such message, raises FigureOutOfDate or,
    where it is the head, FigureStageWrong.
    """
    if act.type not in _SHOWN:
        return None
    (shown_type, stages), follows = _SHOWN[act.type], act.message["follows"]
    fact = FACTS[EVENT_OF[shown_type]]
    row = first_row(reading, select(fact).where(is_act(fact, follows)))
    if row is not None:
        names = [name for name, _ in MESSAGES[shown_type]["fields"]]
        return {name: row[snake_case(name)] for name in names}
    waiting = submission(reading, follows)
    if waiting is not None and waiting["type"] == shown_type:
        return message_of(waiting)
    require_head(reading, act, stages=stages)
    raise AssertionError("a head of this stage is recorded as such a message")


def check_statement(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    require_verifier(
        reading,
        message["verifier"],
        key=act.key,
        facility=message["facility"],
        year=year_of(message["period"]),
        now=now,
    )
    require_head(reading, act, stages=("REPORTED", "ATTESTED"))
    require_figure(message["verifiedGrams"])


def check_confirmation(reading: Connection, act: SignedAct, now: int) -> None:
    message = act.message
    require_key(reading, message["authority"], key=act.key, right="CONFIRM", now=now)
    require_head(reading, act, stages=_SHOWN["Confirmation"][1])
    shown = shown_message(reading, act)
    assert shown is not None
    if shown["opinion"] not in (OPINIONS["POSITIVE"], OPINIONS["POSITIVE_CONSERVATIVE"]):
        raise refused.StatementNegative(shown["opinion"])
    verified = shown["verifiedGrams"]
    if abs(message["tonnes"] * GRAMS_PER_TONNE - verified) >= GRAMS_PER_TONNE:
        raise refused.FigureDiffers(verified, message["tonnes"])
    owner = owner_of(reading, message["facility"])
    if message["account"] != owner:
        raise refused.AccountWrong(message["account"], owner)


def check_reopening(reading: Connection, act: SignedAct, now: int) -> None:
    require_key(reading, act.message["authority"], key=act.key, right="CONFIRM", now=now)
    require_head(reading, act, stages=_SHOWN["Reopening"][1])


CHECKS = {
    "Statement": check_statement,
    "Confirmation": check_confirmation,
    "Reopening": check_reopening,
}
