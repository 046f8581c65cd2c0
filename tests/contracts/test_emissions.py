"""One chain of acts per figure: what each does, what it follows, and what refuses it."""

from typing import Any

import pytest

from ledger.chain.bindings import RIGHTS, STAGES
from tests.contracts.acts import act_id, address_of
from tests.contracts.builders import (
    GRAMS,
    PERIOD,
    SIGNERS,
    TONNES,
    YEAR,
    build,
    confirm,
    digest,
    figure,
)
from tests.contracts.world import DEADLINE, World, key_named, rights, told

LARGEST = 2**53 - 1
STALE = b"\x01" * 31 + b"\0"


def _head(world: World, period: int = PERIOD) -> Any:
    return world.view("Emissions", "headOf", world.ids["FACILITY1"], period)


def _shown(messages: dict[str, Any], kind: str) -> Any:
    return messages.get({"Confirmation": "Statement", "Reopening": "Confirmation"}.get(kind, ""))


def _told(world: World, kind: str, message: dict[str, Any], **more: Any) -> Any:
    key = address_of(world.keys[SIGNERS[kind]])
    return told(kind, message, key=key, enterprise=world.ids["ENTERPRISE1"], **more)


@pytest.mark.parametrize(
    ("kind", "event_name", "stage"),
    [
        ("Evidence", "EvidenceAnchored", "ANCHORED"),
        ("Report", "EmissionReported", "REPORTED"),
        ("Statement", "StatementMade", "ATTESTED"),
        ("Confirmation", "FigureConfirmed", "CONFIRMED"),
        ("Reopening", "FigureReopened", "REOPENED"),
    ],
)
def test_act_moves_figure_on_when_it_follows_the_head(
    world: World, kind: str, event_name: str, stage: str
) -> None:
    messages = {kind: build(world, kind)} if kind == "Evidence" else figure(world, kind)
    message = messages[kind]
    (name, event), *_ = world.act(
        kind, message, key=SIGNERS[kind], shown=_shown(messages, kind)
    ).events
    assert (name, event) == (event_name, _told(world, kind, message))
    assert _head(world) == (act_id(kind, message), STAGES[stage])


def test_confirm_obliges_account_when_figure_is_accepted(world: World) -> None:
    messages = figure(world, "Confirmation")
    confirmation = messages["Confirmation"]
    events = world.act(
        "Confirmation", confirmation, key="REGULATOR", shown=messages["Statement"]
    ).events
    assert events[1] == (
        "ObligationChanged",
        {
            "cause": act_id("Confirmation", confirmation),
            "account": world.ids["ENTERPRISE1"],
            "year": YEAR,
            "tonnes": TONNES,
            "dueAfter": TONNES,
            "figuresAfter": 1,
        },
    )
    obligation = world.view("Quotas", "obligationOf", world.ids["ENTERPRISE1"], YEAR)
    assert obligation == (TONNES, 0, 0, 1)


def test_reopen_takes_obligation_back_when_confirmation_is_shown(world: World) -> None:
    messages = figure(world, "Reopening")
    reopening = messages["Reopening"]
    shown = messages["Confirmation"]
    events = world.act("Reopening", reopening, key="REGULATOR", shown=shown).events
    change = {"tonnes": -TONNES, "dueAfter": 0, "figuresAfter": 0, "year": YEAR}
    account = {"cause": act_id("Reopening", reopening), "account": world.ids["ENTERPRISE1"]}
    assert events[1] == ("ObligationChanged", account | change)
    obligation = world.view("Quotas", "obligationOf", world.ids["ENTERPRISE1"], YEAR)
    assert obligation == (0, 0, 0, 0)


@pytest.mark.parametrize("earlier", ["Report", "Statement", "Reopening"])
@pytest.mark.parametrize("kind", ["Evidence", "Report"])
def test_correct_figure_succeeds_when_it_is_not_confirmed(
    world: World, kind: str, earlier: str
) -> None:
    messages = figure(world, earlier)
    shown = _shown(messages, earlier)
    world.act(earlier, messages[earlier], key=SIGNERS[earlier], shown=shown)
    follows = act_id(earlier, messages[earlier])
    world.act(kind, build(world, kind, follows=follows), key="ENTERPRISE1")


def test_anchor_follows_anchor_when_months_go_on(world: World) -> None:
    first = build(world, "Evidence")
    world.act("Evidence", first, key="ENTERPRISE1")
    second = build(world, "Evidence", follows=act_id("Evidence", first), month=PERIOD + 4)
    world.act("Evidence", second, key="ENTERPRISE1")
    assert _head(world) == (act_id("Evidence", second), STAGES["ANCHORED"])


