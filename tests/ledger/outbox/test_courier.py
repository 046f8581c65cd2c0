"""The courier: the same bytes after a crash, one nonce each, outcomes only as the chain says."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import rlp
from sqlalchemy import delete, select, update

from identity.keys import generate_key
from ledger.chain.codec import decode_refusal
from ledger.chain.embedded import CHAIN_ID
from ledger.chain.node import SENDING_METHOD, Node, NodeError, NodeUnreachable
from ledger.chain.sender import Sender
from ledger.mirror.follower import Mirror
from ledger.outbox.courier import MESSAGES_PER_TRANSACTION, Courier, _in_turn
from ledger.outbox.model import (
    courier_table,
    courier_transaction_table,
    submission_table,
    undecided_table,
)
from ledger.store.chain_log import act_table
from ledger.store.rows import Row, every_row
from ledger.store.sqlite import open_mirror
from tests.ledger.outbox.signed_acts import ENTERPRISE, evidence, put_in, registration, transfer
from tests.ledger.played import Opened

KEY = generate_key()


class RecordingNode(Node):
    """Passes on what it is asked and keeps what was sent; fails to send on request."""

    def __init__(self, node: Node, failure: BaseException | None = None) -> None:
        self._node = node
        self.failure = failure
        self.sent: list[bytes] = []
        self.asked: Counter[str] = Counter()

    def request(self, method: str, params: list[Any]) -> Any:
        self.asked[method] += 1
        if method == SENDING_METHOD:
            self.sent.append(bytes.fromhex(params[0][2:]))
            if self.failure is not None:
                raise self.failure
        return self._node.request(method, params)


class StarvedSender(Sender):
    """Says of every mined batch that it failed without a reason: out of gas."""

    def receipt(self, transaction_hash: bytes) -> dict[str, Any] | None:
        found = super().receipt(transaction_hash)
        return None if found is None else found | {"status": "0x0"}


class Desk:
    """A courier at work on a stopped ledger; the test seals and follows."""

    def __init__(self, ledger: Opened, node: RecordingNode, courier: Courier) -> None:
        self.ledger, self.node, self.courier = ledger, node, courier

    def restarted(self, *, sender: type[Sender] = Sender) -> "Desk":
        """Another process on the same directory: nothing is remembered but what is stored."""
        return desk_of(self.ledger, sender=sender)

    def seal(self) -> None:
        assert self.ledger.node.seal()

    def follow(self) -> None:
        file = Mirror(open_mirror(self.ledger.mirror), self.ledger.reader, self.ledger.manifest)
        file.follow()
        file.close()

    def land(self) -> None:
        """Store, send, seal, read, settle."""
        self.courier.run_once()
        self.seal()
        self.follow()
        assert self.courier.run_once()

    def transactions(self) -> list[Row]:
        """What this courier stored, in the order of its nonces."""
        table = courier_transaction_table
        query = select(table).where(table.c.courier == self.address).order_by(table.c.nonce)
        with self.ledger.store.reading() as reading:
            return every_row(reading, query)

    @property
    def address(self) -> bytes:
        return Sender(self.node, private_key=KEY, chain_id=CHAIN_ID).address

    def submission(self, act_id: bytes) -> Row:
        with self.ledger.store.reading() as reading:
            query = select(submission_table).where(submission_table.c.id == act_id)
            (row,) = every_row(reading, query)
            return row

    def is_undecided(self, act_id: bytes) -> bool:
        wanted = undecided_table.c.submission_seq == self.submission(act_id)["seq"]
        with self.ledger.store.reading() as reading:
            return reading.execute(select(undecided_table).where(wanted)).first() is not None


def desk_of(
    ledger: Opened, *, failure: BaseException | None = None, sender: type[Sender] = Sender
) -> Desk:
    node = RecordingNode(ledger.node, failure)
    carrier = sender(node, private_key=KEY, chain_id=CHAIN_ID)
    return Desk(ledger, node, Courier(ledger.store, carrier, ledger.manifest))


@pytest.fixture
def desk(copy: Opened) -> Iterator[Desk]:
    yield desk_of(copy)


def nonce_and_target(raw: bytes) -> tuple[int, bytes]:
    fields = rlp.decode(raw)
    return int.from_bytes(fields[0], "big"), fields[3]


def test_run_once_does_nothing_when_nothing_waits(desk: Desk) -> None:
    assert desk.courier.run_once() is False
    assert (desk.node.sent, desk.transactions()) == ([], [])


def test_run_once_stores_the_bytes_when_it_sends_them(desk: Desk) -> None:
    (act_id,) = put_in(desk.ledger, "Registration", registration("SRC.1"))
    assert desk.courier.run_once() is True
    (stored,) = desk.transactions()
    assert desk.node.sent == [stored["raw"]]
    row = desk.submission(act_id)
    assert (row["state"], row["transaction_seq"]) == ("sent", stored["seq"])


def test_run_once_sends_once_when_it_runs_often(desk: Desk) -> None:
    put_in(desk.ledger, "Registration", registration("SRC.1"))
    for _ in range(3):
        desk.courier.run_once()
    assert len(desk.node.sent) == 1


@pytest.mark.parametrize("failure", [NodeUnreachable("gone"), NodeError(-32602, "no")])
def test_run_once_sends_the_same_bytes_again_when_sending_failed(
    copy: Opened, failure: Exception
) -> None:
    desk = desk_of(copy, failure=failure)
    (act_id,) = put_in(copy, "Registration", registration("SRC.1"))
    desk.courier.run_once()
    desk.node.failure = None
    desk.courier.run_once()
    assert len(desk.transactions()) == 1
    assert set(desk.node.sent) == {desk.transactions()[0]["raw"]}
    assert desk.submission(act_id)["state"] == "sent"


def test_run_once_sends_the_stored_bytes_when_it_crashed_before_sending(copy: Opened) -> None:
    crashed = desk_of(copy, failure=KeyboardInterrupt())
    (act_id,) = put_in(copy, "Registration", registration("SRC.1"))
    with pytest.raises(KeyboardInterrupt):
        crashed.courier.run_once()
    again = crashed.restarted()
    again.courier.run_once()
    assert again.node.sent == crashed.node.sent == [one["raw"] for one in again.transactions()]
    again.seal()
    again.follow()
    again.courier.run_once()
    assert again.submission(act_id)["state"] == "done"


def test_run_once_carries_once_when_it_crashed_after_sending(desk: Desk) -> None:
    (act_id,) = put_in(desk.ledger, "Registration", registration("SRC.1"))
    desk.courier.run_once()
    again = desk.restarted()
    again.courier.run_once()
    again.seal()
    again.follow()
    again.courier.run_once()
    assert again.node.sent == desk.node.sent
    assert desk.ledger.node.has_work() is False
    assert again.submission(act_id)["state"] == "done"
    assert recorded(desk.ledger, act_id) == 1


def test_run_once_sends_nothing_more_when_it_crashed_after_settling(desk: Desk) -> None:
    put_in(desk.ledger, "Registration", registration("SRC.1"))
    desk.land()
    again = desk.restarted()
    assert again.courier.run_once() is False
    assert again.node.sent == []


def recorded(ledger: Opened, act_id: bytes) -> int:
    with ledger.store.reading() as reading:
        return len(reading.execute(select(act_table).where(act_table.c.id == act_id)).all())


def test_settle_says_refused_with_the_reason_when_the_contract_refused(desk: Desk) -> None:
    good, bad, better = put_in(
        desk.ledger,
        "Transfer",
        transfer(1, nonce=5),
        transfer(9_000, nonce=6),
        transfer(2, nonce=7),
    )
    desk.land()
    assert [desk.submission(one)["state"] for one in (good, bad, better)] == [
        "done",
        "refused",
        "done",
    ]
    refusal = decode_refusal(desk.submission(bad)["refusal"])
    have = 1000 - 100 - 50 - 5 - 1
    assert refusal.code == "QuotaInsufficient"
    assert (refusal.facts["have"], refusal.facts["want"]) == (have, 9_000)
    assert refusal.facts["account"] == ENTERPRISE


def test_settle_puts_back_when_the_call_ran_out_of_gas(copy: Opened) -> None:
    desk = desk_of(copy, sender=StarvedSender)
    # Carried and refused, so that nothing is recorded of it.
    (act_id,) = put_in(copy, "Transfer", transfer(9_000, nonce=6))
    desk.courier.run_once()
    desk.seal()
    desk.follow()
    desk.courier.run_once()
    desk.courier.run_once()
    first, second = desk.transactions()
    assert (first["done_block"] is None, second["done_block"]) == (False, None)
    assert second["nonce"] == first["nonce"] + 1
    assert desk.submission(act_id)["transaction_seq"] == second["seq"]
    assert desk.is_undecided(act_id)


def test_settle_says_done_when_the_act_is_recorded_though_this_call_was_refused(
    desk: Desk,
) -> None:
    with desk.ledger.store.keeping() as connection:
        carried_before = submission_table.c.type == "Cancellation"
        again = {"state": "accepted", "transaction_seq": None}
        connection.execute(update(submission_table).where(carried_before).values(**again))
        act_id = connection.scalar(select(submission_table.c.id).where(carried_before))
    desk.land()
    assert act_id is not None
    row = desk.submission(act_id)
    assert (row["state"], row["refusal"]) == ("done", None)
    assert recorded(desk.ledger, act_id) == 1


def test_settle_waits_when_the_mirror_has_not_read_the_block(desk: Desk) -> None:
    (act_id,) = put_in(desk.ledger, "Registration", registration("SRC.1"))
    desk.courier.run_once()
    desk.seal()
    assert desk.courier.run_once() is False
    assert desk.is_undecided(act_id)
    assert desk.submission(act_id)["state"] == "sent"


def test_settle_forgets_the_undecided_when_the_mirror_has_read_the_block(desk: Desk) -> None:
    (act_id,) = put_in(desk.ledger, "Registration", registration("SRC.1"))
    assert desk.is_undecided(act_id)
    desk.land()
    assert not desk.is_undecided(act_id)
    assert desk.transactions()[0]["done_block"] == desk.ledger.reader.head_number()


def test_settle_waits_when_the_transaction_is_in_no_block(desk: Desk) -> None:
    (act_id,) = put_in(desk.ledger, "Registration", registration("SRC.1"))
    desk.courier.run_once()
    assert desk.courier.run_once() is False
    assert desk.submission(act_id)["state"] == "sent"


def test_store_makes_three_transactions_when_contracts_alternate(desk: Desk) -> None:
    ids = [
        *put_in(desk.ledger, "Registration", registration("SRC.1"), registration("SRC.2")),
        *put_in(desk.ledger, "Evidence", evidence(202304)),
        *put_in(desk.ledger, "Registration", registration("SRC.3")),
    ]
    desk.courier.run_once()
    manifest = desk.ledger.manifest
    assert [nonce_and_target(raw) for raw in desk.node.sent] == [
        (0, manifest.identifiers),
        (1, manifest.emissions),
        (2, manifest.identifiers),
    ]
    desk.seal()
    desk.follow()
    with desk.ledger.store.reading() as reading:
        query = select(act_table.c.id).order_by(act_table.c.seq.desc()).limit(len(ids))
        assert list(reading.scalars(query)) == ids[::-1]


def test_store_makes_two_transactions_when_more_than_one_holds(desk: Desk) -> None:
    labels = (f"SRC.{number}" for number in range(MESSAGES_PER_TRANSACTION + 1))
    ids = put_in(desk.ledger, "Registration", *map(registration, labels))
    desk.courier.run_once()
    first, second = desk.transactions()
    assert (first["nonce"], second["nonce"], len(desk.node.sent)) == (0, 1, 2)
    carriers = [desk.submission(one)["transaction_seq"] for one in (ids[0], ids[-2], ids[-1])]
    assert carriers == [first["seq"], first["seq"], second["seq"]]


def test_store_continues_the_stored_nonce_when_the_chain_knows_less(desk: Desk) -> None:
    put_in(desk.ledger, "Registration", registration("SRC.1"))
    desk.courier.run_once()
    again = desk.restarted()
    put_in(desk.ledger, "Registration", registration("SRC.2"))
    again.courier.run_once()
    assert [one["nonce"] for one in again.transactions()] == [0, 1]


def test_store_asks_the_chain_for_its_nonce_when_it_knows_none(desk: Desk) -> None:
    put_in(desk.ledger, "Registration", registration("SRC.1"))
    desk.land()
    with desk.ledger.store.keeping() as connection:
        mine = courier_table.c.address == desk.address
        connection.execute(delete(courier_table).where(mine))
    put_in(desk.ledger, "Registration", registration("SRC.2"))
    desk.restarted().courier.run_once()
    assert [one["nonce"] for one in desk.transactions()] == [0, 1]


def _give_to(desk: Desk, act_ids: list[bytes], actor: bytes) -> None:
    """Let these submissions be of another actor."""
    with desk.ledger.store.keeping() as connection:
        theirs = submission_table.c.id.in_(act_ids)
        connection.execute(update(submission_table).where(theirs).values(actor=actor))


def test_store_takes_from_everybody_in_turn_when_one_has_more_than_a_round_holds(
    desk: Desk,
) -> None:
    flood = [registration(f"SRC.{number}") for number in range(4 * MESSAGES_PER_TRANSACTION + 50)]
    first = put_in(desk.ledger, "Registration", *flood)
    late = put_in(desk.ledger, "Registration", *(registration(f"MTR.{one}") for one in range(3)))
    _give_to(desk, late, b"\x07" * 32)
    desk.courier.run_once()
    assert [desk.submission(one)["state"] for one in late] == ["sent"] * 3
    states = [desk.submission(one)["state"] for one in first]
    assert states.count("sent") == 4 * MESSAGES_PER_TRANSACTION - 3
    assert states == sorted(states, reverse=True)  # nobody's own order is changed


def test_store_keeps_a_whole_batch_together_when_it_takes_in_turn(desk: Desk) -> None:
    flood = [registration(f"SRC.{number}") for number in range(4 * MESSAGES_PER_TRANSACTION)]
    put_in(desk.ledger, "Registration", *flood)
    whole = put_in(desk.ledger, "Registration", *(registration(f"MTR.{one}") for one in range(9)))
    _give_to(desk, whole, b"\x07" * 32)
    with desk.ledger.store.keeping() as connection:
        theirs = submission_table.c.id.in_(whole)
        connection.execute(update(submission_table).where(theirs).values(batch=whole[0]))
    desk.courier.run_once()
    carried = {desk.submission(one)["transaction_seq"] for one in whole}
    assert len(carried) == 1 and None not in carried


def test_store_keeps_the_order_of_acceptance_when_everything_fits_a_round(desk: Desk) -> None:
    mine = put_in(desk.ledger, "Registration", registration("SRC.1"), registration("SRC.2"))
    theirs = put_in(desk.ledger, "Registration", registration("SRC.3"))
    _give_to(desk, theirs, b"\x07" * 32)
    desk.land()
    with desk.ledger.store.reading() as reading:
        query = select(act_table.c.id).order_by(act_table.c.seq.desc()).limit(3)
        assert list(reading.scalars(query)) == [*mine, *theirs][::-1]


def test_take_in_turn_gives_a_batch_one_turn_when_it_is_more_than_its_share() -> None:
    mine, theirs, others = (bytes([number]) * 32 for number in (1, 2, 3))
    waiting: list[tuple[int, bytes, bytes | None]] = [(seq, mine, None) for seq in range(1, 6)]
    waiting += [(seq, theirs, b"batch") for seq in range(6, 10)]
    waiting += [(10, others, None), (11, others, None)]
    assert sorted(_in_turn(waiting, limit=4)) == [1, 6, 7, 8, 9]
    assert sorted(_in_turn(waiting, limit=7)) == [1, 2, 6, 7, 8, 9, 10]
