"""One wire to any chain: `request(method, params)` over ten JSON-RPC methods.

`EmbeddedNode` (embedded_node.py) answers in process; `HttpNode` (http_node.py) asks over HTTP.
"""

from collections.abc import Sequence
from typing import Any, Protocol

READING_METHODS = frozenset(
    {
        "eth_chainId",
        "eth_blockNumber",
        "eth_getTransactionCount",
        "eth_getTransactionReceipt",
        "eth_getBlockByNumber",
        "eth_getLogs",
        "eth_call",
        "eth_getCode",
        "net_version",
    }
)
SENDING_METHOD = "eth_sendRawTransaction"
# Beyond the ten, and only for proving completeness: FISCO BCOS and older nodes have it not.
RECEIPTS_METHOD = "eth_getBlockReceipts"
METHOD_NOT_FOUND = -32601


class NodeError(Exception):
    """The node answered with a JSON-RPC error: `code`, `message`, `data` (0x hex or None)."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class NodeUnreachable(Exception):
    """No answer, or none that can be read: the outcome of the request is unknown."""


class NodeContradicts(NodeUnreachable):
    """Answers that do not fit each other: a reorganisation between two of them, or a fault."""

    def __init__(self, reason: str, block: int) -> None:
        super().__init__(f"{reason} (block {block})")
        self.reason = reason
        self.block = block


Call = tuple[str, list[Any]]
"""A method and its parameters."""


class Node(Protocol):
    """A chain node; quantities and bytes are 0x hex as in the Ethereum JSON-RPC."""

    def request(self, method: str, params: list[Any]) -> Any:
        """The `result` of the method; raises NodeError or NodeUnreachable."""
        ...

    def request_all(self, calls: Sequence[Call]) -> list[Any]:
        """The results of many, in order; raises NodeError for the first that failed."""
        return [self.request(method, params) for method, params in calls]
