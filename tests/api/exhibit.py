"""A park in which every operation of the API has something to show, and how each is asked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from httpx2 import Response

from api.app import create_app
from api.nouns import NOUN_OF, NOUNS
from ledger.messages import OFF_CHAIN
from tests.api.proven import MONTH, prove
from tests.api.world import World
from tests.messages import report

OWNER, REGULATOR = "enterprise 1", "regulator"
YEAR = "2023"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request that an operation answers well, and by whom it is asked.

    `body` is JSON, or the text of lines or a document.
    """

    operation: str
    by: str | None
    parameters: Mapping[str, str] = field(default_factory=dict)
    media_type: str | None = None
    body: Any = None
    status: int = 200


class Exhibit:
    """A furnished park with more in it; the same ids each time it is made."""

    def __init__(self, world: World) -> None:
        self.world, self.park = world, world.park
        self._numbers = count(1)
        body = world.body("Delivery")
        self.delivery: str = self.park.post("Delivery", body, wait=False).json()["id"]
        self.park.post("Finding", world.body("Finding"), wait=False)
        self.document: str = self.park.upload(b"a calculation", "calculation")["digest"]
        self.proven = prove(world)
        explained = report(period=MONTH, follows=self.proven, rule_pack=self._rule_pack())
        self.explained = self.park.act("Report", explained, signer=OWNER)
        self.described = create_app(self.park.ledger).openapi()
        self._templates = {
            operation["operationId"]: (method.upper(), path)
            for path, operations in self.described["paths"].items()
            for method, operation in operations.items()
        }

    def exchanges(self) -> Iterator[Exchange]:
        """Writes that do not get into each other's way, then reads."""
        yield from self._acts()
        yield from self._other_writes()
        yield from self._reads()

    def _acts(self) -> Iterator[Exchange]:
        for noun, message_type in NOUNS.items():
            _, signer = self.world.acts[message_type]
            body = self.world.body(message_type)
            status = 201 if message_type in OFF_CHAIN else 202
            operation = f"post_{noun.replace('-', '_')}"
            yield Exchange(operation, signer, {}, "application/json", body, status)
        waited = self.world.body("Transfer", nonce=6)
        yield Exchange("post_transfers", OWNER, {"wait": "final"}, "application/json", waited)

    def _other_writes(self) -> Iterator[Exchange]:
        message = {"from": "88.111/ENT.0001", "to": "88.111/ENT.0002", "asset": "PARK-2023"}
        draft = {"message": message | {"tonnes": 1}}
        json_type = "application/json"
        yield Exchange("post_preparation", OWNER, {"message_type": "Transfer"}, json_type, draft)
        access = self.park.access(OWNER, nonce="0x" + "51" * 32)
        yield Exchange("post_session", None, {}, json_type, access, 201)
        yield Exchange("post_token", OWNER, {}, json_type, {"scopes": ["read"]}, 201)
        invited = {"participant": "88.111/ENT.0001", "person": 2}
        yield Exchange("post_invitation", "park", {}, json_type, invited, 201)
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
        yield Exchange("post_rpc", None, {}, json_type, call)
        octets = "application/octet-stream"
        yield Exchange(
            "post_document", OWNER, {"kind": "calculation"}, octets, "another calculation", 201
        )
        granted = {"prefix": "88", "suffix": "PARK.0001", "period": YEAR, "resource": "accounts"}
        yield Exchange("put_grant", OWNER, granted)
        lines = [
            {"type": name} | self.world.body(name, nonce=nonce)
            for name, nonce in (("Transfer", 7), ("Surrender", 8))
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        yield Exchange("post_submissions", OWNER, {}, "application/x-ndjson", text)

    def _reads(self) -> Iterator[Exchange]:
        for operation, (method, path) in self._templates.items():
            if method == "GET" and (parameters := self.parameters(path)) is not None:
                yield Exchange(operation, OWNER, parameters)

    def parameters(self, path: str) -> dict[str, str] | None:
        """What the path of a read names here; None when there is nothing of the kind."""
        noun = path.split("/")[2] if path.startswith("/v1/") else ""
        known = {
            "{delivery_id}": {"delivery_id": self.delivery},
            "{digest}": {"digest": self.document},
            "{code}": {"code": "QuotaInsufficient"},
            "{year}": {"year": YEAR},
            "{pack_hash}": {"pack_hash": self._rule_pack()},
            "{handle}": {"handle": "88.111/ENT.0001"},
            "{prefix}/{suffix}": {"prefix": "88.111", "suffix": "ENT.0001"},
        }
        named: dict[str, str] = {}
        for place, values in known.items():
            named |= values if place in path else {}
        if path.startswith("/v1/park/"):
            named |= {"prefix": "88", "suffix": "PARK.0001", "period": YEAR}
        if path.endswith("/{prefix}"):
            named |= {"prefix": "88.111"}
        if path == "/v1/keys":
            named |= {"identifier": "88.111/ENT.0001"}
        if path == "/api/handles":
            named |= {"prefix": "88.111"}
        if "{act_id}" in path:
            act_id = self._act_of(noun, path)
            return None if act_id is None else named | {"act_id": act_id}
        return named

    def _act_of(self, noun: str, path: str) -> str | None:
        if noun == "proofs":
            return self.proven
        if path.endswith("/explanation"):
            return self.explained
        if path.endswith("/findings"):
            return self.world.ids["report_3"]
        if noun == "keys":
            return self.world.ids["added"]
        reader = OWNER if noun == "submissions" else REGULATOR
        items: list[dict[str, str]] = self.park.get(f"/v1/{noun}?limit=1", by=reader)["items"]
        return items[0]["id"] if items else None

    def _rule_pack(self) -> str:
        items: list[dict[str, Any]] = self.park.get("/v1/rules")["items"]
        told: str = items[0]["hash"]
        return told

    def ask(self, exchange: Exchange) -> Response:
        """The answer to the request as it stands there."""
        method, path = self._templates[exchange.operation]
        query = dict(exchange.parameters)
        for name in [name for name in query if f"{{{name}}}" in path]:
            path = path.replace(f"{{{name}}}", query.pop(name))
        headers = self.park.headers(exchange.by) | {
            "Idempotency-Key": f"asked-{next(self._numbers)}"
        }
        content: bytes | None = None
        if exchange.media_type is not None:
            headers |= {"Content-Type": exchange.media_type}
            text = exchange.body if isinstance(exchange.body, str) else json.dumps(exchange.body)
            content = text.encode()
        return self.park.http.request(
            method, path, params=query or None, content=content, headers=headers
        )

    def signed_again(self, body: Any) -> Any:
        """A signed body of a document of another park as it is valid here."""
        if isinstance(body, str):
            lines = [json.loads(line) for line in body.splitlines()]
            return "".join(json.dumps(self._line(line)) + "\n" for line in lines)
        message_type = self._type_of(body["message"])
        if message_type == "Access":
            return self.park.access(OWNER, **body["message"])
        return self.world.body(message_type, **body["message"])

    def _line(self, line: dict[str, Any]) -> dict[str, Any]:
        body = self.world.body(line["type"], **line["message"])
        return {"type": line["type"]} | body

    def _type_of(self, message: Mapping[str, Any]) -> str:
        types = {tuple(each): name for name, each in self._shapes().items()}
        return types[tuple(message)]

    def _shapes(self) -> dict[str, Mapping[str, Any]]:
        schemas = self.described["components"]["schemas"]
        return {name: schemas[name]["properties"] for name in [*NOUN_OF, "Access"]}


def path_of(case: Mapping[str, Any]) -> str:
    """The path of a case of the refusals, without its query."""
    noun = NOUN_OF[case["act"]] if "act" in case else ""
    asked: str = case.get("path", f"/v1/{noun}")
    return urlsplit(asked).path
