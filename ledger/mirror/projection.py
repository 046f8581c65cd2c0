"""Blocks into the mirror: their events, facts, acts and what the capabilities derive of them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ledger.chain.reader import Block, Filled, Log
from ledger.emissions.state import PROJECTIONS as EMISSIONS
from ledger.identifiers.acting import acting_participant
from ledger.identifiers.state import PROJECTIONS as IDENTIFIERS
from ledger.quotas.state import PROJECTIONS as QUOTAS
from ledger.store.chain_log import (
    MESSAGE_OF,
    act_table,
    block_table,
    contract_table,
    cursor_table,
    event_table,
)
from ledger.store.draft import Draft, Remembered
from ledger.store.facts import FACTS
from ledger.store.manifest import Manifest

Projection = Callable[..., None]
# Generated facts need none: only what is derived is written by hand.
PROJECTIONS: dict[str, Projection] = {**IDENTIFIERS, **EMISSIONS, **QUOTAS}


def begin_mirror(connection: Connection, manifest: Manifest, genesis: Block) -> None:
    """The first rows of an empty mirror: where it reads, and that it has read the genesis."""
    for name in ("Identifiers", "Emissions", "Quotas"):
        contract = {
            "address": manifest.address_of(name),
            "name": name,
            "code_hash": getattr(manifest, f"{name.lower()}_code_hash"),
        }
        connection.execute(insert(contract_table).values(**contract))
    connection.execute(
        insert(cursor_table).values(
            row=1,
            chain_id=manifest.chain_id,
            genesis=manifest.genesis,
            head_block=genesis.number,
            head_hash=genesis.hash,
            head_time=genesis.time,
            final_block=genesis.number,
            seq=0,
        )
    )


def project_blocks(
    connection: Connection, blocks: list[Filled], *, depth: int, remembered: Remembered
) -> None:
    """Write what these blocks change and move the cursor, in the caller's transaction.

    `remembered` holds states from earlier calls; who meets an error must forget it.
    """
    before, final = connection.execute(select(cursor_table.c.seq, cursor_table.c.final_block)).one()
    draft = Draft(connection, remembered)
    seq = before
    for filled in blocks:
        draft.add(block_table, filled.block[: len(block_table.c)])
        for log in filled.logs:
            seq += 1
            _project_log(draft, log, seq=seq)
    draft.write()
    head = blocks[-1].block
    connection.execute(
        update(cursor_table).values(
            head_block=head.number,
            head_hash=head.hash,
            head_time=head.time,
            final_block=max(final, head.number - depth),
            seq=seq,
        )
    )


def _project_log(draft: Draft, log: Log, *, seq: int) -> None:
    name, fields = log.event
    place = (seq, log.block, log.log_index, log.transaction_index, log.transaction_hash)
    draft.add(event_table, (*place, log.address, name, log.topics, log.data))
    draft.add(FACTS[name], (seq, log.block, *fields.values()))
    if any(fields.get("id", b"")):  # constructor events are nobody's act
        draft.add(act_table, _act(draft, log, seq))
    if name in PROJECTIONS:
        PROJECTIONS[name](draft, fields, seq=seq, block=log.block)


def _act(draft: Draft, log: Log, seq: int) -> tuple[Any, ...]:
    name, fields = log.event
    message_type = MESSAGE_OF[name]
    actor = acting_participant(draft, message_type, fields, key=fields["key"])
    return seq, fields["id"], message_type, actor, fields["key"], fields["deadline"], log.block
