"""What the follower reads: blocks and decoded events of our contracts, and views by call."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from eth_utils.hexadecimal import decode_hex

from ledger.chain.codec import Event, decode_event, decode_view, encode_view
from ledger.chain.headers import header_hash, may_have_logs
from ledger.chain.node import RECEIPTS_METHOD, Node, NodeContradicts, NodeUnreachable
from ledger.chain.roots import receipts_root, transactions_root


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header as far as the mirror keeps it; time in unix seconds."""

    number: int
    hash: bytes
    parent: bytes
    time: int
    receipts_root: bytes
    transactions_root: bytes


@dataclass(frozen=True, slots=True)
class Log:
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
        found = self._node.request("eth_getBlockByNumber", [hex(number), False])
        return self._block(number, found)

    def filled(self, first: int, last: int) -> list[Filled]:
        """The blocks of this range with their logs, each the next one's parent.

        Raises ChainLies, and NodeContradicts where the chain changed between two answers.
        """
        calls = [("eth_getBlockByNumber", [hex(n), False]) for n in range(first, last + 1)]
        headers = self._node.request_all(calls)
        blocks = [self._block(n, found) for n, found in enumerate(headers, start=first)]
        _require_links(blocks)
        if self._checks.receipts_roots:
            return list(self._proven(blocks, headers))
        return self._told(blocks)

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

    def _told(self, blocks: Sequence[Block]) -> list[Filled]:
        """With the logs as the node tells them."""
        span = {"fromBlock": hex(blocks[0].number), "toBlock": hex(blocks[-1].number)}
        found = self._node.request("eth_getLogs", [span | {"address": self._addresses}])
        logs: dict[int, list[Log]] = {block.number: [] for block in blocks}
        hashes = {block.number: block.hash for block in blocks}
        for raw in found:
            log = _log(raw)
            if hashes.get(log.block) != decode_hex(raw["blockHash"]):
                raise NodeContradicts("a log is of another block", log.block)
            logs[log.block].append(log)
        return [Filled(block, logs[block.number]) for block in blocks]

    def _proven(self, blocks: Sequence[Block], headers: list[Any]) -> Iterator[Filled]:
        """With the logs of all receipts, which give the root in the header."""
        wanted = [
            block.number
            for block, header in zip(blocks, headers, strict=True)
            if self._may_have_ours(decode_hex(header["logsBloom"]))
        ]
        receipts = self._node.request_all([(RECEIPTS_METHOD, [hex(one)]) for one in wanted])
        bodies = self._node.request_all(
            [("eth_getBlockByNumber", [hex(one), True]) for one in wanted]
        )
        proofs = dict(zip(wanted, zip(receipts, bodies, strict=True), strict=True))
        for block in blocks:
            proof = proofs.get(block.number)
            yield Filled(block, [] if proof is None else self._proven_logs(block, *proof))

    def _may_have_ours(self, bloom: bytes) -> bool:
        return any(may_have_logs(bloom, address) for address in self._raw_addresses)

    def _proven_logs(self, block: Block, receipts: Any, body: Any) -> list[Log]:
        try:
            if _is_of_another(block, receipts, body):
                raise NodeContradicts("receipts are of another block", block.number)
            hashes = _proven_hashes(block, receipts, body)
            raw = [(index, log) for index, one in enumerate(receipts) for log in one["logs"]]
            return [
                _placed(log, block.number, log_index, index, hashes[index])
                for log_index, (index, log) in enumerate(raw)
                if decode_hex(log["address"]) in self._raw_addresses
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
        return decode_view(contract, view, decode_hex(output))


def _is_of_another(block: Block, receipts: Any, body: Any) -> bool:
    """Whether the chain has turned since the header was read."""
    hashes = {decode_hex(one["blockHash"]) for one in receipts} | {decode_hex(body["hash"])}
    return hashes != {block.hash}


def _proven_hashes(block: Block, receipts: Any, body: Any) -> list[bytes]:
    """The hashes of a block's transactions; raises ChainLies where a root does not come out."""
    if receipts_root(receipts) != block.receipts_root:
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
        hash=decode_hex(found["hash"]),
        parent=decode_hex(found["parentHash"]),
        time=int(found["timestamp"], 16),
        receipts_root=decode_hex(found["receiptsRoot"]),
        transactions_root=decode_hex(found["transactionsRoot"]),
    )


def _log(found: dict[str, Any]) -> Log:
    number, index = int(found["blockNumber"], 16), int(found["transactionIndex"], 16)
    transaction = decode_hex(found["transactionHash"])
    return _placed(found, number, int(found["logIndex"], 16), index, transaction)


def _placed(
    found: dict[str, Any], block: int, log_index: int, transaction_index: int, transaction: bytes
) -> Log:
    topics = [decode_hex(topic) for topic in found["topics"]]
    data = decode_hex(found["data"])
    event = decode_event(topics, data)
    # EIP-5267's EIP712DomainChanged is never emitted by immutable contracts: all events are ours.
    assert event is not None, f"an event in no ABI of ours: {topics[0].hex()}"
    return Log(
        address=decode_hex(found["address"]),
        block=block,
        log_index=log_index,
        transaction_index=transaction_index,
        transaction_hash=transaction,
        topics=b"".join(topics),
        data=data,
        event=event,
    )
