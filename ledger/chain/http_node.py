"""A chain node elsewhere, by JSON-RPC over HTTP."""

from typing import Any

from ledger.chain.node import NodeError, NodeUnreachable


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