def test_attest_revises_statement_when_it_follows_it(world: World) -> None:
    messages = figure(world, "Statement")
    world.act("Statement", messages["Statement"], key="VERIFIER")
    follows = act_id("Statement", messages["Statement"])
    revised = build(world, "Statement", follows=follows, opinion=3)
    world.act("Statement", revised, key="VERIFIER")
    assert _head(world) == (act_id("Statement", revised), STAGES["ATTESTED"])


@pytest.mark.parametrize("period", [200000, 200012, 299900, 299912])
def test_report_succeeds_when_period_is_in_range(world: World, period: int) -> None:
    message = build(world, "Report", period=period)
    world.act("Report", message, key="ENTERPRISE1")
    assert _head(world, period)[1] == STAGES["REPORTED"]


@pytest.mark.parametrize("kind", ["Evidence", "Report"])
@pytest.mark.parametrize("period", [0, 199912, 202313, 202399, 299913, 300000, 2**32 - 1])
def test_open_figure_is_refused_when_period_is_bad(world: World, kind: str, period: int) -> None:
    refusal = world.refusal(kind, build(world, kind, period=period), key="ENTERPRISE1")
    assert refusal == ("PeriodBad", {"period": period})


@pytest.mark.parametrize("month", [0, 202300, 202313, 202212, 202401])
def test_anchor_is_refused_when_month_is_not_of_the_year(world: World, month: int) -> None:
    refusal = world.refusal("Evidence", build(world, "Evidence", month=month), key="ENTERPRISE1")
    assert refusal == ("PeriodBad", {"period": month})


def test_anchor_is_refused_when_it_has_no_leaves(world: World) -> None:
    message = build(world, "Evidence", leaves=0)
    expected = {"facility": world.ids["FACILITY1"], "month": PERIOD + 3}
    assert world.refusal("Evidence", message, key="ENTERPRISE1") == ("EvidenceEmpty", expected)


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("Evidence", "leaves"),
        ("Report", "directGrams"),
        ("Report", "indirectGrams"),
        ("Statement", "verifiedGrams"),
    ],
)
def test_act_is_refused_when_figure_is_too_large(world: World, kind: str, field: str) -> None:
    changes = {field: LARGEST + 1}
    messages = figure(world, kind, **changes) if kind == "Statement" else {}
    message = messages.get(kind) or build(world, kind, **changes)
    refusal = world.refusal(kind, message, key=SIGNERS[kind])
    assert refusal == ("FigureTooLarge", {"value": LARGEST + 1})
    assert world.act(kind, message | {field: LARGEST}, key=SIGNERS[kind]).events


@pytest.mark.parametrize("kind", ["Evidence", "Report", "Statement", "Confirmation", "Reopening"])
def test_act_is_refused_when_it_is_the_head(world: World, kind: str) -> None:
    messages = {kind: build(world, kind)} if kind == "Evidence" else figure(world, kind)
    shown = _shown(messages, kind)
    world.act(kind, messages[kind], key=SIGNERS[kind], shown=shown)
    refusal = world.refusal(kind, messages[kind], key=SIGNERS[kind], shown=shown)
    assert refusal == ("ActAlreadyMade", {"id": act_id(kind, messages[kind])})


@pytest.mark.parametrize("follows", [STALE, bytes(32), b"tail"], ids=["stale", "none", "tail"])
@pytest.mark.parametrize("kind", ["Evidence", "Report", "Statement", "Confirmation", "Reopening"])
def test_act_is_refused_when_it_does_not_follow_the_head(
    world: World, kind: str, follows: bytes
) -> None:
    upto = "Statement" if kind in ("Evidence", "Report") else kind
    messages = figure(world, upto)
    head = _head(world)[0]
    stale = head[:31] + b"\1" if follows == b"tail" else follows
    message = build(world, kind, follows=stale, deadline=DEADLINE - 1)
    figure_ = {"facility": world.ids["FACILITY1"], "period": PERIOD}
    refusal = world.refusal(kind, message, key=SIGNERS[kind], shown=_shown(messages, kind))
    assert refusal == ("FigureOutOfDate", figure_ | {"head": head, "follows": stale})


def test_report_is_refused_when_it_was_made_before_another(world: World) -> None:
    first = build(world, "Report")
    world.act("Report", first, key="ENTERPRISE1")
    second = build(world, "Report", follows=act_id("Report", first))
    world.act("Report", second, key="ENTERPRISE1")
    head = act_id("Report", second)
    figure_ = {"facility": world.ids["FACILITY1"], "period": PERIOD}
    refusal = world.refusal("Report", first, key="ENTERPRISE1")
    assert refusal == ("FigureOutOfDate", figure_ | {"head": head, "follows": bytes(32)})


