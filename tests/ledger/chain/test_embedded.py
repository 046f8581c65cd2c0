"""The embedded chain: durable, whole blocks or none, never ahead of its clock, free of charge."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
import rlp
from eth_account import Account

from ledger.chain.embedded import (
    BLOCK_GAS_LIMIT,
    BLOCK_GAS_TARGET,
    CHAIN_ID,
    GENESIS_TIME,
    DurableBackend,
)
from ledger.chain.embedded_node import EmbeddedNode
from ledger.chain.node import NodeError
from ledger.chain.sender import Sender
from ledger.clock import ScriptedClock
from ledger.store.chain_entries import ChainEntries
from tests.ledger.chain.small_chain import (
    KEY,
    NO_CODE,
    START,
    Memory,
    SmallChain,
    ToldClock,
    WriteFailed,
)

INVALID_PARAMS = -32602
WAIT_SECONDS = 5.0


def signed_for(chain_id: int) -> bytes:
    sender = Sender(EmbeddedNode(Memory(), ToldClock()), private_key=KEY, chain_id=chain_id)
    return sender.sign_creation(NO_CODE, gas=100_000, nonce=0).raw


def with_coins(**changes: int) -> bytes:
    """A well-signed transaction that wants coins, which nobody has here."""
    fields = {"nonce": 0, "gas": 100_000, "gasPrice": 0, "value": 0, "data": NO_CODE, "to": b""}
    signed = Account.sign_transaction({**fields, "chainId": CHAIN_ID, **changes}, KEY)
    return bytes(signed.raw_transaction)


def unsigned() -> bytes:
    encoded: bytes = rlp.encode([0, 0, 100_000, b"", 0, NO_CODE, CHAIN_ID, 0, 0])
    return encoded


def test_open_chain_gives_the_same_genesis_when_the_entries_are_empty() -> None:
    first, second = SmallChain().head(), SmallChain().head()
    assert first == second
    assert (int(first["number"], 16), int(first["timestamp"], 16)) == (0, GENESIS_TIME)


def test_open_chain_finds_head_and_receipts_when_it_was_closed(tmp_path: Path) -> None:
    entries, clock = ChainEntries(tmp_path / "ledger.db"), ToldClock()
    chain, sent = SmallChain(entries, clock), []
    for nonce in range(3):
        sent.append(chain.send(nonce))
        assert chain.node.seal()
        clock.time += 1
    head = chain.head()
    receipts = [chain.sender.receipt(one.hash) for one in sent]
    entries.close()
    entries = ChainEntries(tmp_path / "ledger.db")
    again = SmallChain(entries)
    assert again.head() == head
    assert [again.sender.receipt(one.hash) for one in sent] == receipts
    assert again.sender.chain_nonce() == 3
    entries.close()


def test_open_chain_goes_on_when_it_was_closed(tmp_path: Path) -> None:
    path, clock = tmp_path / "ledger.db", ToldClock()
    for nonce in range(2):
        entries = ChainEntries(path)
        chain = SmallChain(entries, clock)
        chain.send(nonce)
        assert chain.node.seal()
        clock.time += 1
        height = chain.height()
        entries.close()
    assert height == 2


class SlowDisk(Memory):
    """Entries whose writes wait for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.is_writing, self.may_write = threading.Event(), threading.Event()
        self.may_write.set()

    def write(self, entries: Mapping[bytes, bytes | None]) -> None:
        self.is_writing.set()
        assert self.may_write.wait(WAIT_SECONDS)
        super().write(entries)


