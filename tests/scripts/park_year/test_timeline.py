"""Which years can be played, and that the story's moments follow each other."""

import pytest

from ledger.period import park_midnight
from ledger.rules.loader import load_rule_pack
from scripts.park_year.cast import RULE_PACK
from scripts.park_year.refusals import DemoRefused
from scripts.park_year.timeline import timeline_of

NEW_YEAR_2025 = park_midnight(2025, month=1, day=1)
LONG_AFTER = park_midnight(2040, month=1, day=1)


def test_choose_year_is_refused_when_the_following_year_lacks_a_second() -> None:
    with pytest.raises(DemoRefused) as refused:
        timeline_of(2023, now=NEW_YEAR_2025 - 1)
    assert (refused.value.code, refused.value.facts) == (
        "YearNotOver",
        {"year": 2023, "following": 2024},
    )


def test_choose_year_is_taken_when_the_following_year_is_just_over() -> None:
    timeline = timeline_of(2023, now=NEW_YEAR_2025)
    assert timeline.closing(now=NEW_YEAR_2025) == NEW_YEAR_2025


def test_choose_year_is_refused_when_its_december_before_is_older_than_the_chain() -> None:
    with pytest.raises(DemoRefused) as refused:
        timeline_of(2000, now=LONG_AFTER)
    assert (refused.value.code, refused.value.facts) == (
        "YearTooEarly",
        {"year": 2000, "first": 2001},
    )


def test_order_moments_gives_them_ascending_when_the_story_is_told() -> None:
    one = timeline_of(2023, now=LONG_AFTER)
    told = [
        one.founding,
        one.settling_in,
        one.second_person_starts,
        one.period.start,
        one.allocation,
        *(one.evidence(month) for month in one.months),
        one.report,
        one.finding,
        one.correction,
        one.verification,
        one.confirmation,
        one.purchase,
        one.surrender,
        one.closing(now=LONG_AFTER),
    ]
    assert told == sorted(set(told))


def test_order_moments_keeps_the_deadlines_when_the_rule_pack_sets_them() -> None:
    one, deadlines = timeline_of(2023, now=LONG_AFTER), load_rule_pack(RULE_PACK).deadlines(2023)
    assert one.report < deadlines.report_by
    assert one.verification < deadlines.verify_by
    assert one.surrender < deadlines.surrender_by < one.closing(now=LONG_AFTER)


def test_start_second_person_comes_after_the_delay_when_blocks_run_a_day_ahead() -> None:
    one = timeline_of(2023, now=LONG_AFTER)
    three_days, one_day = 3 * 86_400, 86_400
    assert one.second_person_starts >= one.founding + three_days + one_day
