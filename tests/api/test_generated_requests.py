"""Requests generated from the OpenAPI document: nothing breaks, nothing is taken for another.

Schemathesis makes both what the document allows and what it forbids. Signed messages are made
here, since no generator can sign: a field of a valid act is replaced by a generated value.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, SerializationContext, openapi, serializer
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.fields import from_wire, hex_text
from api.nouns import NOUN_OF
from ledger.messages import OFF_CHAIN, fields_of
from ledger.naming import snake_case
from tests.api.world import World


@serializer("application/x-ndjson")
def _as_lines(_context: SerializationContext, value: object) -> bytes:
    """A body of lines goes as the text that was generated."""
    return value if isinstance(value, bytes) else str(value).encode()


CHECKS: list[CheckFunction] = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
READERS = (None, "enterprise 1", "verifier", "park", "regulator")
OWN_SHAPE = ("Registration", "KeyAddition")
CARRIED = [name for name in NOUN_OF if name not in OFF_CHAIN]


def _settings(examples: int) -> settings:
    return settings(
        max_examples=examples,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def ask_everything(
    world: World, *, requests: int, modes: Sequence[GenerationMode] = MODES
) -> Counter[int]:
    """Send generated requests to every operation in turn; how often which status came."""
    schema = openapi.from_asgi("/openapi.json", world.park.http.app)
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    each = -(-requests // (len(operations) * len(modes)))
    statuses: Counter[int] = Counter()

    def ask(case: Case[Any], by: str | None) -> None:
        answer = case.call(headers=world.park.headers(by))
        statuses[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    for operation in operations:
        for mode in modes:
            strategy = operation.as_strategy(generation_mode=mode)
            with suppress(Unsatisfiable):  # nothing is forbidden where nothing is asked
                _settings(each)(given(strategy, st.sampled_from(READERS))(ask))()
    return statuses


@pytest.mark.slow  # a thousand requests
@pytest.mark.parametrize("mode", MODES)
def test_ask_breaks_nothing_when_five_hundred_of_a_mode_are_generated(
    held: World, mode: GenerationMode
) -> None:
    statuses = ask_everything(held, requests=750, modes=[mode])
    assert sum(statuses.values()) >= 500
    assert {200, 404, 422} <= statuses.keys()


@pytest.mark.heavy  # ten thousand requests
@pytest.mark.timeout(1_800)
def test_ask_breaks_nothing_when_ten_thousand_requests_are_generated(held: World) -> None:
    statuses = ask_everything(held, requests=14_000)
    assert sum(statuses.values()) >= 10_000


def _values(world: World) -> st.SearchStrategy[object]:
    """What a field may be given: values of other fields, and whatever JSON can hold."""
    known = [value for message, _ in world.acts.values() for value in message.values()]
    numbers = st.sampled_from([0, 1, 2**16 - 1, 2**40, 2**53 - 1, 2**53, 2**64]) | st.integers()
    texts = st.text(max_size=40) | st.sampled_from(["2023", "2023-02", "PARK-2023", "88.111"])
    return st.sampled_from(known) | numbers | texts | st.none() | st.booleans()


def _plain(message_type: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    """A message's fields as numbers and hex: an identifier nobody knows is shown by its hash."""
    plain = {}
    for name, kind in fields_of(message_type):
        value = shown[snake_case(name)]
        if not str(value).startswith("0x"):
            value = from_wire(snake_case(name), kind, value, pointer="")
        plain[name] = hex_text(value) if isinstance(value, bytes) else value
    return plain


@pytest.mark.slow  # three hundred signed acts, each judged and many carried
def test_post_records_what_was_signed_when_a_field_of_it_is_generated(held: World) -> None:
    accepted: Counter[str] = Counter()

    def post(message_type: str, place: int, value: object) -> None:
        message, signer = held.acts[message_type]
        names = list(message)
        changed = message | {names[place % len(names)]: value}
        try:
            body = held.park.envelope(message_type, changed, signer=signer)
        except Exception:  # what cannot be hashed cannot be signed: it goes with a stale signature
            body = held.bodies[message_type] | {"message": changed}
        answer = held.park.post(message_type, body)
        assert answer.status_code < 500, answer.text
        if answer.status_code != 200:
            assert answer.headers["content-type"] == "application/problem+json"
            return
        accepted[message_type] += 1
        recorded = held.park.get(answer.json()["resource"])
        assert _plain(message_type, recorded) == _plain(message_type, body["message"])

    # A subject is not shown as its registration, and a key needs its own signature too.
    types = st.sampled_from([name for name in CARRIED if name not in OWN_SHAPE])
    _settings(300)(given(types, st.integers(0, 12), _values(held))(post))()
    assert sum(accepted.values()) > 0
