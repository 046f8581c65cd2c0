"""Carries submissions to the chain: nonce, signature and bytes are stored before they are sent.

After a crash the same bytes go out again. What became of a submission is what the chain says
once the mirror has read the block; no error of sending means anything.
"""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, zip_longest
from typing import Any

from sqlalchemy import Connection, Select, insert, select, update

from ledger.chain.bindings import MESSAGES
from ledger.chain.codec import encode_call
from ledger.chain.node import NodeError, NodeUnreachable
from ledger.chain.sender import Batch, Outcome, Sender, outcome_of
from ledger.outbox.model import (
    IS_UNDECIDED,
    courier_table,
    courier_transaction_table,
    submission_table,
)
from ledger.outbox.queue import put_back, settle
from ledger.store.chain_log import act_by_id, foresee_acts, freshness
from ledger.store.engine import Store
from ledger.store.manifest import Manifest
from ledger.store.rows import Row, every_row, inserted_seq

MESSAGES_PER_TRANSACTION = 200
_MESSAGES_PER_ROUND = 4 * MESSAGES_PER_TRANSACTION


class Courier:
    """One key that carries anybody's signed acts; it has no rights of its own."""

    def __init__(self, store: Store, sender: Sender, manifest: Manifest) -> None:
        self._store = store
        self._sender = sender
        self._manifest = manifest
        self._sent: set[int] = set()
        self._settled_head = -1
        self._nonce_floor = 0
        self._gas_limit = 0  # 0: the chain was not asked yet

    def run_once(self) -> bool:
        """One round: settle what the mirror has read, send what is stored, store what waits.

        True when there was anything to do.
        """
        with self._store.reading() as reading:
            open_ones = _open_transactions(reading)
            head = freshness(reading).final_block
            is_waiting = bool(_waiting(reading, limit=1))
        settled = self._settle(open_ones, head)
        is_reached = self._send([one for one in open_ones if one["seq"] not in settled])
        if is_waiting and is_reached:
            self._store_waiting()
        return (is_waiting and is_reached) or bool(settled)

    def _settle(self, open_ones: list[Row], head: int) -> set[int]:
        """Write what became of the transactions in blocks that the mirror has read."""
        if head == self._settled_head:
            return set()  # nothing new was read: no receipt can have become final
        settled = self._settle_mined(open_ones, head) if open_ones else set()
        self._settled_head = head
        return settled

    def _settle_mined(self, open_ones: list[Row], head: int) -> set[int]:
        """As above; asks for the receipts of those only that can be in a final block."""
        settled: set[int] = set()
        nonce = self._sender.chain_nonce()
        unmined = [one for one in open_ones if one["nonce"] >= nonce]
        for transaction in (one for one in open_ones if one["nonce"] < nonce):
            receipt = self._sender.receipt(transaction["hash"])
            if receipt is None:
                unmined.append(transaction)
            elif int(receipt["blockNumber"], 16) > head:
                break  # one of a later nonce is in no earlier block
            else:
                carried = self._carried(transaction["seq"])
                outcome = self._outcome(receipt, carried)
                self._settle_transaction(transaction["seq"], carried, outcome)
                settled.add(transaction["seq"])
        return settled | self._look_after(unmined, head) if unmined else settled

    def _look_after(self, unmined: list[Row], head: int) -> set[int]:
        """Those in no block: others took their nonces for good, which are told, or not yet.

        The chain went on without the rest: the same bytes go again, which harms nobody.
        """
        used = self._sender.chain_nonce(block=head)
        lost = {one["seq"] for one in unmined if one["nonce"] < used}
        self._sent -= {one["seq"] for one in unmined}
        if lost:
            self._nonce_floor = self._sender.chain_nonce()
        for seq in sorted(lost):
            self._settle_transaction(seq, self._carried(seq), Outcome(head, {}))
        return lost

    def _outcome(self, receipt: dict[str, Any], carried: list[Row]) -> Outcome:
        outcome = outcome_of(receipt, calls=len(carried))
        batch = _batch_of(carried)
        if not batch.is_whole or not outcome.refusals:
            return outcome
        address = self._manifest.address_of(batch.contract)
        reason = self._sender.refusal_of(batch, address=address, block=outcome.block)
        return Outcome(outcome.block, dict.fromkeys(outcome.refusals, reason))

    def _carried(self, transaction_seq: int) -> list[Row]:
        """The submissions of a transaction in the order of its calls."""
        query = (
            select(submission_table)
            .where(submission_table.c.transaction_seq == transaction_seq)
            .order_by(submission_table.c.seq)
        )
        with self._store.reading() as reading:
            return every_row(reading, query)

    def _settle_transaction(
        self, transaction_seq: int, carried: list[Row], outcome: Outcome
    ) -> None:
        recorded = self._recorded(carried)
        refused = _refused(carried, outcome, recorded)
        traceless = refused.pop(b"", [])  # or out of gas
        with self._store.keeping() as connection:
            settle(connection, recorded, state="done")
            for reason, seqs in refused.items():
                settle(connection, seqs, state="refused", refusal=reason)
            put_back(connection, traceless)
            done = courier_transaction_table.c.seq == transaction_seq
            values = {"done_block": outcome.block}
            connection.execute(update(courier_transaction_table).where(done).values(**values))
        self._sent.discard(transaction_seq)

    def _recorded(self, carried: list[Row]) -> set[int]:
        """The numbers of those that the mirror has as acts."""
        with self._store.reading() as reading:
            foresee_acts(reading, [row["id"] for row in carried])
            return {row["seq"] for row in carried if act_by_id(reading, row["id"])}

    def _send(self, open_ones: list[Row]) -> bool:
        """Hand the stored bytes to the node, again only if the chain went on without them.

        Any error is unknown, never failed: the same bytes go again in the next round. False when
        the node does not answer: then nothing else would reach it, and what waits grows together.
        """
        for transaction in open_ones:
            if transaction["seq"] in self._sent:
                continue
            try:
                self._sender.send(transaction["raw"])
            except NodeError:
                continue
            except NodeUnreachable:
                return False
            self._sent.add(transaction["seq"])
        return True

    def _store_waiting(self) -> None:
        """Put what waits into signed transactions, commit them, then send them.

        The chain is asked before: a node may itself wait for the lock that is held from here on.
        """
        if not self._gas_limit:
            self._nonce_floor = self._sender.chain_nonce()
            self._gas_limit = self._sender.block_gas_limit()
        with self._store.keeping() as connection:
            for batch in _batches(_waiting(connection, limit=_MESSAGES_PER_ROUND)):
                self._store_batch(connection, batch)
            stored = _open_transactions(connection)
        self._send(stored)

    def _store_batch(self, connection: Connection, batch: list[Row]) -> None:
        calls = _batch_of(batch)
        nonce = self._reserve_nonce(connection)
        address = self._manifest.address_of(calls.contract)
        transaction = self._sender.sign_batch(
            calls, address=address, nonce=nonce, gas_limit=self._gas_limit
        )
        stored = insert(courier_transaction_table).values(
            courier=self._sender.address, nonce=nonce, hash=transaction.hash, raw=transaction.raw
        )
        seq = inserted_seq(connection, stored)
        mine = submission_table.c.seq.in_([row["seq"] for row in batch])
        sent = {"state": "sent", "transaction_seq": seq}
        connection.execute(update(submission_table).where(mine).values(**sent))

    def _reserve_nonce(self, connection: Connection) -> int:
        mine = courier_table.c.address == self._sender.address
        stored = connection.execute(select(courier_table.c.next_nonce).where(mine)).scalar()
        nonce = max(stored or 0, self._nonce_floor)
        row = {"address": self._sender.address, "next_nonce": nonce + 1}
        if stored is None:
            connection.execute(insert(courier_table).values(**row))
        else:
            connection.execute(update(courier_table).where(mine).values(**row))
        return nonce


