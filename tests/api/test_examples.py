"""What OpenAPI shows is what the API does: every example is sent, every answer has its shape."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from jsonschema_rs import validator_for

from api.errors import STATUS
from tests.api.exhibit import OWNER, Exchange, Exhibit
from tests.api.record_examples import operation_of, schema_of
from tests.api.test_refusals import CASES
from tests.api.test_tenant_walk import ROLES
from tests.api.world import World

pytestmark = pytest.mark.slow  # a park is furnished beyond the usual, and asked everything

# Told by clients only, or found by programs that open a directory.
NOT_SERVED = {"ActUnderWay", "AnswerWrong", "ServiceUnavailable"}
# What is drawn for each caller anew stands in no example of a request.
DRAWN = {"DELETE": {"{lookup}"}, "POST": {"{secret}"}}


@pytest.fixture(scope="module")
def exhibit(furnished: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exhibit]:
    world = furnished.copied(tmp_path_factory.mktemp("exhibit") / "park")
    yield Exhibit(world)
    world.park.close()


def _operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def _examples(operation: dict[str, Any]) -> Iterator[tuple[int, str]]:
    """Status and name of each example of a good answer."""
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            for name in content.get("examples", {}):
                if status != "default" and int(status) < 400:
                    yield int(status), name


def _exchange(operation: dict[str, Any], status: int, name: str, by: str | None) -> Exchange:
    """The request that stands in the document under the name of an answer."""
    parameters = {
        one["name"]: one["examples"][name]["value"]
        for one in operation.get("parameters", [])
        if name in one.get("examples", {})
    }
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        if name in content.get("examples", {}):
            body = content["examples"][name]["value"]
            asked = operation["operationId"]
            return Exchange(asked, by, parameters, media_type, body, status)
    return Exchange(operation["operationId"], by, parameters, status=status)


def _is_signed(exchange: Exchange) -> bool:
    body = exchange.body
    return '"signature"' in body if isinstance(body, str) else "signature" in (body or {})


def test_example_yields_the_status_it_stands_under_when_it_is_sent(exhibit: Exhibit) -> None:
    """Acts are signed anew: chain, contract and key are those of the park at hand."""
    writers = {one.operation: one.by for one in exhibit.exchanges() if one.media_type}
    sent = 0
    for _, _, operation in _operations(exhibit.described):
        for status, name in _examples(operation):
            by = writers.get(operation["operationId"], OWNER)
            exchange = _exchange(operation, status, name, by)
            if _is_signed(exchange):
                body = exhibit.signed_again(exchange.body)
                exchange = Exchange(
                    exchange.operation, by, exchange.parameters, exchange.media_type, body, status
                )
            answer = exhibit.ask(exchange)
            assert answer.status_code == status, (exchange, answer.text)
            sent += 1
    assert sent > 80


def test_describe_has_an_example_when_an_operation_answers_something(exhibit: Exhibit) -> None:
    for method, path, operation in _operations(exhibit.described):
        if any(place in path for place in DRAWN.get(method, ())) or method == "DELETE":
            continue
        assert list(_examples(operation)), (method, path)
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["examples"], (method, path)


def _closed(schema: Any) -> Any:
    """The same schema, with no field beyond those that it names."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(each) for name, each in schema.items()}
    if "properties" in closed:
        closed["additionalProperties"] = False
    return closed


@pytest.fixture(scope="module")
def shapes(exhibit: Exhibit) -> dict[str, Any]:
    """By operation what checks its answers of status 200, strictly."""
    described = deepcopy(exhibit.described)
    schemas = described["components"]["schemas"]
    checks = {}
    for _, _, operation in _operations(described):
        answer = operation["responses"].get("200", {}).get("content", {})
        reference = answer.get("application/json", {}).get("schema", {}).get("$ref", "")
        if reference:
            schema = _closed(schemas[reference.rpartition("/")[2]])
            checks[operation["operationId"]] = validator_for(schema)
    return checks


@pytest.mark.parametrize("role", ROLES)
def test_answer_has_the_shape_of_the_document_when_a_role_reads(
    exhibit: Exhibit, shapes: dict[str, Any], role: str
) -> None:
    checked = 0
    for exchange in exhibit.exchanges():
        if exchange.media_type is not None or exchange.operation not in shapes:
            continue
        asked = Exchange(exchange.operation, ROLES[role], exchange.parameters)
        answer = exhibit.ask(asked)
        if answer.is_success and answer.headers["content-type"] == "application/json":
            shapes[exchange.operation].validate(answer.json())
            checked += 1
    assert checked > 10


def test_describe_names_every_code_when_the_problem_is_described(exhibit: Exhibit) -> None:
    codes = set(exhibit.described["components"]["schemas"]["Problem"]["properties"]["code"]["enum"])
    assert STATUS.keys() - NOT_SERVED <= codes
    shown = exhibit.described["components"]["examples"]
    assert shown.keys() <= codes
    for code, example in shown.items():
        assert example["value"]["code"] == code


def test_problem_stands_under_its_status_when_a_case_of_the_refusals_yields_it(
    exhibit: Exhibit,
) -> None:
    """The cases themselves are sent by the test of the refusals."""
    paths = exhibit.described["paths"]
    operations = {each["operationId"]: each for _, _, each in _operations(exhibit.described)}
    yielded = {
        (operation, str(case["status"]), case["code"])
        for case in CASES
        if (operation := operation_of(paths, case)) is not None
    }
    shown = {
        (name, status, code)
        for name, operation in operations.items()
        for status, answer in operation["responses"].items()
        for code in answer.get("content", {})
        .get("application/problem+json", {})
        .get("examples", ())
    }
    assert shown == yielded


def test_schema_refuses_another_form_when_all_values_had_one() -> None:
    values: list[dict[str, Any]] = [
        {"id": "0x" + "1f" * 32, "at": "2026-01-05T08:00:01Z", "left": None},
        {"id": "0x" + "2e" * 32, "at": "2026-01-05T08:00:02Z", "left": 3, "more": []},
    ]
    check = validator_for(schema_of(values))
    assert all(check.is_valid(value) for value in values)
    assert not check.is_valid(values[0] | {"id": "0x1f"})
    assert not check.is_valid(values[0] | {"left": "three"})
    assert not check.is_valid({"id": values[0]["id"]})


def test_owner_is_who_asks_when_an_example_is_of_an_enterprise(exhibit: Exhibit) -> None:
    told = exhibit.park.get(f"/v1/reports/{exhibit.proven}", by=OWNER)
    assert told["view"] == "owner"