@pytest.mark.parametrize("kind", ["Evidence", "Report", "Statement", "Confirmation"])
def test_act_is_refused_when_figure_is_confirmed(world: World, kind: str) -> None:
    confirm(world)
    head = _head(world)[0]
    message = build(world, kind, follows=head)
    shown = build(world, "Statement", follows=head) if kind == "Confirmation" else None
    expected = {"facility": world.ids["FACILITY1"], "period": PERIOD, "stage": 4}
    refusal = world.refusal(kind, message, key=SIGNERS[kind], shown=shown)
    assert refusal == ("FigureStageWrong", expected)


@pytest.mark.parametrize(
    ("kind", "earlier", "stage"),
    [
        ("Statement", None, 0),
        ("Statement", "Evidence", 1),
        ("Statement", "Reopening", 5),
        ("Confirmation", "Report", 2),
        ("Reopening", "Statement", 3),
    ],
)
def test_act_is_refused_when_stage_does_not_allow_it(
    world: World, kind: str, earlier: str | None, stage: int
) -> None:
    if earlier == "Evidence":
        world.act("Evidence", build(world, "Evidence"), key="ENTERPRISE1")
    elif earlier is not None:
        messages = figure(world, earlier)
        shown = _shown(messages, earlier)
        world.act(earlier, messages[earlier], key=SIGNERS[earlier], shown=shown)
    message = build(world, kind, follows=_head(world)[0])
    earlier_kind = {"Confirmation": "Statement", "Reopening": "Confirmation"}.get(kind)
    shown = None if earlier_kind is None else build(world, earlier_kind, follows=STALE)
    expected = {"facility": world.ids["FACILITY1"], "period": PERIOD, "stage": stage}
    refusal = world.refusal(kind, message, key=SIGNERS[kind], shown=shown)
    assert refusal == ("FigureStageWrong", expected)


@pytest.mark.parametrize("kind", ["Confirmation", "Reopening"])
def test_act_is_refused_when_shown_message_is_another(world: World, kind: str) -> None:
    messages = figure(world, kind)
    shown = _shown(messages, kind) | {"period": PERIOD + 1}
    shown_kind = {"Confirmation": "Statement", "Reopening": "Confirmation"}[kind]
    expected = {
        "facility": world.ids["FACILITY1"],
        "period": PERIOD,
        "head": _head(world)[0],
        "follows": act_id(shown_kind, shown),
    }
    refusal = world.refusal(kind, messages[kind], key="REGULATOR", shown=shown)
    assert refusal == ("FigureOutOfDate", expected)