def _refused(carried: list[Row], outcome: Outcome, recorded: set[int]) -> dict[bytes, list[int]]:
    """The numbers of the rest by the contract's reason; empty where it gave none."""
    refused: defaultdict[bytes, list[int]] = defaultdict(list)
    for index, row in enumerate(carried):
        if row["seq"] not in recorded:
            refused[outcome.refusals.get(index, b"")].append(row["seq"])
    return refused


def _open_transactions(connection: Connection) -> list[Row]:
    table = courier_transaction_table
    query = select(table).where(table.c.done_block.is_(None)).order_by(table.c.seq)
    return every_row(connection, query)


def _waiting(connection: Connection, *, limit: int) -> list[Row]:
    """What waits, in the order of acceptance; when it is more than a round, shared by actor."""
    table = submission_table
    oldest = _accepted(select(table)).limit(limit)
    rows = every_row(connection, oldest)
    if limit == 1 or len(rows) < limit:
        return rows
    places = connection.execute(_accepted(select(table.c.seq, table.c.actor, table.c.batch)))
    shared = _in_turn(((seq, actor, batch) for seq, actor, batch in places), limit=limit)
    return every_row(connection, _accepted(select(table).where(table.c.seq.in_(shared))))


def _accepted(query: Select[Any]) -> Select[Any]:
    is_accepted = submission_table.c.state == "accepted"
    return query.where(IS_UNDECIDED, is_accepted).order_by(submission_table.c.seq)


def _in_turn(waiting: Iterable[tuple[int, bytes, bytes | None]], *, limit: int) -> list[int]:
    """One of each actor after the other, so that nobody waits behind another's thousands.

    What is carried whole or not at all is one turn, of whoever comes first in it.
    """
    queues: dict[bytes, deque[list[int]]] = {}
    batches: dict[bytes, list[int]] = {}
    for seq, actor, batch in waiting:
        if batch is not None and batch in batches:
            batches[batch].append(seq)
            continue
        turn = [seq]
        queues.setdefault(actor, deque()).append(turn)
        if batch is not None:
            batches[batch] = turn
    taken: list[int] = []
    for turns in zip_longest(*queues.values()):
        for turn in filter(None, turns):
            taken += turn
            if len(taken) >= limit:
                return taken
    return taken


def _batches(waiting: list[Row]) -> Iterator[list[Row]]:
    """Runs of one contract in the order of acceptance, so that what comes first lands first.

    What is carried whole or not at all is a run of its own.
    """
    for _, run in groupby(waiting, key=_run_of):
        rows = list(run)
        for start in range(0, len(rows), MESSAGES_PER_TRANSACTION):
            yield rows[start : start + MESSAGES_PER_TRANSACTION]


def _run_of(row: Row) -> tuple[str, bytes | None]:
    return MESSAGES[row["type"]]["contract"], row["batch"]


def _batch_of(rows: list[Row]) -> Batch:
    contract = MESSAGES[rows[0]["type"]]["contract"]
    is_whole = rows[0]["batch"] is not None
    return Batch(contract, [_call(row) for row in rows], is_whole)


def _call(row: Mapping[str, Any]) -> bytes:
    return encode_call(
        row["type"],
        row["payload"],
        signature=row["signature"],
        shown=row["shown"],
        possession=row["possession"],
    )
