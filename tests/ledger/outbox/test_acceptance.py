"""Taking acts in: committed before answered, one effect per key and per act, a promise signed."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from sqlalchemy import Connection, func, select, update

from identity.keys import address_of, generate_key
from ledger.act_rules import rules_of
from ledger.chain.codec import decode_message
from ledger.contract_errors import IdentifierAlreadyRegistered, NonceUsed, QuotaInsufficient
from ledger.errors import IdempotencyKeyReused, OutboxFull, Refused
from ledger.outbox.acceptance import ACCEPTED, Acceptance, Accepted, Asked, Brought
from ledger.outbox.acknowledgement import CARRY_WITHIN_SECONDS, Acknowledgement, Acknowledger
from ledger.outbox.act import created_subject
from ledger.outbox.idempotency import Answer, Request, recall, remember
from ledger.outbox.model import submission_table, undecided_table
from ledger.outbox.queue import UNDECIDED_LIMIT, settle, submission
from ledger.store.chain_log import freshness
from ledger.store.writer import Writer
from tests.ledger.outbox.signed_acts import (
    ACCEPTED_AT,
    DEADLINE,
    ENTERPRISE,
    envelope,
    put_in,
    registration,
    signed,
    transfer,
)
from tests.ledger.played import Opened

SERVICE_KEY = generate_key()
Render = Callable[[Connection, Accepted], bytes]


class Door:
    """Acceptance on a stopped ledger, without HTTP."""

    def __init__(self, ledger: Opened, writer: Writer) -> None:
        self.ledger = ledger
        self._acceptance = Acceptance(
            ledger.store,
            writer,
            manifest=ledger.manifest,
            acknowledger=Acknowledger(ledger.manifest, SERVICE_KEY),
            rules=rules_of,
        )

    def accept(
        self,
        message_type: str,
        message: dict[str, object],
        *,
        key: str = "first",
        now: int = ACCEPTED_AT,
        render: Render | None = None,
    ) -> Answer:
        """What the act is answered; its body names key and deadline unless rendered otherwise."""
        asked = self.asked(message_type, message, key=key, render=render)
        return self._acceptance.accept(asked, now=now)

    def together(self, *asked: Asked) -> list[Answer | Refused]:
        """What acts are answered that are taken in by one commit."""
        return self._acceptance.accept_together(asked, now=ACCEPTED_AT).result()

    def asked(
        self,
        message_type: str,
        message: dict[str, object],
        *,
        key: str,
        render: Render | None = None,
    ) -> Asked:
        """The act signed, under a key whose request is of this message."""
        text = f"{key} {message}".encode()
        digest = hashlib.sha256(repr(message).encode()).digest()
        return Asked(
            envelope(self.ledger, message_type, dict(message)),
            Brought(None, render or (lambda _reading, _accepted: text)),
            Request(ENTERPRISE, key, digest),
        )

    def submissions(self) -> int:
        with self.ledger.store.reading() as reading:
            return reading.scalar(select(func.count()).select_from(submission_table)) or 0


@pytest.fixture
def door(copy: Opened) -> Iterator[Door]:
    writer = Writer(copy.store)
    writer.start()
    yield Door(copy, writer)
    writer.stop()


def test_accept_commits_the_act_when_the_mirror_allows_it(door: Door) -> None:
    message = registration("SRC.1")
    answer = door.accept("Registration", message)
    with door.ledger.store.reading() as reading:
        row = submission(reading, signed(door.ledger, "Registration", message).id)
    assert row is not None
    assert (answer.status, answer.is_replay) == (ACCEPTED, False)
    assert (row["state"], row["attempt"], row["actor"]) == ("accepted", 1, ENTERPRISE)
    assert (row["deadline"], row["acknowledgement"]) == (DEADLINE, answer.body)


def test_accept_gives_the_same_bytes_when_the_request_comes_again(door: Door) -> None:
    first = door.accept("Registration", registration("SRC.1"))
    before = door.submissions()
    again = door.accept("Registration", registration("SRC.1"), render=lambda *_: b"another body")
    assert (again.body, again.status, again.is_replay) == (first.body, first.status, True)
    assert door.submissions() == before


def test_accept_gives_the_same_bytes_when_the_deadline_has_passed_since(door: Door) -> None:
    first = door.accept("Registration", registration("SRC.1"))
    again = door.accept("Registration", registration("SRC.1"), now=DEADLINE + 1)
    assert (again.body, again.is_replay) == (first.body, True)


def test_accept_is_refused_when_the_key_comes_with_another_body(door: Door) -> None:
    door.accept("Registration", registration("SRC.1"))
    with pytest.raises(IdempotencyKeyReused) as refusal:
        door.accept("Registration", registration("SRC.2"))
    assert refusal.value.facts == {"first_at": ACCEPTED_AT}


def test_accept_names_the_first_when_the_act_comes_under_another_key(door: Door) -> None:
    door.accept("Registration", registration("SRC.1"))
    with pytest.raises(IdentifierAlreadyRegistered) as refusal:
        door.accept("Registration", registration("SRC.1"), key="second")
    act_id = signed(door.ledger, "Registration", registration("SRC.1")).id
    assert refusal.value.first == (act_id, "accepted")


def test_accept_gives_the_winner_s_bytes_when_two_requests_come_at_once(door: Door) -> None:
    message, before = registration("SRC.1"), door.submissions()

    def overtaken(_reading: Connection, _accepted: Accepted) -> bytes:
        door.accept("Registration", message, render=lambda *_: b"winner")
        return b"loser"

    answer = door.accept("Registration", message, render=overtaken)
    assert (answer.body, answer.is_replay) == (b"winner", True)
    assert door.submissions() == before + 1


def test_accept_refuses_the_loser_when_one_act_comes_under_two_keys_at_once(door: Door) -> None:
    message, before = registration("SRC.1"), door.submissions()

    def overtaken(_reading: Connection, _accepted: Accepted) -> bytes:
        door.accept("Registration", message, key="winner")
        return b"loser"

    with pytest.raises(IdentifierAlreadyRegistered) as refusal:
        door.accept("Registration", message, key="loser", render=overtaken)
    assert refusal.value.first is not None
    assert refusal.value.first[1] == "accepted"
    assert door.submissions() == before + 1


def test_accept_together_gives_the_same_bytes_when_a_request_is_there_twice(door: Door) -> None:
    before = door.submissions()
    twice = [door.asked("Registration", registration("SRC.1"), key="one") for _ in "12"]
    first, again = door.together(*twice)
    assert isinstance(first, Answer) and isinstance(again, Answer)
    assert (again.body, first.is_replay, again.is_replay) == (first.body, False, True)
    assert door.submissions() == before + 1


def test_accept_together_refuses_one_alone_when_its_key_had_another_body(door: Door) -> None:
    before = door.submissions()
    first, second, third = door.together(
        door.asked("Registration", registration("SRC.1"), key="one"),
        door.asked("Registration", registration("SRC.2"), key="one"),
        door.asked("Registration", registration("SRC.3"), key="three"),
    )
    assert isinstance(first, Answer) and isinstance(third, Answer)
    assert isinstance(second, IdempotencyKeyReused)
    assert door.submissions() == before + 2


def test_accept_together_names_the_first_when_an_act_is_there_under_two_keys(door: Door) -> None:
    act_id = signed(door.ledger, "Registration", registration("SRC.1")).id
    first, second = door.together(
        door.asked("Registration", registration("SRC.1"), key="one"),
        door.asked("Registration", registration("SRC.1"), key="two"),
    )
    assert isinstance(first, Answer)
    assert isinstance(second, IdentifierAlreadyRegistered)
    assert second.first == (act_id, "accepted")


def test_accept_together_takes_the_rest_when_the_mirror_refuses_one(door: Door) -> None:
    refused, taken = door.together(
        door.asked("Transfer", transfer(9_000, nonce=5), key="too much"),
        door.asked("Transfer", transfer(5, nonce=5), key="enough"),
    )
    assert isinstance(refused, QuotaInsufficient)
    assert isinstance(taken, Answer)


def test_accept_together_commits_nothing_when_all_are_refused(door: Door) -> None:
    asked = door.asked("Transfer", transfer(9_000, nonce=5), key="too much")
    with door.ledger.store.keeping():  # nobody else could commit now
        (refused,) = door.together(asked)
    assert isinstance(refused, QuotaInsufficient)


def test_accept_takes_the_act_again_when_the_chain_refused_it_before(door: Door) -> None:
    message = registration("SRC.1")
    (act_id,) = put_in(door.ledger, "Registration", message)
    with door.ledger.store.keeping() as connection:
        before = submission(connection, act_id)
        assert before is not None
        settle(connection, [before["seq"]], state="refused", refusal=b"\x01\x02\x03\x04")
    door.accept("Registration", message)
    with door.ledger.store.reading() as reading:
        row = submission(reading, act_id)
    assert row is not None
    assert (row["state"], row["attempt"], row["refusal"]) == ("accepted", 2, None)


def test_accept_says_final_when_the_act_is_recorded(door: Door) -> None:
    with door.ledger.store.reading() as reading:
        query = select(submission_table.c.payload).where(submission_table.c.type == "Transfer")
        recorded = reading.execute(query.order_by(submission_table.c.seq)).scalars().first()
    assert recorded is not None
    with pytest.raises(NonceUsed) as refusal:
        door.accept("Transfer", decode_message("Transfer", recorded))
    assert refusal.value.first is not None
    assert refusal.value.first[1] == "final"


def test_accept_is_refused_when_the_mirror_says_no(door: Door) -> None:
    before = door.submissions()
    with pytest.raises(QuotaInsufficient) as refusal:
        door.accept("Transfer", transfer(9_000, nonce=5))
    assert (refusal.value.facts["have"], refusal.value.facts["want"]) == (845, 9_000)
    assert refusal.value.first is None
    assert door.submissions() == before


def test_accept_leaves_it_to_the_contract_when_something_is_under_way(door: Door) -> None:
    door.accept("Transfer", transfer(1, nonce=5))
    answer = door.accept("Transfer", transfer(9_000, nonce=6), key="second")
    assert answer.status == ACCEPTED


def test_accept_remembers_no_refusal_when_the_door_said_no(door: Door) -> None:
    with pytest.raises(QuotaInsufficient):
        door.accept("Transfer", transfer(9_000, nonce=5))
    assert door.accept("Transfer", transfer(5, nonce=5)).status == ACCEPTED


def test_accept_is_refused_when_the_outbox_is_full(door: Door) -> None:
    put_in(door.ledger, "Registration", registration("SRC.1"))
    numbers = submission_table.c.seq
    with door.ledger.store.keeping() as connection:
        oldest, newest = connection.execute(select(func.min(numbers), func.max(numbers))).one()
        far = {"seq": newest + UNDECIDED_LIMIT - 1}  # the limit counts numbers, not rows
        connection.execute(update(submission_table).where(numbers == oldest).values(**far))
    door.accept("Registration", registration("SRC.2"))
    with pytest.raises(OutboxFull) as refusal:
        door.accept("Registration", registration("SRC.3"), key="second")
    assert refusal.value.facts == {"limit": UNDECIDED_LIMIT}


def test_accept_marks_what_it_names_and_creates_when_it_is_under_way(door: Door) -> None:
    door.accept("Registration", registration("SRC.1"))
    act = signed(door.ledger, "Registration", registration("SRC.1"))
    with door.ledger.store.reading() as reading:
        row = submission(reading, act.id)
        assert row is not None
        query = select(undecided_table.c.subject).where(
            undecided_table.c.submission_seq == row["seq"]
        )
        marked = set(reading.scalars(query))
    assert marked == {ENTERPRISE, act.message["parent"], created_subject(act.message)}


def test_promise_is_the_service_s_when_any_wallet_recomputes_it(door: Door) -> None:
    promises: list[Accepted] = []

    def render(_reading: Connection, accepted: Accepted) -> bytes:
        promises.append(accepted)
        return b""

    door.accept("Registration", registration("SRC.1"), render=render)
    (accepted,) = promises
    promise = accepted.acknowledgement
    with door.ledger.store.reading() as reading:
        head = freshness(reading).head_hash
    assert (promise.id, promise.actor, promise.head) == (accepted.act.id, ENTERPRISE, head)
    assert (promise.accepted_at, promise.carry_by) == (
        ACCEPTED_AT,
        ACCEPTED_AT + CARRY_WITHIN_SECONDS,
    )
    assert recovered(door.ledger, promise, accepted.signature) == address_of(SERVICE_KEY)


def test_promise_is_nobody_s_when_a_field_was_changed(door: Door) -> None:
    keys = Acknowledger(door.ledger.manifest, SERVICE_KEY)
    promise, signature = keys.promise(b"\x01" * 32, actor=b"\x02" * 32, now=7, head=b"\x03" * 32)
    other = Acknowledgement(
        promise.id, promise.actor, 8, promise.carry_by, promise.head, promise.service
    )
    assert recovered(door.ledger, promise, signature) == address_of(SERVICE_KEY)
    assert recovered(door.ledger, other, signature) != address_of(SERVICE_KEY)


def recovered(ledger: Opened, promise: Acknowledgement, signature: bytes) -> bytes:
    """Who signed it, by eth_account alone and the text of contracts.md, section 8."""
    signable = encode_typed_data(
        domain_data={
            "name": "carbonledger",
            "version": "1",
            "chainId": ledger.manifest.chain_id,
            "verifyingContract": "0x" + ledger.manifest.identifiers.hex(),
        },
        message_types={
            "Acknowledgement": [
                {"name": "id", "type": "bytes32"},
                {"name": "actor", "type": "bytes32"},
                {"name": "acceptedAt", "type": "uint48"},
                {"name": "carryBy", "type": "uint48"},
                {"name": "head", "type": "bytes32"},
                {"name": "service", "type": "bytes32"},
            ]
        },
        message_data={
            "id": promise.id,
            "actor": promise.actor,
            "acceptedAt": promise.accepted_at,
            "carryBy": promise.carry_by,
            "head": promise.head,
            "service": promise.service,
        },
    )
    address: str = Account.recover_message(signable, signature=signature)
    return bytes.fromhex(address[2:])


def test_recall_knows_the_answer_when_caller_and_key_are_the_same(copy: Opened) -> None:
    request = Request(ENTERPRISE, "key", b"\x01" * 32)
    with copy.store.keeping() as connection:
        remember(connection, request, status=202, body=b"bytes", now=5)
        assert recall(connection, request) == Answer(202, b"bytes", True)
        assert recall(connection, replace(request, caller=b"\x09" * 32)) is None
        assert recall(connection, replace(request, key="other")) is None


def test_recall_is_refused_when_the_body_is_another(copy: Opened) -> None:
    with copy.store.keeping() as connection:
        first = Request(ENTERPRISE, "key", b"\x01" * 32)
        remember(connection, first, status=202, body=b"bytes", now=5)
        with pytest.raises(IdempotencyKeyReused) as refusal:
            recall(connection, replace(first, digest=b"\x02" * 32))
    assert refusal.value.facts == {"first_at": 5}
