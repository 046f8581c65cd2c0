"""The client of one service: signs offline, carries, checks every promise, waits, reads.

Everything that changes something carries an idempotency key, which is kept through repeats.
"""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_bytes, token_urlsafe
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from api.client.acknowledgement import Acknowledgement, checked_acknowledgement
from api.client.evidence import MeterMonth
from api.client.exchange import Exchange, parse_answer, parsed
from api.client.guards import next_guard
from api.client.known import Known
from api.client.refusals import ActUnderWay, AnswerWrong, ProblemAnswered
from api.client.signing import Signer, envelope, id_of, signature_of
from api.fields import hex_text, time_text
from api.nouns import NOUN_OF
from ledger.clock import RealClock
from ledger.messages import OFF_CHAIN

READ_AND_SUBMIT = 3  # scopes of `Access`
_DEADLINE_SECONDS = 24 * 3600
_SESSIONS_TRIED = 3
_PAGE = 200
_KEY_BYTES = 24
_POLL_SECONDS, _POLL_SECONDS_MAX = 0.02, 0.25
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Submitted:
    """An act that was handed in; `id` is its signer's own, in hex.

    `acknowledgement` is the checked promise, None for what is kept beside the chain and for an
    act that the service had before; then `state` says how far that is. `answer` is the service's.
    """

    id: str
    type: str
    state: str
    resource: str
    acknowledgement: Acknowledgement | None
    answer: Mapping[str, Any]


