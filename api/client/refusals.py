"""What goes wrong on this side of the wire, and the service's own problem as an exception."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ledger.errors import Refusal


class ProblemAnswered(Exception):
    """The service or a contract refused: `problem` is its RFC 9457 object, `path` what was asked.

    `code` and `facts` never change with the language; `next` says what to do now.
    """

    def __init__(self, path: str, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{path}: {problem.get('code')} {problem.get('facts')}")
        self.path = path
        self.problem = dict(problem)

    @property
    def code(self) -> str:
        return str(self.problem.get("code"))

    @property
    def facts(self) -> dict[str, Any]:
        facts = self.problem.get("facts")
        return facts if isinstance(facts, dict) else {}

    @property
    def status(self) -> int:
        status = self.problem.get("status")
        return status if isinstance(status, int) else 0

    @property
    def next(self) -> str:
        return str(self.problem.get("next", ""))


@dataclass(eq=False)
class ServiceUnavailable(Refusal):
    """The service did not answer, however often it was asked."""

    url: str
    reason: str


@dataclass(eq=False)
class AnswerWrong(Refusal):
    """The service answered what its own manifest, or our own computation, contradicts.

    `what` is one of json, manifest, id, acknowledgement, service, actor, carry_by, signature,
    service_key, digest, root, leaves.
    """

    what: str


@dataclass(eq=False)
class ActUnderWay(Refusal):
    """The act is accepted and has not reached the awaited state in time."""

    id: str
    state: str
    awaited: str
