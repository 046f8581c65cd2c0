"""The document at /openapi.json describes every route, and nothing in it dangles."""

import re
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from fastapi.routing import APIRoute

import api
from api.nouns import NOUN_OF
from api.paging import PAGING
from tests.api.world import World

WITHOUT_KEY = (
    "/v1/invitations/{secret}",
    "/v1/prepare/{message_type}",
    "/v1/sessions",
    "/v1/submissions",
)
_METHODS = {"get", "post", "put", "delete", "patch", "head", "options", "trace"}
_SCHEMA_TYPES = {"array", "boolean", "integer", "null", "number", "object", "string"}


@pytest.fixture(scope="module")
def document(world: World) -> dict[str, Any]:
    """The document as a client reads it."""
    return world.park.get("/openapi.json")


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


def _dictionaries(value: Any) -> list[dict[str, Any]]:
    """Every object of the document, at any depth."""
    match value:
        case dict():
            return [value, *(each for one in value.values() for each in _dictionaries(one))]
        case list():
            return [each for one in value for each in _dictionaries(one)]
    return []


def test_describe_names_every_route_when_the_rooms_of_the_api_are_walked(
    document: dict[str, Any],
) -> None:
    served = {
        (route.path_format, method.lower()) for route in _routes() for method in route.methods or ()
    }
    assert served == {(path, method) for path, method, _ in _operations(document)}
    assert len(served) > 60


def _routes() -> list[APIRoute]:
    """The routes of every module of the api, included in the application or forgotten."""
    modules = [import_module(f"api.{found.name}") for found in iter_modules(api.__path__)]
    routers = [module.router for module in modules if hasattr(module, "router")]
    return [route for router in routers for route in router.routes]


def test_describe_asks_for_an_idempotency_key_when_a_route_writes(
    document: dict[str, Any],
) -> None:
    writing = [
        (path, operation)
        for path, method, operation in _operations(document)
        if method == "post" and path.startswith("/v1") and path not in WITHOUT_KEY
    ]
    assert len(writing) == len(NOUN_OF) + 3  # documents, tokens, invitations
    for path, operation in writing:
        keys = [one for one in operation["parameters"] if one["name"] == "Idempotency-Key"]
        assert [one["required"] for one in keys] == [True], path
        assert operation["requestBody"]["required"], path


@pytest.mark.parametrize("message_type", NOUN_OF)
def test_describe_gives_the_envelope_of_the_noun_when_its_schema_is_followed(
    world: World, document: dict[str, Any], message_type: str
) -> None:
    body = document["paths"][f"/v1/{NOUN_OF[message_type]}"]["post"]["requestBody"]
    signed, in_custody = body["content"]["application/json"]["schema"]["anyOf"]
    assert in_custody["$ref"].endswith(f"/{message_type}InCustody")
    envelope = _followed(document, signed["$ref"])
    message = _followed(document, envelope["properties"]["message"]["$ref"])
    assert list(message["properties"]) == list(world.bodies[message_type]["message"])
    assert message["additionalProperties"] is False


def _followed(document: dict[str, Any], reference: str) -> dict[str, Any]:
    """The object at a local reference; KeyError where it dangles."""
    root, *way = reference.split("/")
    assert root == "#"
    value = document
    for step in way:
        value = value[step.replace("~1", "/").replace("~0", "~")]
    return value


def test_describe_leaves_no_reference_dangling_when_every_one_is_followed(
    document: dict[str, Any],
) -> None:
    references = {each["$ref"] for each in _dictionaries(document) if "$ref" in each}
    assert len(references) > 40
    for reference in references:
        _followed(document, reference)


def test_describe_is_openapi_3_1_when_its_form_is_checked(document: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.1\.\d+", document["openapi"])
    assert {"title", "version"} <= document["info"].keys()
    assert document.keys() <= {"openapi", "info", "paths", "components", "tags", "servers"}
    identities = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(identities) == len(set(identities))
    for path, method, operation in _operations(document):
        assert path.startswith("/") and method in _METHODS
        assert operation["responses"] and operation["summary"], path
        _check_parameters(path, operation)


def _check_parameters(path: str, operation: dict[str, Any]) -> None:
    parameters = operation.get("parameters", [])
    placed = [(one["name"], one["in"]) for one in parameters]
    assert len(placed) == len(set(placed)), path
    in_path = {name for name, place in placed if place == "path"}
    assert in_path == set(re.findall(r"{([^}]+)}", path)), path
    for one in parameters:
        assert one["in"] in ("path", "query", "header") and "schema" in one, path
        assert one.get("required") or one["in"] != "path", path


def test_describe_uses_types_of_json_schema_when_every_schema_is_checked(
    document: dict[str, Any],
) -> None:
    for schema in _dictionaries(document["components"]["schemas"]):
        kind = schema.get("type")
        if isinstance(kind, str):
            assert kind in _SCHEMA_TYPES
        if isinstance(schema.get("pattern"), str):
            re.compile(schema["pattern"])


def test_describe_names_the_problem_when_any_route_refuses(document: dict[str, Any]) -> None:
    for path, _, operation in _operations(document):
        content = operation["responses"]["default"]["content"]
        if path.startswith("/api/handles"):  # the Handle protocol refuses by its response codes
            assert "responseCode" in content["application/json"]["schema"]["required"]
            continue
        refusals = [
            answer["content"]
            for status, answer in operation["responses"].items()
            if status == "default" or int(status) >= 400
        ]
        for told in refusals:
            reference = told["application/problem+json"]["schema"]["$ref"]
            assert reference.endswith("/Problem"), path


def test_describe_fits_the_problem_when_one_is_answered(
    world: World, document: dict[str, Any]
) -> None:
    told = world.park.http.get("/v1/nothing").json()
    schema = document["components"]["schemas"]["Problem"]
    assert set(schema["required"]) <= set(told) <= set(schema["properties"])


@pytest.mark.parametrize("noun", sorted(noun for noun in NOUN_OF.values()))
def test_describe_names_the_filters_when_a_list_takes_some(
    world: World, document: dict[str, Any], noun: str
) -> None:
    """What the list itself answers to a filter nobody knows is what the document says."""
    listing = document["paths"][f"/v1/{noun}"].get("get")
    if listing is None or noun == "keys":  # not listed, or by an identifier that must be named
        return
    told = {parameter["name"] for parameter in listing["parameters"]} - set(PAGING)
    refusal = world.park.http.get(f"/v1/{noun}", params={"nonsense": "1"}).json()
    assert (refusal["code"], set(refusal["facts"]["known"])) == ("FilterUnknown", told)
