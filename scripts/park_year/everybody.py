"""Everybody of the story at one service: each signs with his own key and reads as himself.

The first founder's token carries all acts, since carrying gives no right to read; what nobody
else is named for is read by it too.
"""

import json
from types import TracebackType
from typing import Any, Self

from api.client import Client, Signer
from api.client.evidence import MeterMonth
from api.client.exchange import Exchange, parsed
from scripts.park_year.cast import FOUNDERS, PERSONS
from scripts.park_year.scripted_time import ScriptedTime
from scripts.park_year.secrets_file import Secrets


class Everybody:
    """Remembers the acts whose outcome is still open; persons are named as in the cast."""

    def __init__(self, url: str, time: ScriptedTime, secrets: Secrets) -> None:
        self._exchange = Exchange(url)
        self._clients = {
            person.name: Client(
                self._exchange,
                signer=Signer(person.participant, person.number, secrets.keys[person.name]),
                now=lambda: time.now,
            )
            for person in PERSONS
        }
        self.carrier = self._clients[FOUNDERS[0]]
        self._open: list[str] = []
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._exchange.close()

    def of(self, person: str | None) -> Client:
        """Somebody's own client, the carrier's for nobody."""
        return self.carrier if person is None else self._clients[person]

    def get(self, path: str, *, by: str | None = None, **query: str) -> Any:
        """The JSON of a resource as somebody sees it."""
        return self.of(by).get(path, **query)

    def submit(
        self,
        message_type: str,
        message: dict[str, Any],
        *,
        key: bytes,
        second_key: bytes | None = None,
    ) -> str:
        """Hand in an act signed with that key, not waiting for the chain; its id in hex."""
        done = self.carrier.submit(message_type, message, key=key, second_key=second_key)
        if done.acknowledgement is not None:
            self._open.append(done.id)
        return done.id

    def settle(self) -> None:
        """Wait until every open act is final; raises ProblemAnswered for a refused one."""
        while self._open:
            self.carrier.wait(self._open[0])
            self._open.pop(0)

    def upload_readings(self, month: MeterMonth, *, by: str) -> str:
        """Keep a meter's month of somebody's; the digest in hex."""
        return str(self.of(by).upload_readings(month)["digest"])

    def rpc(self, method: str, *parameters: list[Any]) -> list[Any]:
        """The results of one JSON-RPC method for each list of parameters."""
        calls = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": given}
            for number, given in enumerate(parameters)
        ]
        answers = parsed(
            self._exchange.send(
                "POST",
                "/rpc",
                headers={"Content-Type": "application/json"},
                content=json.dumps(calls).encode(),
            )
        )
        return [answer["result"] for answer in answers]
