"""The explanation of a report over HTTP, on a year of readings that was told."""

from fractions import Fraction

import pytest

from tests.pages.conftest import Stage


@pytest.mark.parametrize(("name", "is_match"), [("right", True), ("wrong", False)])
def test_explain_report_compares_with_what_was_signed_when_its_owner_asks(
    stage: Stage, name: str, *, is_match: bool
) -> None:
    act_id = getattr(stage.told, name)
    told = stage.park.get(f"/v1/reports/{act_id}/explanation", by="enterprise 1")
    assert told["is_match"] is is_match
    assert told["computed"] == {"direct_grams": 0, "indirect_grams": stage.told.grams}
    assert told["missing_months"] == []


def test_explain_report_is_closed_to_the_verifier_when_its_case_is(stage: Stage) -> None:
    path = f"/v1/reports/{stage.told.right}/explanation"
    answer = stage.park.http.get(path, headers=stage.park.headers("verifier"))
    assert (answer.status_code, answer.json()["code"]) == (404, "ResourceUnknown")


def test_explain_report_adds_up_when_a_reader_computes_it_himself(stage: Stage) -> None:
    path = f"/v1/reports/{stage.told.right}/explanation"
    told = stage.park.get(path, by="enterprise 1")
    for month in told["months"]:
        exact = Fraction(0)
        for line in month["lines"]:
            terms = told["carriers"][line["carrier"]]["terms"]
            factor = Fraction(1)
            for term in terms:
                factor *= Fraction(term["value"])
            assert Fraction(line["quantity"]) * factor == Fraction(line["grams"])
            exact += Fraction(line["grams"])
        assert int(exact + Fraction(1, 2)) == month["indirect_grams"]
    assert sum(month["indirect_grams"] for month in told["months"]) == stage.told.grams
    factors = {term["value"] for term in told["carriers"]["electricity"]["terms"]}
    assert factors == {"0.5306", "1000"}