def test_read_block_number_gives_the_last_block_when_the_next_is_being_sealed() -> None:
    disk = SlowDisk()
    chain = SmallChain(disk)
    chain.send(0)
    disk.is_writing.clear()
    disk.may_write.clear()
    with ThreadPoolExecutor(2) as others:
        sealing = others.submit(chain.node.seal)
        assert disk.is_writing.wait(WAIT_SECONDS)
        told = others.submit(chain.node.request, "eth_blockNumber", [])
        wait([told], timeout=1)
        is_told = told.done()
        disk.may_write.set()
        assert (is_told, told.result()) == (True, "0x0")
        assert sealing.result()
    assert chain.node.request("eth_blockNumber", []) == "0x1"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(signed_for(1), id="foreign-chain"),
        pytest.param(unsigned(), id="unsigned"),
        pytest.param(with_coins(gasPrice=1), id="gas-price"),
        pytest.param(with_coins(value=1), id="value"),
        pytest.param(b"", id="empty"),
        pytest.param(b"garbage", id="garbage"),
        pytest.param(signed_for(CHAIN_ID)[:-1], id="cut"),
        pytest.param(signed_for(CHAIN_ID) + b"\x00", id="trailing"),
    ],
)
def test_send_raw_transaction_is_refused_when_it_can_never_enter(raw: bytes) -> None:
    chain = SmallChain()
    with pytest.raises(NodeError) as refusal:
        chain.sender.send(raw)
    assert refusal.value.code == INVALID_PARAMS
    assert not chain.node.has_work()


def test_send_raw_transaction_is_refused_when_no_block_could_hold_it() -> None:
    with pytest.raises(NodeError, match="gas above") as refusal:
        SmallChain().send(0, gas=BLOCK_GAS_TARGET + 1)
    assert refusal.value.code == INVALID_PARAMS


def test_send_raw_transaction_is_refused_when_its_nonce_is_spent() -> None:
    chain = SmallChain()
    chain.send(0)
    chain.node.seal()
    with pytest.raises(NodeError, match="nonce too low") as refusal:
        chain.send(0, gas=100_001)
    assert refusal.value.code == INVALID_PARAMS


@pytest.mark.parametrize("is_sealed", [False, True])
def test_send_raw_transaction_executes_once_when_the_same_bytes_come_again(
    is_sealed: bool,
) -> None:
    chain = SmallChain(clock=(clock := ToldClock()))
    first = chain.send(0)
    if is_sealed:
        chain.node.seal()
    clock.time += 1
    again = chain.node.request("eth_sendRawTransaction", ["0x" + first.raw.hex()])
    chain.node.seal()
    clock.time += 1
    assert again == "0x" + first.hash.hex()
    assert chain.node.seal() is False
    assert (chain.height(), chain.sender.chain_nonce()) == (1, 1)


def test_seal_makes_no_block_when_nothing_waits() -> None:
    chain = SmallChain()
    assert chain.node.seal() is False
    assert chain.height() == 0


def test_seal_lets_a_transaction_wait_when_an_earlier_nonce_is_missing() -> None:
    chain = SmallChain()
    chain.send(1)
    assert chain.node.seal() is False
    assert chain.node.has_work()


def test_seal_takes_both_in_order_when_the_missing_nonce_came() -> None:
    chain = SmallChain()
    second, first = chain.send(1), chain.send(0)
    assert chain.node.seal() is True
    hashes = ["0x" + one.hash.hex() for one in (first, second)]
    assert chain.head()["transactions"] == hashes
    assert chain.node.has_work() is False


