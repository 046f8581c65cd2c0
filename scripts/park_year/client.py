"""The client of everybody in the story: makes, signs and posts acts, and reads what became.

Whoever signs computes the digest himself, from the message and the domain alone; the service
is told nothing it could change.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_bytes, token_urlsafe
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2

from api.fields import from_wire, hex_text, time_text
from identity.signature import sign_digest
from identity.typed_data import (
    ACCESS,
    DELIVERY,
    DOMAIN_NAME,
    DOMAIN_VERSION,
    FINDING,
    Domain,
    Fields,
    act_id,
    digest,
    struct_hash,
)
from ledger.chain.bindings import MESSAGES
from ledger.naming import snake_case
from scripts.park_year.refusals import ActRefused
from scripts.park_year.scripted_time import ScriptedTime

NOUNS = {
    "Registration": "identifiers",
    "KeyAddition": "keys",
    "StandingChange": "standings",
    "Accreditation": "accreditations",
    "Assignment": "assignments",
    "Evidence": "evidence",
    "Report": "reports",
    "Statement": "statements",
    "Confirmation": "confirmations",
    "Cap": "caps",
    "Rule": "surrender-rules",
    "Allocation": "allocations",
    "Transfer": "transfers",
    "Surrender": "surrenders",
    "Finding": "findings",
    "Delivery": "deliveries",
}
_OFF_CHAIN: dict[str, Fields] = {"Finding": FINDING, "Delivery": DELIVERY, "Access": ACCESS}
_READ_AND_SUBMIT = 3  # scopes of `Access`
_DEADLINE_SECONDS = 24 * 3600
_SETTLE_SECONDS = 60.0
_POLL_SECONDS = 0.01
_REQUEST_SECONDS = 60.0
_PAGE = 200
_KEY_BYTES = 24


@dataclass(frozen=True, slots=True)
class Signer:
    """One who signs in with a key of 32 bytes: which person of which participant."""

    participant: str
    person: int
    key: bytes

    def __repr__(self) -> str:
        return f"Signer({self.participant}, {self.person}, ...)"


class Client:
    """Speaks HTTP to one service; remembers the acts whose outcome is still open.

    Everybody signs in with his own key; `courier` names the one whose token carries and reads
    what nobody else is named for.
    """

    def __init__(
        self, url: str, clock: ScriptedTime, *, signers: Mapping[str, Signer], courier: str
    ) -> None:
        # No proxy of the environment stands between two processes of one machine.
        self._http = httpx2.Client(base_url=url, timeout=_REQUEST_SECONDS, trust_env=False)
        self._clock = clock
        self._signers = signers
        self._courier = courier
        self._tokens: dict[str, tuple[str, str]] = {}
        self._open: list[str] = []
        self.url = url
        self.known = _checked(self._http.get("/.well-known/carbonledger")).json()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, *, by: str | None = None, **query: str) -> Any:
        """The JSON of a resource as somebody sees it; raises ActRefused with the problem."""
        return _checked(self._http.get(path, params=query or None, headers=self.bearer(by))).json()

    def get_bytes(self, path: str, *, by: str) -> bytes:
        """The bytes of a resource as somebody sees it; raises ActRefused."""
        return _checked(self._http.get(path, headers=self.bearer(by))).content

    def items(self, path: str, **query: str) -> Iterator[dict[str, Any]]:
        """Everything in a list, page by page."""
        page = self.get(path, limit=str(_PAGE), **query)
        yield from page["items"]
        while page["next"] is not None:
            page = self.get(page["next"])
            yield from page["items"]

    def rpc(self, method: str, *parameters: list[Any]) -> list[Any]:
        """The results of one JSON-RPC method for each list of parameters."""
        calls = [
            {"jsonrpc": "2.0", "id": number, "method": method, "params": given}
            for number, given in enumerate(parameters)
        ]
        answers = _checked(self._http.post("/rpc", json=calls)).json()
        return [answer["result"] for answer in answers]

    def upload(self, content: bytes, *, kind: str, by: str) -> str:
        """Keep somebody's document; its digest in hex."""
        return str(self._post_document(content, {"kind": kind}, self.bearer(by))["digest"])

    def upload_readings(
        self, content: bytes, *, meter: str, month: str, seed: bytes, by: str
    ) -> dict[str, Any]:
        """Keep a meter's month; the answer names digest, leaves, root and quantity."""
        query = {"kind": "readings", "meter": meter, "period": month}
        headers = {"Carbon-Salt-Seed": hex_text(seed)} | self.bearer(by)
        return self._post_document(content, query, headers)

    def submit(
        self,
        message_type: str,
        message: Mapping[str, Any],
        *,
        key: bytes,
        possession_key: bytes | None = None,
    ) -> str:
        """Sign and hand in an act, not waiting for the chain; its id in hex.

        A key that is added proves with `possession_key` that somebody has it.
        """
        act = self._signed(message_type, message, key)
        if possession_key is not None:
            act["possession"] = self._signed(message_type, message, possession_key)["signature"]
        act_id_text = str(self._post(message_type, act)["id"])
        self._open.append(act_id_text)
        return act_id_text

    def keep(
        self,
        message_type: str,
        message: Mapping[str, Any],
        *,
        key: bytes,
        counter_key: bytes | None = None,
    ) -> str:
        """Sign and hand in what is kept beside the chain; its id in hex."""
        act = self._signed(message_type, message, key)
        if counter_key is not None:
            act["countersignature"] = self._signed(message_type, message, counter_key)["signature"]
        return str(self._post(message_type, act)["id"])

    def settle(self) -> None:
        """Wait until every open act is final; raises ActRefused with a refused one's problem."""
        ends = time.monotonic() + _SETTLE_SECONDS
        while self._open:
            path = f"/v1/submissions/{self._open[0]}"
            submission = self.get(path)
            if submission["refusal"] is not None:
                raise ActRefused(path, submission["refusal"])
            if submission["state"] == "final":
                self._open.pop(0)
                continue
            if time.monotonic() > ends:
                raise ActRefused(path, {"code": "NotSettled", "facts": submission})
            time.sleep(_POLL_SECONDS)

    def bearer(self, by: str | None = None) -> dict[str, str]:
        """The header of somebody's token, which is asked for when there is none in force."""
        name = by or self._courier
        token, until = self._tokens.get(name, ("", ""))
        if until <= time_text(self._clock.now):
            signer = self._signers[name]
            message = {
                "actor": signer.participant,
                "scopes": _READ_AND_SUBMIT,
                "person": signer.person,
                "service": self.known["service"],
                "nonce": hex_text(token_bytes(32)),
            }
            access = self._signed("Access", message, signer.key)
            told = _checked(self._http.post("/v1/sessions", json=access)).json()
            token, until = told["token"], told["expires_at"]
            self._tokens[name] = token, until
        return {"Authorization": f"Bearer {token}"}

    def _signed(self, message_type: str, message: Mapping[str, Any], key: bytes) -> dict[str, Any]:
        """The envelope of a message in wire form; its deadline is a day from now."""
        complete = {**message, "deadline": time_text(self._clock.now + _DEADLINE_SECONDS)}
        domain = self._domain(message_type)
        hashed = hash_of_wire(message_type, complete)
        return {
            "message": complete,
            "domain": {"chain_id": domain.chain_id, "contract": hex_text(domain.contract)},
            "signature": hex_text(sign_digest(key, digest(domain.separator, hashed))),
        }

    def _domain(self, message_type: str) -> Domain:
        is_kept = message_type in _OFF_CHAIN
        contract = "Identifiers" if is_kept else MESSAGES[message_type]["contract"]
        address = bytes.fromhex(self.known["contracts"][contract]["address"][2:])
        name, version = (DOMAIN_NAME, DOMAIN_VERSION) if is_kept else (contract, "1")
        return Domain(name, version, self.known["chain_id"], address)

    def _post(self, message_type: str, act: dict[str, Any]) -> Any:
        path = f"/v1/{NOUNS[message_type]}"
        headers = _fresh_key() | self.bearer()
        told = _checked(self._http.post(path, json=act, headers=headers)).json()
        own = hex_text(act_id(hash_of_wire(message_type, act["message"])))
        assert told["id"] == own, "the service names the act as its signer does"
        return told

    def _post_document(
        self, content: bytes, query: dict[str, str], headers: dict[str, str]
    ) -> dict[str, Any]:
        answer = self._http.post(
            "/v1/documents", params=query, content=content, headers=_fresh_key() | headers
        )
        told: dict[str, Any] = _checked(answer).json()
        return told


def fields_of(message_type: str) -> Fields:
    """Names and Solidity types of a message's fields, in the order that is hashed."""
    fields: Fields = _OFF_CHAIN.get(message_type) or MESSAGES[message_type]["fields"]
    return fields


def hash_of_wire(message_type: str, message: Mapping[str, Any]) -> bytes:
    """The 32-byte struct hash of a message in wire form."""
    fields = fields_of(message_type)
    values = {
        name: from_wire(
            snake_case(name), kind, message[snake_case(name)], pointer=f"/{snake_case(name)}"
        )
        for name, kind in fields
    }
    return struct_hash(message_type, fields, values)


def resource(noun: str, identifier: str) -> str:
    """The URL path of a subject under a noun; a slash of the identifier stays one."""
    return f"/v1/{noun}/{quote(identifier, safe='/')}"


def _fresh_key() -> dict[str, str]:
    return {"Idempotency-Key": token_urlsafe(_KEY_BYTES)}


def _checked(response: httpx2.Response) -> httpx2.Response:
    if response.is_success:
        return response
    try:
        problem = response.json()
    except ValueError:
        problem = {"code": str(response.status_code), "facts": {"body": response.text[:200]}}
    raise ActRefused(response.request.url.path, problem)
