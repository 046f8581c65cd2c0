"""A chain node elsewhere, by JSON-RPC over HTTP through web3's provider, without its middleware."""

from collections.abc import Sequence
from typing import Any

from ledger.chain.node import Call, NodeError, NodeUnreachable

PATIENCE_SECONDS = 10.0
_CALLS_PER_REQUEST = 100
_INTERNAL_ERROR = -32603


class HttpNode:
    """A node reached by JSON-RPC over HTTP. Thread-safe."""

    def __init__(self, url: str, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        # Imported here: web3 takes a second to load and the embedded profile never needs it.
        from requests import Session
        from web3 import HTTPProvider

        self._session = Session()
        self._session.trust_env = False  # no proxy, no netrc: the URL alone says where
        self._provider = HTTPProvider(
            url,
            session=self._session,
            request_kwargs={"timeout": patience_seconds},
            exception_retry_configuration=None,  # what is repeated, and when, is ours to say
        )

    def request(self, method: str, params: list[Any]) -> Any:
        try:
            answer = self._provider.make_request(method, params)
        except Exception as error:  # requests and json errors alike leave the outcome unknown
            raise _unreachable(error) from error
        return _result(answer)

    def request_all(self, calls: Sequence[Call]) -> list[Any]:
        return [
            result
            for start in range(0, len(calls), _CALLS_PER_REQUEST)
            for result in self._together(calls[start : start + _CALLS_PER_REQUEST])
        ]

    def _together(self, calls: Sequence[Call]) -> list[Any]:
        try:
            answers: Any = self._provider.make_batch_request(list(calls))  # type: ignore[arg-type]
        except Exception as error:
            raise _unreachable(error) from error
        if not isinstance(answers, list):
            _result(answers)  # a node that takes no batches says so in one error
            raise NodeUnreachable("one answer to many requests")
        if len(answers) != len(calls):
            raise NodeUnreachable(f"{len(answers)} answers to {len(calls)} requests")
        return [_result(answer) for answer in answers]

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()


def _unreachable(error: Exception) -> NodeUnreachable:
    return NodeUnreachable(f"{type(error).__name__}: {error}"[:200])


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
