"""Reading submissions: what the chain recorded wins over what the outbox knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from ledger.chain.codec import decode_refusal
from ledger.errors import Refusal, ResourceUnknown
from ledger.outbox.model import courier_transaction_table
from ledger.outbox.queue import submission
from ledger.store.chain_log import act_by_id, event_table, freshness

STATES = ("accepted", "sent", "provisional", "final", "refused")


@dataclass(frozen=True, slots=True)
class Standing:
    """A submission as it stands; `state` is accepted, sent, provisional, final or refused."""

    id: bytes
    type: str
    actor: bytes
    key: bytes
    carrier: bytes | None
    state: str
    attempt: int
    accepted_at: int | None
    deadline: int
    block: int | None
    transaction: bytes | None
    refusal: Refusal | None
    answer: bytes | None


def submission_standing(reading: Connection, act_id: bytes) -> Standing:
    """What became of a submission; raises ResourceUnknown for an act that never came here."""
    return _standing(reading, act_id, submission(reading, act_id))


def standing_of(reading: Connection, row: Mapping[str, Any]) -> Standing:
    """What became of the submission of this row."""
    return _standing(reading, row["id"], row)


def _standing(reading: Connection, act_id: bytes, row: Mapping[str, Any] | None) -> Standing:
    act = act_by_id(reading, act_id)
    if row is None and act is None:
        raise ResourceUnknown(f"submissions/0x{act_id.hex()}")
    known: Mapping[str, Any] = row or act or {}
    state, block, transaction = _place(reading, row, act)
    refusal = row["refusal"] if row is not None and state == "refused" else None
    return Standing(
        id=act_id,
        type=known["type"],
        actor=known["actor"],
        key=known["key"],
        carrier=row["carrier"] if row else None,
        state=state,
        attempt=row["attempt"] if row else 1,
        accepted_at=row["accepted_at"] if row else None,
        deadline=known["deadline"],
        block=block,
        transaction=transaction,
        refusal=decode_refusal(refusal) if refusal is not None else None,
        answer=row["acknowledgement"] if row else None,
    )


def _place(
    reading: Connection, row: Mapping[str, Any] | None, act: Mapping[str, Any] | None
) -> tuple[str, int | None, bytes | None]:
    """State, block and transaction hash."""
    if act is not None:
        query = select(event_table.c.transaction_hash).where(event_table.c.seq == act["seq"])
        is_final = act["block"] <= freshness(reading).final_block
        return "final" if is_final else "provisional", act["block"], reading.scalar(query)
    assert row is not None
    table = courier_transaction_table
    query = select(table.c.hash, table.c.done_block).where(table.c.seq == row["transaction_seq"])
    sent = reading.execute(query).first()
    # Done but not in this snapshot of the mirror: its block is about to be read.
    state = "sent" if row["state"] == "done" else row["state"]
    return state, sent.done_block if sent else None, sent.hash if sent else None
