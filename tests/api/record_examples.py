"""Writes api/examples.json anew: `python -m tests.api.record_examples`.

What OpenAPI says of answers is recorded from a real park: examples as they were asked and
answered, schemas that fit every answer seen by every role, and which operation refused how.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

from tests.api.exhibit import Exchange, Exhibit, path_of
from tests.api.held import HeldPark
from tests.api.test_refusals import CASES, ask_case, names_of_cases
from tests.api.test_tenant_walk import ROLES, Walk
from tests.api.world import World

FILE = Path(__file__).parents[2] / "api" / "examples.json"
ITEMS = 2  # of a list, as an example
# Texts of one form each; what every text of a field is like is said of the field.
FORMS = (
    ("pattern", r"^0x[0-9a-f]{64}$"),
    ("pattern", r"^0x[0-9a-f]{40}$"),
    ("pattern", r"^0x[0-9a-f]{130}$"),
    ("date-time", r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
)
# What some reads must be told.
NEEDED = {
    "/api/handles": {"prefix": "88.111"},
    "/v1/documents/{digest}": {"reason": "spot check"},
    "/v1/keys": {"identifier": "88.111/ENT.0001"},
    "/v1/park/{prefix}/{suffix}": {"period": "2023"},
}
# Objects whose names are data, not fields.
OPEN = ("facts", "result", "message", "facts_of")
_TYPES = {bool: "boolean", int: "integer", str: "string", type(None): "null"}
Schema = dict[str, Any]


def schema_of(values: list[Any], name: str = "") -> Schema:
    """A JSON schema that all these values fit."""
    if all(value is None for value in values):
        return {}  # what else it can be was not seen
    objects = [value for value in values if isinstance(value, dict)]
    lists = [value for value in values if isinstance(value, list)]
    plain = [value for value in values if not isinstance(value, dict | list)]
    schemas = [_object(objects, name)] if objects else []
    schemas += [_list(lists, name)] if lists else []
    schemas += _plain(plain)
    if len(schemas) == 1:
        return schemas[0]
    if all(set(each) == {"type"} for each in schemas):
        return {"type": sorted(each["type"] for each in schemas)}
    return {"anyOf": schemas}


def _object(values: list[dict[str, Any]], name: str) -> Schema:
    if name in OPEN:
        return {"type": "object"}
    fields = {field: None for value in values for field in value}
    properties = {
        field: schema_of([value[field] for value in values if field in value], field)
        for field in fields
    }
    if "items" in fields and "next" in fields:
        properties["next"] = {"type": ["null", "string"]}
    always = [field for field in fields if all(field in value for value in values)]
    return {"type": "object", "properties": properties, "required": always}


def _list(values: list[list[Any]], name: str) -> Schema:
    items = [item for value in values for item in value]
    return {"type": "array", "items": schema_of(items, name)} if items else {"type": "array"}


def _plain(values: list[Any]) -> list[Schema]:
    kinds = sorted({_TYPES[type(value)] for value in values})
    texts = [value for value in values if isinstance(value, str)]
    return [_text(texts) if kind == "string" else {"type": kind} for kind in kinds]


def _text(values: list[str]) -> Schema:
    for keyword, pattern in FORMS:
        if all(re.fullmatch(pattern, value) for value in values):
            form = {"format": keyword} if keyword == "date-time" else {"pattern": pattern}
            return {"type": "string"} | form
    return {"type": "string"}


class Recording:
    """Exchanges by operation, and every answer that was seen of it by status."""

    def __init__(self) -> None:
        self.examples: dict[str, list[dict[str, Any]]] = {}
        self.answers: dict[str, dict[str, list[Any]]] = {}
        self.refusals: dict[str, dict[str, list[str]]] = {}
        self.problems: dict[str, Any] = {}

    def note(self, operation: str, status: int, answer: Any) -> None:
        """One more answer that a schema must fit."""
        self.answers.setdefault(operation, {}).setdefault(str(status), []).append(answer)

    def show(self, exchange: Exchange, answer: Any) -> None:
        """An example."""
        told = {"status": exchange.status, "parameters": dict(exchange.parameters)}
        if exchange.media_type is not None:
            told |= {"media_type": exchange.media_type, "body": exchange.body}
        if answer is not None:
            told["answer"] = _short(answer)
        self.examples.setdefault(exchange.operation, []).append(told)

    def refuse(self, operation: str, status: int, problem: dict[str, Any]) -> None:
        """A refusal, and its problem as the example of its code if it is the shortest."""
        code = problem["code"]
        codes = self.refusals.setdefault(operation, {}).setdefault(str(status), [])
        if code not in codes:
            codes.append(code)
        known = self.problems.get(code)
        if known is None or len(json.dumps(problem)) < len(json.dumps(known)):
            self.problems[code] = problem

    def document(self) -> dict[str, Any]:
        """What the file holds."""
        schemas = {
            operation: {status: schema_of(answers) for status, answers in by_status.items()}
            for operation, by_status in self.answers.items()
        }
        return {
            "examples": self.examples,
            "schemas": schemas,
            "refusals": self.refusals,
            "problems": self.problems,
        }


def _short(answer: Any) -> Any:
    if isinstance(answer, dict) and isinstance(answer.get("items"), list):
        return answer | {"items": answer["items"][:ITEMS]}
    return answer


def record_exchanges(recording: Recording, exhibit: Exhibit) -> None:
    for exchange in exhibit.exchanges():
        answer = exhibit.ask(exchange)
        assert answer.status_code == exchange.status, (exchange, answer.text)
        media_type = answer.headers.get("content-type", "")
        body = answer.json() if media_type == "application/json" else answer.text
        if media_type == "application/json":
            recording.note(exchange.operation, exchange.status, body)
        recording.show(exchange, body)
    for exchange, role in product(exhibit.exchanges(), ROLES):
        if exchange.media_type is None and exchange.operation.startswith(("get_", "list_")):
            asked = Exchange(exchange.operation, ROLES[role], exchange.parameters)
            answer = exhibit.ask(asked)
            if answer.is_success and answer.headers["content-type"] == "application/json":
                recording.note(exchange.operation, answer.status_code, answer.json())


def record_walk(recording: Recording, walk: Walk) -> None:
    """What every role is answered to every read, whole and by pages of one."""
    operations = dict(_reads(walk))
    for path, names in walk.paths().items():
        query = NEEDED.get(path, {})
        queries = [query, query | {"limit": "1"}] if "limit" in names else [query]
        for role, asked in product(ROLES, walk.filled(path)):
            for each in queries:
                answer = walk.ask(asked, role, **each)
                if answer.is_success and answer.headers["content-type"] == "application/json":
                    recording.note(operations[path], answer.status_code, answer.json())


def _reads(walk: Walk) -> Iterator[tuple[str, str]]:
    described = walk.park.http.get("/openapi.json").json()["paths"]
    for path, operations in described.items():
        if "get" in operations:
            yield path, operations["get"]["operationId"]


def record_refusals(recording: Recording, world: World) -> None:
    names = names_of_cases(world)
    described = world.park.http.get("/openapi.json").json()["paths"]
    for case in CASES:
        operation = operation_of(described, case)
        if operation is None:
            continue
        answer = ask_case(world, case, names)
        recording.refuse(operation, answer.status_code, answer.json())


def operation_of(described: dict[str, Any], case: dict[str, Any]) -> str | None:
    """Which operation a case asks; None when no path has its method."""
    asked, method = path_of(case), case.get("method", "POST").lower()
    for path in sorted(described, key=lambda one: one.count("{")):
        is_it = re.fullmatch(re.sub(r"{[^/]+}", "[^/]+", path), asked)
        if is_it and method in described[path]:
            told: str = described[path][method]["operationId"]
            return told
    return None


def main() -> None:
    recording = Recording()
    with tempfile.TemporaryDirectory() as scratch:
        furnished = World(HeldPark(Path(scratch) / "furnished"))
        furnished.park.close()
        for number, record in enumerate((_exchanges, _walk, _refusals)):
            world = furnished.copied(Path(scratch) / str(number))
            record(recording, world)
            world.park.close()
    FILE.write_text(_lines(recording.document()), "utf-8")


def _lines(document: dict[str, dict[str, Any]]) -> str:
    """JSON with a line for each operation, so that a change is one line."""
    sections = []
    for section, entries in document.items():
        lines = [
            f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}"
            for name, entry in entries.items()
        ]
        sections.append(f"{json.dumps(section)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _exchanges(recording: Recording, world: World) -> None:
    record_exchanges(recording, Exhibit(world))


def _walk(recording: Recording, world: World) -> None:
    record_walk(recording, Walk(world))


def _refusals(recording: Recording, world: World) -> None:
    record_refusals(recording, world)


if __name__ == "__main__":
    main()
