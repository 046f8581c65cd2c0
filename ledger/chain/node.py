"""One wire to any chain: `request(method, params)` over ten JSON-RPC methods.

`EmbeddedNode` (embedded.py) answers in process; `HttpNode` asks a node over HTTP.
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


class HttpNode:
    """A node reached by JSON-RPC over HTTP through web3's provider."""

    def __init__(self, url: str) -> None:
        # Imported here: web3 takes seconds to load and the embedded profile never needs it.
        from web3 import HTTPProvider

        self._provider = HTTPProvider(url, exception_retry_configuration=None)

    def request(self, method: str, params: list[Any]) -> Any:
        try:
            answer = self._provider.make_request(method, params)
        except Exception as error:  # requests and json errors alike leave the outcome unknown
            raise NodeUnreachable(str(error)) from error
        if "error" in answer:
            error_object = answer["error"]
            if isinstance(error_object, str):
                raise NodeError(-32603, error_object)
            raise NodeError(error_object["code"], error_object["message"], error_object.get("data"))
        return answer["result"]
