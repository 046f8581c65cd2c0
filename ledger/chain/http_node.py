"""A chain node elsewhere, by JSON-RPC over HTTP in web3's words, without its middleware."""

from collections.abc import Sequence
from http import HTTPStatus
from operator import itemgetter
from typing import Any

import orjson
from urllib3 import PoolManager, make_headers
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from ledger.chain.node import Call, NodeError, NodeUnreachable

PATIENCE_SECONDS = 10.0
_CALLS_PER_REQUEST = 100
_CONNECTIONS = 8
_INTERNAL_ERROR = -32603


class HttpNode:
    """A node reached by JSON-RPC over HTTP. Thread-safe."""

    def __init__(self, url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        # Imported here: web3 takes a second to load and the embedded profile never needs it.
        from web3.providers import JSONBaseProvider

        self._json_rpc: Any = JSONBaseProvider()
        self._url = url
        # Neither proxy nor netrc nor redirect: the URL alone says where. What is repeated, and
        # when, is ours to say.
        self._pool = PoolManager(maxsize=_CONNECTIONS, timeout=patience_seconds, retries=False)
        self._headers = make_headers(basic_auth=parse_url(url).auth)
        self._headers["Content-Type"] = "application/json"

    def request(self, method: str, params: list[Any]) -> Any:
        return _result(self._post(self._json_rpc.encode_rpc_request(method, params)))

    def request_all(self, calls: Sequence[Call]) -> list[Any]:
        return [
            result
            for start in range(0, len(calls), _CALLS_PER_REQUEST)
            for result in self._together(calls[start : start + _CALLS_PER_REQUEST])
        ]

    def _together(self, calls: Sequence[Call]) -> list[Any]:
        answers = self._post(self._json_rpc.encode_batch_rpc_request(list(calls)))
        if not isinstance(answers, list):
            _result(answers)  # a node that takes no batches says so in one error
            raise NodeUnreachable("one answer to many requests")
        if len(answers) != len(calls):
            raise NodeUnreachable(f"{len(answers)} answers to {len(calls)} requests")
        return [_result(answer) for answer in _in_order(answers)]

    def _post(self, body: bytes) -> Any:
        try:
            answer = self._pool.request("POST", self._url, body=body, headers=self._headers)
            if answer.status != HTTPStatus.OK:
                raise NodeUnreachable(f"HTTP status {answer.status}")
            return orjson.loads(answer.data)  # the receipts of a range are megabytes
        except (HTTPError, ValueError) as error:  # the outcome is unknown alike
            raise NodeUnreachable(f"{type(error).__name__}: {error}"[:200]) from error

    def close(self) -> None:
        """Let go of the connections."""
        self._pool.clear()


def _in_order(answers: list[Any]) -> list[Any]:
    """A batch's answers in the order of its requests, which JSON-RPC does not promise."""
    try:
        return sorted(answers, key=itemgetter("id"))
    except (KeyError, TypeError) as error:
        raise NodeUnreachable("an answer that names no request") from error


def _result(answer: Any) -> Any:
    if not isinstance(answer, dict) or not answer.keys() & {"result", "error"}:
        raise NodeUnreachable("an answer that is not JSON-RPC")
    error = answer.get("error")
    if error is None:
        return answer.get("result")
    if not isinstance(error, dict):
        raise NodeError(_INTERNAL_ERROR, str(error))
    code, data = error.get("code", _INTERNAL_ERROR), error.get("data")
    # Some nodes wrap the revert's data in an object or leave it out.
    raise NodeError(code, str(error.get("message")), data if isinstance(data, str) else None)
