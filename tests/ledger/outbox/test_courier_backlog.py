"""What the courier asks of the chain when many transactions are open: no more than helps."""

import pytest

from ledger.chain.node import NodeUnreachable
from tests.ledger.outbox.signed_acts import evidence, put_in, registration
from tests.ledger.outbox.test_courier import Desk, desk_of
from tests.ledger.played import Opened


@pytest.fixture
def behind(copy: Opened) -> Desk:
    """Three transactions are under way; a courier started since has not looked after them yet."""
    put_in(copy, "Registration", registration("SRC.1"))
    put_in(copy, "Evidence", evidence(202304))
    put_in(copy, "Registration", registration("SRC.2"))
    before = desk_of(copy)
    before.courier.run_once()
    assert len(before.transactions()) == 3
    return before.restarted()


def test_settle_asks_for_no_receipt_when_nothing_is_in_a_block(behind: Desk) -> None:
    behind.courier.run_once()
    assert behind.node.asked["eth_getTransactionReceipt"] == 0


def test_settle_asks_for_one_receipt_when_no_block_is_final(behind: Desk) -> None:
    behind.seal()
    behind.courier.run_once()
    assert behind.node.asked["eth_getTransactionReceipt"] == 1


def test_send_tries_one_when_the_node_is_away(behind: Desk) -> None:
    behind.node.failure = NodeUnreachable("gone")
    behind.courier.run_once()
    assert len(behind.node.sent) == 1


def test_send_sends_all_when_the_node_is_back(behind: Desk) -> None:
    behind.node.failure = NodeUnreachable("gone")
    behind.courier.run_once()
    behind.node.failure = None
    behind.courier.run_once()
    assert behind.node.sent[1:] == [one["raw"] for one in behind.transactions()]


# One transaction carries what one each would have carried.
def test_store_waits_when_the_node_is_away(behind: Desk) -> None:
    behind.node.failure = NodeUnreachable("gone")
    put_in(behind.ledger, "Registration", registration("SRC.3"))
    assert behind.courier.run_once() is False
    assert len(behind.transactions()) == 3