def test_seal_takes_the_rest_later_when_a_block_is_full() -> None:
    chain = SmallChain(clock=(clock := ToldClock()))
    for nonce in range(3):
        chain.send(nonce, gas=BLOCK_GAS_TARGET // 2)
    chain.node.seal()
    clock.time += 1
    assert len(chain.head()["transactions"]) == 2
    chain.node.seal()
    assert len(chain.head()["transactions"]) == 1


def test_seal_makes_no_second_block_when_the_second_is_the_same() -> None:
    chain = SmallChain(clock=(clock := ToldClock()))
    chain.send(0)
    assert chain.node.seal() is True
    chain.send(1)
    assert chain.node.seal() is False
    clock.time += 1
    assert chain.node.seal() is True
    assert int(chain.head()["timestamp"], 16) == START + 1


def test_seal_waits_when_the_clock_was_set_back() -> None:
    chain = SmallChain(clock=(clock := ToldClock()))
    chain.send(0)
    chain.node.seal()
    chain.send(1)
    clock.time -= 3600
    assert chain.node.seal() is False
    assert chain.height() == 1


class CountedReads(Memory):
    """Counts how often an entry is read."""

    reads = 0

    def get(self, key: bytes) -> bytes | None:
        self.reads += 1
        return super().get(key)


def test_seal_looks_into_the_state_for_nobody_when_it_is_too_early() -> None:
    reads = []
    for count in (1, 30):
        chain = SmallChain(entries := CountedReads(), clock := ToldClock())
        chain.send(0)
        chain.node.seal()
        for nonce in range(1, 1 + count):
            chain.send(nonce)
        before = entries.reads
        assert chain.node.seal() is False  # in the first block's second
        reads.append(entries.reads - before)
        clock.time += 1
    assert reads[0] == reads[1] <= 5, reads


def test_seal_gives_each_block_its_own_second_when_time_is_scripted(tmp_path: Path) -> None:
    script = tmp_path / "clock"
    script.write_text("2023-01-01T00:00:00Z", "ascii")
    chain, times = SmallChain(clock=ScriptedClock(script)), []
    for nonce in range(3):
        chain.send(nonce)
        assert chain.node.seal() is True
        times.append(int(chain.head()["timestamp"], 16))
    assert times == [1_672_531_200, 1_672_531_201, 1_672_531_202]


def test_seal_keeps_the_base_fee_at_zero_when_blocks_are_as_full_as_they_get() -> None:
    chain = SmallChain(clock=(clock := ToldClock()))
    for nonce in range(3):
        chain.send(nonce)
        chain.node.seal()
        clock.time += 1
        head = chain.head()
        assert (head["baseFeePerGas"], int(head["gasLimit"], 16)) == ("0x0", BLOCK_GAS_LIMIT)
    # EIP-1559 raises the fee only above half of the limit.
    assert BLOCK_GAS_TARGET <= BLOCK_GAS_LIMIT // 2


def test_seal_leaves_head_and_entries_when_the_write_fails() -> None:
    memory = Memory()
    chain = SmallChain(memory)
    before, entries = chain.head(), dict(memory.entries)
    chain.send(0)
    memory.failures = 1
    with pytest.raises(WriteFailed):
        chain.node.seal()
    assert (chain.head(), memory.entries) == (before, entries)
    assert chain.sender.chain_nonce() == 0


def test_seal_takes_the_same_transaction_when_the_write_failed_before() -> None:
    memory = Memory()
    chain = SmallChain(memory)
    sent = chain.send(0)
    memory.failures = 1
    with pytest.raises(WriteFailed):
        chain.node.seal()
    assert chain.node.seal() is True
    receipt = chain.sender.receipt(sent.hash)
    assert receipt is not None
    assert (receipt["status"], chain.height()) == ("0x1", 1)


def test_write_stores_nothing_when_one_entry_cannot_be_stored(tmp_path: Path) -> None:
    entries = ChainEntries(tmp_path / "ledger.db")
    entries.write({b"old": b"1"})
    with pytest.raises(Exception, match="type 'object' is not supported"):
        entries.write({b"new": b"2", b"old": None, b"bad": object()})  # type: ignore[dict-item]
    assert (entries.get(b"old"), entries.get(b"new")) == (b"1", None)
    entries.close()


def test_write_removes_an_entry_when_its_value_is_none(tmp_path: Path) -> None:
    entries = ChainEntries(tmp_path / "ledger.db")
    entries.write({b"old": b"1", b"kept": b"2"})
    entries.write({b"old": None})
    assert (entries.get(b"old"), entries.get(b"kept")) == (None, b"2")
    entries.close()


def test_open_backend_writes_the_genesis_once_when_it_is_opened_twice() -> None:
    memory = Memory()
    DurableBackend(memory)
    entries = dict(memory.entries)
    DurableBackend(memory)
    assert memory.entries == entries
