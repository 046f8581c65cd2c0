"""Blocks into the mirror: their events, facts, acts and what the capabilities derive of them."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, insert, select, update

from ledger.chain.reader import Block, Filled, Log
from ledger.emissions.state import PROJECTIONS as EMISSIONS
from ledger.identifiers.acting import acting_participant
from ledger.identifiers.state import PROJECTIONS as IDENTIFIERS
from ledger.naming import snake_case
from ledger.quotas.state import PROJECTIONS as QUOTAS
from ledger.store.chain_log import (
    MESSAGE_OF,
    act_table,
    block_table,
    contract_table,
    cursor_table,
    event_table,
)
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


def project_blocks(connection: Connection, blocks: list[Filled], *, depth: int) -> None:
    """Write what these blocks change and move the cursor, in the caller's transaction."""
    before, final = connection.execute(select(cursor_table.c.seq, cursor_table.c.final_block)).one()
    seq = before
    for filled in blocks:
        header = asdict(filled.block)
        connection.execute(
            insert(block_table).values(
                {column.name: header[column.name] for column in block_table.c}
            )
        )
        for log in filled.logs:
            seq += 1
            _project_log(connection, log, seq=seq)
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


def _project_log(connection: Connection, log: Log, *, seq: int) -> None:
    fields = log.event.fields
    connection.execute(
        insert(event_table).values(
            seq=seq,
            block=log.block,
            log_index=log.log_index,
            transaction_index=log.transaction_index,
            transaction_hash=log.transaction_hash,
            address=log.address,
            name=log.event.name,
            topics=log.topics,
            data=log.data,
        )
    )
    fact = {snake_case(name): value for name, value in fields.items()}
    connection.execute(insert(FACTS[log.event.name]).values(seq=seq, block=log.block, **fact))
    if any(fields.get("id", b"")):  # constructor events are nobody's act
        _write_act(connection, log, seq=seq)
    if log.event.name in PROJECTIONS:
        PROJECTIONS[log.event.name](connection, fields, seq=seq, block=log.block)


def _write_act(connection: Connection, log: Log, *, seq: int) -> None:
    fields: dict[str, Any] = log.event.fields
    message_type = MESSAGE_OF[log.event.name]
    actor = acting_participant(connection, message_type, fields, key=fields["key"])
    connection.execute(
        insert(act_table).values(
            seq=seq,
            id=fields["id"],
            type=message_type,
            actor=actor,
            key=fields["key"],
            deadline=fields["deadline"],
            block=log.block,
        )
    )