def _attested(world: World, **changes: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """A statement that is the head, and the confirmation of it."""
    statement = figure(world, "Statement", **changes)["Statement"]
    world.act("Statement", statement, key="VERIFIER")
    follows = act_id("Statement", statement)
    return statement, build(world, "Confirmation", follows=follows)


@pytest.mark.parametrize("opinion", [0, 3, 4, 255])
def test_confirm_is_refused_when_statement_is_not_positive(world: World, opinion: int) -> None:
    statement, confirmation = _attested(world, opinion=opinion)
    refusal = world.refusal("Confirmation", confirmation, key="REGULATOR", shown=statement)
    assert refusal == ("StatementNegative", {"opinion": opinion})


def test_confirm_succeeds_when_statement_is_conservative(world: World) -> None:
    statement, confirmation = _attested(world, opinion=2)
    assert world.act("Confirmation", confirmation, key="REGULATOR", shown=statement).events


@pytest.mark.parametrize(
    ("grams", "tonnes"), [(1_000_000, 0), (1_000_000, 2), (0, 1), (GRAMS, 1_233), (0, 2**64 - 1)]
)
def test_confirm_is_refused_when_tonnes_are_a_tonne_off(
    world: World, grams: int, tonnes: int
) -> None:
    statement, confirmation = _attested(world, verifiedGrams=grams)
    message = confirmation | {"tonnes": tonnes}
    refusal = world.refusal("Confirmation", message, key="REGULATOR", shown=statement)
    assert refusal == ("FigureDiffers", {"verifiedGrams": grams, "tonnes": tonnes})


@pytest.mark.parametrize(
    ("grams", "tonnes"),
    [(999_999, 0), (999_999, 1), (1, 1), (0, 0), (1_500_000, 2), (LARGEST, LARGEST // 10**6)],
)
def test_confirm_succeeds_when_tonnes_are_less_than_one_off(
    world: World, grams: int, tonnes: int
) -> None:
    statement, confirmation = _attested(world, verifiedGrams=grams)
    message = confirmation | {"tonnes": tonnes}
    assert world.act("Confirmation", message, key="REGULATOR", shown=statement).events


def test_confirm_is_refused_when_account_is_not_the_owner(world: World) -> None:
    statement, confirmation = _attested(world)
    message = confirmation | {"account": world.ids["ENTERPRISE2"]}
    expected = {"account": world.ids["ENTERPRISE2"], "owner": world.ids["ENTERPRISE1"]}
    refusal = world.refusal("Confirmation", message, key="REGULATOR", shown=statement)
    assert refusal == ("AccountWrong", expected)


@pytest.mark.parametrize(
    ("kind", "participant", "given", "wanted"),
    [
        ("Evidence", "ENTERPRISE1", "MOVE", "REPORT"),
        ("Report", "ENTERPRISE1", "MOVE", "REPORT"),
        ("Statement", "VERIFIER", "CUSTODIAL", "ATTEST"),
        ("Confirmation", "REGULATOR", "ADMIT", "CONFIRM"),
        ("Reopening", "REGULATOR", "ADMIT", "CONFIRM"),
    ],
)
def test_act_is_refused_when_key_lacks_the_right(
    world: World, kind: str, participant: str, given: str, wanted: str
) -> None:
    messages = {kind: build(world, kind)} if kind == "Evidence" else figure(world, kind)
    world.keys["CLERK"] = key_named("added")
    changes = {"participant": world.ids[participant], "rights": rights(given)}
    world.act("KeyAddition", build(world, "KeyAddition", **changes), key=participant)
    expected = {
        "participant": world.ids[participant],
        "key": address_of(world.keys["CLERK"]),
        "rights": RIGHTS[given],
        "wanted": RIGHTS[wanted],
    }
    shown = _shown(messages, kind)
    refusal = world.refusal(kind, messages[kind], key="CLERK", shown=shown)
    assert refusal == ("KeyRightMissing", expected)


@pytest.mark.parametrize("kind", ["Evidence", "Report"])
def test_report_is_refused_when_facility_is_suspended(world: World, kind: str) -> None:
    world.set_standing("FACILITY1", 0)
    expected = {"id": world.ids["FACILITY1"], "standing": 0, "wanted": 1}
    refusal = world.refusal(kind, build(world, kind), key="ENTERPRISE1")
    assert refusal == ("StandingMissing", expected)


@pytest.mark.parametrize("kind", ["Evidence", "Report", "Statement"])
def test_act_is_refused_when_facility_is_unknown(world: World, kind: str) -> None:
    message = build(world, kind, facility=digest("nobody"), follows=bytes(32))
    refusal = world.refusal(kind, message, key=SIGNERS[kind])
    assert refusal == ("IdentifierUnknown", {"id": digest("nobody")})


def test_attest_is_refused_when_verifier_is_tied(world: World) -> None:
    messages = figure(world, "Statement")
    world.act("Tie", build(world, "Tie"), key="VERIFIER")
    expected = {
        "verifier": world.ids["VERIFIER"],
        "enterprise": world.ids["ENTERPRISE1"],
        "ties": 1,
    }
    refusal = world.refusal("Statement", messages["Statement"], key="VERIFIER")
    assert refusal == ("VerifierNotIndependent", expected)


def test_attest_is_refused_when_year_is_not_assigned(world: World) -> None:
    period = 203100
    world.act("Report", report := build(world, "Report", period=period), key="ENTERPRISE1")
    follows = act_id("Report", report)
    message = build(world, "Statement", period=period, follows=follows)
    pair = {"verifier": world.ids["VERIFIER"], "enterprise": world.ids["ENTERPRISE1"]}
    refusal = world.refusal("Statement", message, key="VERIFIER")
    assert refusal == ("VerifierNotAssigned", pair | {"year": 2031})


def test_attest_is_refused_when_accreditation_ended(world: World) -> None:
    messages = figure(world, "Statement")
    ended = build(world, "Accreditation", sectors=1, validUntil=2)
    world.act("Accreditation", ended, key="REGULATOR")
    expected = {"verifier": world.ids["VERIFIER"], "sectors": 1, "time": world.evm.next_time}
    refusal = world.refusal("Statement", messages["Statement"], key="VERIFIER")
    assert refusal == ("VerifierNotAccredited", expected)
