"""One fact, several shapes: bindings, error classes, facts and acts have the same names."""

import pytest

from ledger import contract_errors
from ledger.act_rules import CHECKS
from ledger.chain.bindings import ERRORS, EVENTS, FUNCTIONS, MESSAGES
from ledger.chain.codec import SHOWN_BY
from ledger.contract_errors import ContractRefusal
from ledger.mirror.projection import PROJECTIONS
from ledger.naming import snake_case
from ledger.store.chain_log import EVENT_OF, MESSAGE_OF
from ledger.store.facts import FACTS

NOBODYS_ACTS = {"CallRefused", "ObligationChanged"}


@pytest.mark.parametrize("error", ERRORS)
def test_name_error_gives_a_class_with_its_facts_when_a_contract_can_raise_it(
    error: str,
) -> None:
    refusal = getattr(contract_errors, error)
    assert issubclass(refusal, ContractRefusal)
    arguments = [None] * len(ERRORS[error]["fields"])
    facts = [snake_case(name) for name, _ in ERRORS[error]["fields"]]
    assert list(refusal(*arguments).facts) == facts


def test_name_class_gives_an_error_when_it_is_a_contract_s_refusal() -> None:
    classes = {kind.__name__ for kind in ContractRefusal.__subclasses__()}
    assert classes - ERRORS.keys() == set()


def test_name_act_covers_every_message_and_event_when_bindings_are_read() -> None:
    assert EVENT_OF.keys() == MESSAGES.keys()
    assert set(EVENT_OF.values()) == EVENTS.keys() - NOBODYS_ACTS
    assert len(MESSAGE_OF) == len(EVENT_OF)


def test_name_act_gives_an_event_of_the_same_contract_when_a_message_is_sent_to_it() -> None:
    for message, event in EVENT_OF.items():
        assert MESSAGES[message]["contract"] == EVENTS[event]["contract"], message


def test_name_fact_table_has_the_event_s_fields_when_it_is_generated() -> None:
    assert FACTS.keys() == EVENTS.keys()
    for event, table in FACTS.items():
        fields = [snake_case(name) for name, _, _ in EVENTS[event]["fields"]]
        assert (table.name, list(table.c.keys())) == (snake_case(event), ["seq", "block", *fields])


def test_check_act_happens_for_every_message_when_it_comes_in() -> None:
    assert CHECKS.keys() == MESSAGES.keys()


def test_project_event_happens_for_known_events_only_when_projections_are_joined() -> None:
    assert PROJECTIONS.keys() - EVENTS.keys() == set()
    assert EVENTS.keys() - PROJECTIONS.keys() == {"CallRefused"}


def test_show_earlier_message_happens_for_verbs_that_take_two_when_bindings_are_read() -> None:
    for message, binding in MESSAGES.items():
        inputs = FUNCTIONS[binding["contract"]][binding["verb"]]["inputs"]
        structs = [kind for kind in inputs if kind.startswith("(")]
        expected = [SHOWN_BY[message], message] if message in SHOWN_BY else [message]
        assert structs == [_struct_type(name) for name in expected], message


def _struct_type(message: str) -> str:
    return "(" + ",".join(kind for _, kind in MESSAGES[message]["fields"]) + ")"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("EvidenceAnchored", "evidence_anchored"),
        ("dueAfter", "due_after"),
        ("id", "id"),
        ("isPrefix", "is_prefix"),
        ("ECDSAInvalidSignatureS", "ecdsainvalid_signature_s"),
        ("surrenderBy", "surrender_by"),
    ],
)
def test_snake_case_gives_the_one_form_when_the_name_is_solidity_s(
    name: str, expected: str
) -> None:
    assert snake_case(name) == expected
