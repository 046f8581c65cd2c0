"""How much the outbox holds: in all, and of one participant."""

import pytest
from sqlalchemy import insert, update

from ledger.errors import OutboxFull
from ledger.outbox.model import submission_table
from ledger.outbox.queue import UNDECIDED_LIMIT_OF_ACTOR
from tests.ledger.outbox.signed_acts import ENTERPRISE, put_in, registration
from tests.ledger.played import Opened


def _fill(ledger: Opened, count: int, *, actor: bytes) -> None:
    """That many undecided submissions which nobody will carry."""
    rows = [
        {
            "id": number.to_bytes(32),
            "attempt": 1,
            "type": "Registration",
            "actor": actor,
            "key": bytes(20),
            "payload": b"",
            "signature": bytes(65),
            "accepted_at": 1,
            "deadline": 1,
            "state": "accepted",
            "acknowledgement": b"{}",
        }
        for number in range(1, count + 1)
    ]
    with ledger.store.keeping() as connection:
        connection.execute(insert(submission_table), rows)


def test_enqueue_is_refused_when_the_actor_has_ten_thousand_undecided(copy: Opened) -> None:
    _fill(copy, UNDECIDED_LIMIT_OF_ACTOR, actor=ENTERPRISE)
    with pytest.raises(OutboxFull) as refused:
        put_in(copy, "Registration", registration("SRC.1"))
    assert refused.value.limit == UNDECIDED_LIMIT_OF_ACTOR == 10_000


def test_enqueue_takes_one_more_when_the_actor_has_one_less(copy: Opened) -> None:
    _fill(copy, UNDECIDED_LIMIT_OF_ACTOR - 1, actor=ENTERPRISE)
    assert put_in(copy, "Registration", registration("SRC.1"))


def test_enqueue_is_refused_when_those_taken_before_it_filled_the_rest(copy: Opened) -> None:
    _fill(copy, UNDECIDED_LIMIT_OF_ACTOR - 1, actor=ENTERPRISE)
    with pytest.raises(OutboxFull):
        put_in(copy, "Registration", registration("SRC.1"), registration("SRC.2"))


def test_enqueue_takes_an_act_when_another_has_ten_thousand_undecided(copy: Opened) -> None:
    _fill(copy, UNDECIDED_LIMIT_OF_ACTOR, actor=b"\x07" * 32)
    assert put_in(copy, "Registration", registration("SRC.1"))


def test_enqueue_takes_an_act_when_the_actors_ten_thousand_are_decided(copy: Opened) -> None:
    _fill(copy, UNDECIDED_LIMIT_OF_ACTOR, actor=ENTERPRISE)
    with copy.store.keeping() as connection:
        first = submission_table.c.id == (1).to_bytes(32)
        connection.execute(update(submission_table).where(first).values(state="done"))
    assert put_in(copy, "Registration", registration("SRC.1"))