class Client:
    """Speaks to one service, as one signer, with a token that somebody gave, or as nobody.

    A signer's session is opened at the first request that needs it and again when it ended.
    `known` pins the manifest of an earlier contact; `now` gives unix seconds.
    """

    def __init__(
        self,
        service: str | Exchange,
        *,
        signer: Signer | None = None,
        token: str | None = None,
        known: Known | None = None,
        now: Callable[[], int] | None = None,
    ) -> None:
        self.exchange = Exchange(service) if isinstance(service, str) else service
        self.signer = signer
        self._token = token
        self._known = known
        self._now = now or RealClock().now

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.exchange.close()

    def acting_as(self, signer: Signer) -> "Client":
        """The same service for somebody else, over the same connections."""
        return Client(self.exchange, signer=signer, known=self.known, now=self._now)

    @property
    def known(self) -> Known:
        """The service's manifest of first contact."""
        if self._known is None:
            answer = self.exchange.send("GET", "/.well-known/carbonledger")
            self._known = Known.from_manifest(parsed(answer))
        return self._known

    def get(self, path: str, **query: str) -> Any:
        """The JSON of a resource; raises ProblemAnswered, ServiceUnavailable, AnswerWrong."""
        return parsed(self._send("GET", path, query=query))

    def get_bytes(self, path: str) -> bytes:
        """The bytes of a resource, as `get`."""
        content: bytes = self._send("GET", path).content
        return content

    def items(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Everything in a list, page by page, in one snapshot."""
        page = self.get(path, limit=str(_PAGE), **query)
        yield from page["items"]
        while page["next"] is not None:
            page = self.get(page["next"])
            yield from page["items"]

    def post(
        self, path: str, body: Any, *, idempotency_key: str | None = None, **query: str
    ) -> Any:
        """The JSON answer to a JSON body; the idempotency key is a fresh one if none is given."""
        headers = _JSON | {"Idempotency-Key": idempotency_key or fresh_key()}
        return parsed(
            self._send("POST", path, headers=headers, query=query, content=_json_bytes(body))
        )

    def proof(
        self, report: str, *, meter: str | None = None, stamp: str | None = None
    ) -> dict[str, Any]:
        """A report's proof, with one reading disclosed where a meter and a stamp are named."""
        asked = {"meter": meter, "stamp": stamp}
        proof: dict[str, Any] = self.get(
            f"/v1/proofs/{report}", **{name: one for name, one in asked.items() if one is not None}
        )
        return proof

    def completed(self, message_type: str, message: Mapping[str, Any]) -> dict[str, Any]:
        """The message with its guard (`follows`, `nonce`, `revision`) and a deadline in a day.

        What the message has already stays; the guard is read from the service.
        """
        deadline = {"deadline": time_text(self._now() + _DEADLINE_SECONDS)}
        return deadline | next_guard(self.get, self.items, message_type, message) | dict(message)

    def sign(
        self, message_type: str, message: Mapping[str, Any], *, key: bytes | None = None
    ) -> dict[str, Any]:
        """The envelope of a complete message, signed with our key or the one given."""
        domain = self.known.domain(message_type)
        signature = signature_of(message_type, message, domain=domain, key=self._key(key))
        return envelope(message, domain=domain, signature=signature)

    def signed(
        self,
        message_type: str,
        message: Mapping[str, Any],
        *,
        key: bytes | None = None,
        second_key: bytes | None = None,
    ) -> dict[str, Any]:
        """The envelope of a complete message with every signature that it needs.

        `second_key` is the added key of a KeyAddition, or the consumer's of a Delivery.
        """
        act = self.sign(message_type, message, key=key)
        if second_key is not None:
            name = "countersignature" if message_type in OFF_CHAIN else "possession"
            act[name] = self.sign(message_type, message, key=second_key)["signature"]
        return act

    def submit(
        self,
        message_type: str,
        message: Mapping[str, Any],
        *,
        key: bytes | None = None,
        second_key: bytes | None = None,
        idempotency_key: str | None = None,
    ) -> Submitted:
        """Complete, sign and hand in an act; keys as in `signed`.

        Raises as `hand_in`, and FieldInvalid and its like for a message that is none.
        """
        complete = self.completed(message_type, message)
        act = self.signed(message_type, complete, key=key, second_key=second_key)
        return self.hand_in(message_type, act, idempotency_key=idempotency_key)

    def hand_in(
        self, message_type: str, act: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Submitted:
        """Post a signed act, by whomever it is signed; the service's promise is checked.

        An act that the service had before counts as done. Raises ProblemAnswered, AnswerWrong
        (id, acknowledgement and its parts), ServiceUnavailable.
        """
        own = id_of(message_type, act["message"])
        noun = NOUN_OF[message_type]
        try:
            told = self.post(f"/v1/{noun}", act, idempotency_key=idempotency_key)
        except ProblemAnswered as refused:
            if refused.facts.get("id") != own:
                raise
            state = str(refused.facts.get("state"))
            known = {"id": own, "type": message_type, "state": state}
            return Submitted(own, message_type, state, f"/v1/{noun}/{own}", None, known)
        if not isinstance(told, dict) or told.get("id") != own:
            raise AnswerWrong("id")
        if message_type in OFF_CHAIN:
            return Submitted(own, message_type, "final", str(told.get("resource")), None, told)
        promise = checked_acknowledgement(told, act_id=own, known=self.known)
        return Submitted(own, message_type, "accepted", f"/v1/{noun}/{own}", promise, told)

    def send_lines(self, lines: Sequence[bytes], *, mode: str = "each") -> list[dict[str, Any]]:
        """What became of signed acts, a JSON line each (envelope and `type`), in their order.

        One request, so at most what it takes; `each` for itself or `all` or none. Repeating is
        safe: a line that the service had before is told as a problem with its own `id`.
        """
        answer = self._send(
            "POST",
            "/v1/submissions",
            headers={"Content-Type": "application/x-ndjson"},
            query={"mode": mode},
            content=b"\n".join(lines) + b"\n",
        )
        told = [parse_answer(line) for line in answer.content.splitlines()]
        if len(told) != len(lines):
            raise AnswerWrong("json")
        return told

    def wait(self, act_id: str, *, state: str = "final", seconds: float = 60.0) -> dict[str, Any]:
        """The submission once it is `provisional` or `final`.

        Raises ProblemAnswered with a refused one's problem, ActUnderWay when time runs out.
        """
        path, ends, pause = f"/v1/submissions/{act_id}", time.monotonic() + seconds, _POLL_SECONDS
        while True:
            submission: dict[str, Any] = self.get(path)
            if submission["refusal"] is not None:
                raise ProblemAnswered(path, submission["refusal"])
            if submission["state"] in ("final", state):
                return submission
            if time.monotonic() > ends:
                raise ActUnderWay(act_id, submission["state"], state)
            time.sleep(pause)
            pause = min(2 * pause, _POLL_SECONDS_MAX)

    def upload(
        self, content: bytes, *, kind: str, media_type: str = "application/octet-stream"
    ) -> str:
        """Keep a document; its digest in hex, which is computed here. Raises AnswerWrong."""
        told = self._upload(content, query={"kind": kind}, headers={"Content-Type": media_type})
        return str(told["digest"])

    def upload_readings(self, month: MeterMonth) -> dict[str, Any]:
        """Keep a meter's month; raises AnswerWrong when the service computes another root."""
        query = {"kind": "readings", "meter": month.meter, "period": month.period.text}
        headers = {"Carbon-Salt-Seed": hex_text(month.seed), "Content-Type": "text/csv"}
        told = self._upload(month.content, query=query, headers=headers)
        if told.get("root") != hex_text(month.tree.root):
            raise AnswerWrong("root")
        if told.get("leaves") != month.tree.leaves:
            raise AnswerWrong("leaves")
        return told

    def _upload(
        self, content: bytes, *, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> dict[str, Any]:
        digest = hashlib.sha256(content).digest()
        checked = {"Content-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:"}
        keyed = checked | {"Idempotency-Key": fresh_key()} | dict(headers)
        told = parsed(
            self._send("POST", "/v1/documents", headers=keyed, query=query, content=content)
        )
        if not isinstance(told, dict) or told.get("digest") != hex_text(digest):
            raise AnswerWrong("digest")
        return told

    def _key(self, key: bytes | None) -> bytes:
        if key is not None:
            return key
        assert self.signer is not None, "who signs has a key"
        return self.signer.key

    def bearer(self) -> dict[str, str]:
        """The header of our token; a signer without one opens a session. Nothing for nobody."""
        if self._token is None and self.signer is not None:
            self._token = self._open_session(self.signer)
        return {} if self._token is None else {"Authorization": f"Bearer {self._token}"}

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Any:
        """An answer to us; a session that ended is opened again once."""

        def send() -> Any:
            bearer = self.bearer() if path.startswith("/v1/") else {}
            return self.exchange.send(
                method, path, headers={**(headers or {}), **bearer}, query=query, content=content
            )

        try:
            return send()
        except ProblemAnswered as refused:
            if self.signer is None or refused.code != "TokenInvalid":
                raise
        self._token = None
        return send()

    def _open_session(self, signer: Signer) -> str:
        """A token for whoever signs; a fresh Access where the answer to one was lost."""
        for _ in range(_SESSIONS_TRIED - 1):
            try:
                return self._post_access(signer)
            except ProblemAnswered as refused:
                if refused.code != "ActAlreadyMade":
                    raise
        return self._post_access(signer)

    def _post_access(self, signer: Signer) -> str:
        message = {
            "actor": signer.participant,
            "scopes": READ_AND_SUBMIT,
            "person": signer.person,
            "service": self.known.service,
            "nonce": hex_text(token_bytes(32)),
            "deadline": time_text(self._now() + _DEADLINE_SECONDS),
        }
        access = self.sign("Access", message, key=signer.key)
        answer = self.exchange.send(
            "POST", "/v1/sessions", headers=_JSON, content=_json_bytes(access)
        )
        return str(parsed(answer)["token"])


def resource(noun: str, identifier: str) -> str:
    """The URL path of a subject under a noun; a slash of the identifier stays one."""
    return f"/v1/{noun}/{quote(identifier, safe='/')}"


def fresh_key() -> str:
    """An idempotency key that nobody had before."""
    return token_urlsafe(_KEY_BYTES)


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
