"""One wire to any chain: `request(method, params)` over ten JSON-RPC methods.

`EmbeddedNode` (embedded_node.py) answers in process; `HttpNode` (http_node.py) asks over HTTP.
"""

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


class NodeError(Exception):
    """The node answered with a JSON-RPC error: `code`, `message`, `data` (0x hex or None)."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class NodeUnreachable(Exception):
    """No answer, or none that can be read: the outcome of the request is unknown."""


class Node(Protocol):
    """A chain node; quantities and bytes are 0x hex as in the Ethereum JSON-RPC."""

    def request(self, method: str, params: list[Any]) -> Any:
        """The `result` of the method; raises NodeError or NodeUnreachable."""
        ...
