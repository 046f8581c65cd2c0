"""What the follower reads: blocks and decoded events of our contracts, and views by call."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from ledger.chain.codec import Event, decode_event, decode_view, encode_view
from ledger.chain.headers import header_hash, may_have_logs
from ledger.chain.hexadecimal import bytes_of, known_bytes_of
from ledger.chain.node import RECEIPTS_METHOD, Call, Node, NodeContradicts, NodeUnreachable
from ledger.chain.roots import RawLog, raw_log, receipts_root, transactions_root
from ledger.errors import ChainUnavailable, LedgerHalted

_BLOCK = "eth_getBlockByNumber"


class Block(NamedTuple):
    """A block's header: what the mirror keeps of it, and the root of its transactions.

    Time is in unix seconds.
    """

    number: int
    hash: bytes
    parent: bytes
    time: int
    receipts_root: bytes
    transactions_root: bytes


class Log(NamedTuple):
    """One log of our contracts with its place, raw and decoded."""

    address: bytes
    block: int
    log_index: int
    transaction_index: int
    transaction_hash: bytes
    topics: bytes
    data: bytes
    event: Event


@dataclass(frozen=True, slots=True)
class Filled:
    """A block with all logs of our contracts, in their order."""

    block: Block
    logs: list[Log]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a node said of the blocks from `first` on: headers, and logs or what proves them."""

    first: int
    headers: list[Any]
    logs: list[Any]
    proofs: dict[int, tuple[Any, Any]]  # receipts and body of a block that may have logs of ours

    @property
    def last(self) -> int:
        """The last block of the range."""
        return self.first + len(self.headers) - 1


@dataclass(frozen=True, slots=True)
class Checks:
    """What is recomputed of a node's answers: header hashes, and roots of receipts.

    Together they prove that no log is missing, added or changed. The embedded chain is this
    process's own and needs neither.
    """

    header_hashes: bool = False
    receipts_roots: bool = False


class ChainLies(Exception):
    """The node's answer about a block is not what the block's header commits to."""

    def __init__(self, reason: str, block: int) -> None:
        super().__init__(reason, block)
        self.reason = reason
        self.block = block


@contextmanager
def asking() -> Iterator[None]:
    """Raises ChainUnavailable where the node does not answer, LedgerHalted where it lies."""
    try:
        yield
    except ChainLies as lie:
        raise LedgerHalted(lie.reason, lie.block) from lie
    except NodeUnreachable as error:
        raise ChainUnavailable(str(error)) from error


class Reader:
    """Reads one chain at the addresses of our contracts."""

    def __init__(
        self,
        node: Node,
        *,
        addresses: list[bytes],
        checks: Checks | None = None,
        finality_depth: int = 0,
    ) -> None:
        self.finality_depth = finality_depth  # blocks that must stand on a final one
        self._node = node
        self._raw_addresses = frozenset(addresses)
        self._addresses = ["0x" + address.hex() for address in addresses]
        self._checks = checks or Checks()

    def head_number(self) -> int:
        return int(self._node.request("eth_blockNumber", []), 16)

    def block(self, number: int) -> Block:
        """The header of that block; raises NodeUnreachable where the chain ends before it."""
        found = self._node.request(_BLOCK, [hex(number), False])
        return self._block(number, found)

    def filled(self, first: int, last: int) -> list[Filled]:
        """The blocks of this range with their logs, each the next one's parent.

        Raises ChainLies, and NodeContradicts where the chain changed between two answers.
        """
        return self.read(self.ask(first, last))

    def ask(self, first: int, last: int) -> "Answers":
        """What the node says of this range, unread: asking waits, reading computes."""
        calls: list[Call] = [(_BLOCK, [hex(n), False]) for n in range(first, last + 1)]
        headers = self._node.request_all(calls)
        if not self._checks.receipts_roots:
            span = {"fromBlock": hex(first), "toBlock": hex(last), "address": self._addresses}
            return Answers(first, headers, self._node.request("eth_getLogs", [span]), {})
        wanted = [
            number
            for number, header in enumerate(headers, start=first)
            if header is not None and self._may_have_ours(bytes_of(header["logsBloom"]))
        ]
        receipts = self._node.request_all([(RECEIPTS_METHOD, [hex(one)]) for one in wanted])
        bodies = self._node.request_all([(_BLOCK, [hex(one), True]) for one in wanted])
        proofs = dict(zip(wanted, zip(receipts, bodies, strict=True), strict=True))
        return Answers(first, headers, [], proofs)

    def read(self, answers: "Answers") -> list[Filled]:
        """The blocks that these answers tell, proven as far as this reader checks."""
        blocks = [self._block(n, one) for n, one in enumerate(answers.headers, start=answers.first)]
        _require_links(blocks)
        if not self._checks.receipts_roots:
            return _told(blocks, answers.logs)
        return [
            Filled(block, self._proven_logs(block, *answers.proofs[block.number]))
            if block.number in answers.proofs
            else Filled(block, [])
            for block in blocks
        ]

    def _block(self, number: int, found: Any) -> Block:
        if found is None:
            raise NodeContradicts("the node has no block of this number", number)
        try:
            block = _block_of(found)
            recomputed = header_hash(found) if self._checks.header_hashes else block.hash
        except (KeyError, TypeError, ValueError) as error:
            raise NodeUnreachable(f"block {number} cannot be read: {error}") from error
        if block.number != number:
            raise ChainLies("a block of another number was given", number)
        if recomputed != block.hash:
            raise ChainLies("a header does not give its hash", number)
        return block

    def _may_have_ours(self, bloom: bytes) -> bool:
        return any(may_have_logs(bloom, address) for address in self._raw_addresses)

    def _proven_logs(self, block: Block, receipts: Any, body: Any) -> list[Log]:
        try:
            if _is_of_another(block, receipts, body):
                raise NodeContradicts("receipts are of another block", block.number)
            logs = [[raw_log(log) for log in one["logs"]] for one in receipts]
            hashes = _proven_hashes(block, receipts, logs, body)
            raw = [(index, log) for index, own in enumerate(logs) for log in own]
            return [
                _placed(log, block.number, log_index, index, hashes[index])
                for log_index, (index, log) in enumerate(raw)
                if log.address in self._raw_addresses
            ]
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise ChainLies(f"receipts cannot be read: {error}", block.number) from error

    def view(
        self, contract: str, view: str, arguments: list[Any], *, address: bytes, block: int
    ) -> tuple[Any, ...]:
        """What the view returns on the state after that block."""
        data = encode_view(contract, view, arguments)
        call = {"to": "0x" + address.hex(), "data": "0x" + data.hex()}
        output = self._node.request("eth_call", [call, hex(block)])
        return decode_view(contract, view, bytes_of(output))


