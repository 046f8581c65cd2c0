"""What halmos proves of Quotas for all inputs, and what slither finds in the contracts."""

from pathlib import Path

import pytest

from tests.contracts.forge import MUTANTS, Workshop
from tests.contracts.proving import explained, findings, prove

VERBS = ("setCap", "setRule", "allocate", "transfer", "surrender", "cancel", "oblige", "move")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


# One question takes the solver a minute.
@pytest.mark.heavy
@pytest.mark.prove
@pytest.mark.timeout(900)
def test_prove_quotas_conserves_them_and_what_is_spent_when_inputs_are_any(
    workshop: Workshop,
) -> None:
    proven = prove(workshop.folder, function="check_")
    expected = {f"check_{verb}_never_lowers_spent" for verb in VERBS}
    expected |= {"check_move_conserves_the_sum", "check_allocate_changes_one_sum"}
    assert proven == dict.fromkeys(expected, True)


# A compilation and a solver each.
@pytest.mark.heavy
@pytest.mark.prove
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("mutant", "check"),
    [
        ("spent-can-be-moved", "check_move_never_lowers_spent"),
        ("move-to-oneself-doubles", "check_move_conserves_the_sum"),
    ],
)
def test_prove_quotas_fails_when_a_mutant_is_planted(
    workshop: Workshop, mutant: str, check: str
) -> None:
    workshop.mutate(MUTANTS / f"{mutant}.patch")
    assert prove(workshop.folder, function=check) == {check: False}


# A compilation, and then every path of every function.
@pytest.mark.heavy
@pytest.mark.prove
@pytest.mark.timeout(600)
def test_look_through_contracts_finds_what_is_explained_when_slither_does(
    workshop: Workshop,
) -> None:
    assert findings(workshop.folder) == explained()
