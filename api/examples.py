"""What OpenAPI shows of real exchanges: examples, the shapes of answers, who refuses how.

All of it was recorded from a park and stands in examples.json; how, and anew when an answer
changes: `python -m tests.api.record_examples`.
"""

import json
from functools import cache
from importlib.resources import files
from typing import Any

from api.errors import PROBLEM

_JSON = "application/json"
Described = dict[str, Any]


def add_examples(described: Described) -> None:
    """Put what was recorded into the operations and components of an OpenAPI document."""
    components = described["components"]
    problems = _recorded()["problems"]
    components["examples"] = {
        code: {"summary": problem["title"], "value": problem} for code, problem in problems.items()
    }
    for operations in described["paths"].values():
        for operation in operations.values():
            name = operation["operationId"]
            _add_answers(operation, components["schemas"], _recorded()["schemas"].get(name, {}))
            for example in _recorded()["examples"].get(name, []):
                _add_example(operation, example)
            for status, codes in _recorded()["refusals"].get(name, {}).items():
                operation["responses"][status] = _refusal(codes)


def answer_schema(operation: str, status: int) -> str:
    """The reference to the shape of an answer; equal shapes have one name."""
    shape = json.dumps(_recorded()["schemas"][operation][str(status)])
    return f"#/components/schemas/{_names()[shape]}"


@cache
def _recorded() -> dict[str, dict[str, Any]]:
    content = files("api").joinpath("examples.json").read_text("utf-8")
    recorded: dict[str, dict[str, Any]] = json.loads(content)
    return recorded


@cache
def _names() -> dict[str, str]:
    """By shape the name of its schema, after the first operation that answers so."""
    names: dict[str, str] = {}
    for operation, by_status in _recorded()["schemas"].items():
        for status, schema in by_status.items():
            name = "".join(part.capitalize() for part in operation.split("_"))
            names.setdefault(json.dumps(schema), f"{name}Answer{status}")
    return names


def _add_answers(
    operation: Described, schemas: dict[str, Any], answers: dict[str, Described]
) -> None:
    for status, schema in answers.items():
        reference = answer_schema(operation["operationId"], int(status))
        schemas[reference.rpartition("/")[2]] = schema
        response = operation["responses"].setdefault(status, {"description": "Done"})
        content = response.setdefault("content", {}).setdefault(_JSON, {})
        if not content.get("schema"):
            content["schema"] = {"$ref": reference}


def _add_example(operation: Described, example: dict[str, Any]) -> None:
    """Its parameters, its body and its answer, under one name in each place."""
    name = "waiting" if "wait" in example["parameters"] else "example"
    for parameter in operation.get("parameters", []):
        if parameter["name"] in example["parameters"]:
            value = {"value": example["parameters"][parameter["name"]]}
            parameter.setdefault("examples", {})[name] = value
    if "body" in example:
        content = operation["requestBody"]["content"][example["media_type"]]
        content.setdefault("examples", {})[name] = {"value": example["body"]}
    if "answer" in example:
        contents = operation["responses"][str(example["status"])]["content"]
        content = contents.get(_answered_in(example["answer"]), next(iter(contents.values())))
        content.setdefault("examples", {})[name] = {"value": example["answer"]}


def _answered_in(answer: Any) -> str:
    """Texts are lines or a document, everything else is JSON."""
    return "application/x-ndjson" if isinstance(answer, str) else _JSON


def _refusal(codes: list[str]) -> Described:
    """A status and the problems that were seen under it."""
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in codes}
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": "A problem (RFC 9457): " + ", ".join(codes),
        "content": {PROBLEM: {"schema": schema, "examples": examples}},
    }