def _told(blocks: Sequence[Block], found: Any) -> list[Filled]:
    """With the logs as the node tells them."""
    logs: dict[int, list[Log]] = {block.number: [] for block in blocks}
    hashes = {block.number: block.hash for block in blocks}
    for raw in found:
        log = _log(raw)
        if hashes.get(log.block) != known_bytes_of(raw["blockHash"]):
            raise NodeContradicts("a log is of another block", log.block)
        logs[log.block].append(log)
    return [Filled(block, logs[block.number]) for block in blocks]


def _is_of_another(block: Block, receipts: Any, body: Any) -> bool:
    """Whether the chain has turned since the header was read."""
    hashes = {bytes_of(one["blockHash"]) for one in receipts} | {bytes_of(body["hash"])}
    return hashes != {block.hash}


def _proven_hashes(block: Block, receipts: Any, logs: list[list[RawLog]], body: Any) -> list[bytes]:
    """The hashes of a block's transactions; raises ChainLies where a root does not come out."""
    if receipts_root(receipts, logs) != block.receipts_root:
        raise ChainLies("receipts do not give the receipts root", block.number)
    root, hashes = transactions_root(body["transactions"])
    if root != block.transactions_root:
        raise ChainLies("transactions do not give the transactions root", block.number)
    return hashes


def _require_links(blocks: Sequence[Block]) -> None:
    for parent, block in pairwise(blocks):
        if block.parent != parent.hash:
            raise NodeContradicts("the chain's hashes do not link", block.number)


def _block_of(found: dict[str, Any]) -> Block:
    return Block(
        number=int(found["number"], 16),
        hash=bytes_of(found["hash"]),
        parent=bytes_of(found["parentHash"]),
        time=int(found["timestamp"], 16),
        receipts_root=bytes_of(found["receiptsRoot"]),
        transactions_root=bytes_of(found["transactionsRoot"]),
    )


def _log(found: dict[str, Any]) -> Log:
    number, index = int(found["blockNumber"], 16), int(found["transactionIndex"], 16)
    transaction = known_bytes_of(found["transactionHash"])
    return _placed(raw_log(found), number, int(found["logIndex"], 16), index, transaction)


def _placed(
    log: RawLog, block: int, log_index: int, transaction_index: int, transaction: bytes
) -> Log:
    event = decode_event(log.topics, log.data)
    # EIP-5267's EIP712DomainChanged is never emitted by immutable contracts: all events are ours.
    assert event is not None, f"an event in no ABI of ours: {log.topics[:32].hex()}"
    place = (block, log_index, transaction_index, transaction)
    return Log(log.address, *place, log.topics, log.data, event)
