"""The nonce window of a holding against a set of used numbers, and the text form of assets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ledger.chain.bindings import INSTRUMENTS
from ledger.contract_errors import NonceOutOfWindow, NonceUsed
from ledger.errors import AssetMalformed
from ledger.quotas.asset import asset_text, instrument_of, parse_asset, vintage_of
from ledger.quotas.nonce import WIDTH, next_nonce, require_nonce, use_nonce

ACCOUNT, ASSET = b"\x01" * 32, 7
NONCE_MAX = 2**24 - 1
LOT_MAX = 2**40 - 1


class NonceWindow(RuleBasedStateMachine):
    """The model: every nonce that was ever used, and the greatest of them."""

    def __init__(self) -> None:
        super().__init__()
        self.top, self.window = 0, 0
        self.used: set[int] = set()

    @rule(distance=st.integers(-2 * WIDTH, 2 * WIDTH))
    def use_near_the_top(self, distance: int) -> None:
        self._use(max(0, self.top + distance))

    @rule(nonce=st.integers(0, NONCE_MAX))
    def use_any(self, nonce: int) -> None:
        self._use(nonce)

    @rule()
    def use_the_offered(self) -> None:
        offered = next_nonce(top=self.top, window=self.window)
        assert offered not in self.used
        self._use(offered)
        assert offered in self.used

    def _use(self, nonce: int) -> None:
        greatest = max(self.used, default=0)
        place = {"top": self.top, "window": self.window}
        try:
            require_nonce(nonce, **place, account=ACCOUNT, asset=ASSET)
        except NonceOutOfWindow as refusal:
            assert nonce == 0 or not greatest - WIDTH < nonce <= greatest + WIDTH
            assert list(refusal.facts.values()) == [ACCOUNT, ASSET, nonce, greatest]
        except NonceUsed as refusal:
            assert nonce in self.used
            assert list(refusal.facts.values()) == [ACCOUNT, ASSET, nonce]
        else:
            assert nonce not in self.used
            assert greatest - WIDTH < nonce <= greatest + WIDTH
            self.top, self.window = use_nonce(nonce, **place)
            self.used.add(nonce)

    @invariant()
    def window_says_what_was_used(self) -> None:
        assert self.top == max(self.used, default=0)
        assert self.window == sum(1 << i for i in range(WIDTH) if self.top - i in self.used)
        assert self.window < 1 << WIDTH

    @invariant()
    def lowest_free_nonce_is_offered(self) -> None:
        low = max(1, self.top - WIDTH + 1)
        free = next(number for number in range(low, self.top + 2) if number not in self.used)
        assert next_nonce(top=self.top, window=self.window) == free


NonceWindow.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
test_use_nonce_agrees_with_a_set_when_numbers_come_in_any_order = NonceWindow.TestCase


@pytest.mark.parametrize("nonce", range(1, WIDTH + 1))
def test_require_nonce_takes_sixteen_when_nothing_was_used(nonce: int) -> None:
    require_nonce(nonce, top=0, window=0, account=ACCOUNT, asset=ASSET)


@pytest.mark.parametrize(("nonce", "top"), [(0, 0), (17, 0), (84, 100), (117, 100), (0, 100)])
def test_require_nonce_is_refused_when_it_is_outside_the_window(nonce: int, top: int) -> None:
    with pytest.raises(NonceOutOfWindow) as refusal:
        require_nonce(nonce, top=top, window=1, account=ACCOUNT, asset=ASSET)
    assert refusal.value.facts == {"account": ACCOUNT, "asset": ASSET, "nonce": nonce, "top": top}


def test_use_nonce_forgets_old_marks_when_the_top_leaps() -> None:
    assert use_nonce(5 + WIDTH, top=5, window=0b11111) == (21, 1)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("PARK-2023", 1 << 56 | 2023 << 40),
        ("CEA-2025", 2 << 56 | 2025 << 40),
        ("CCER-2024#17", 3 << 56 | 2024 << 40 | 17),
        (f"CCER-2024#{LOT_MAX}", 3 << 56 | 2024 << 40 | LOT_MAX),
    ],
)
def test_parse_asset_gives_the_contract_s_number_when_the_text_is_good(
    text: str, number: int
) -> None:
    assert parse_asset(text) == number
    assert asset_text(number) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "PARK",
        "PARK-",
        "PARK-23",
        "PARK-20233",
        "park-2023",
        "GOLD-2023",
        "PARK-2023#",
        "PARK-2023#0",
        "PARK-2023#01",
        f"PARK-2023#{LOT_MAX + 1}",
        "PARK-2023#-1",
        "PARK-2023#1 ",
        " PARK-2023",
        "PARK-2023\n",
        "PARK-２０２３",
        "PARK-2023#1_0",
        "1-2023",
    ],
)
def test_parse_asset_is_refused_when_the_text_is_bad(text: str) -> None:
    with pytest.raises(AssetMalformed) as refusal:
        parse_asset(text)
    assert refusal.value.facts == {"value": text}


def test_parse_asset_shows_forty_letters_when_the_text_is_long() -> None:
    with pytest.raises(AssetMalformed) as refusal:
        parse_asset("P" * 1_000_000)
    assert refusal.value.facts == {"value": "P" * 40}


@given(
    instrument=st.sampled_from(sorted(INSTRUMENTS)),
    vintage=st.integers(0, 9999),
    lot=st.integers(0, LOT_MAX),
)
def test_parse_asset_reads_its_own_text_when_values_are_generated(
    instrument: str, vintage: int, lot: int
) -> None:
    number = INSTRUMENTS[instrument] << 56 | vintage << 40 | lot
    assert parse_asset(asset_text(number)) == number
    assert (instrument_of(number), vintage_of(number)) == (INSTRUMENTS[instrument], vintage)


def test_show_asset_gives_its_number_when_the_instrument_has_no_name() -> None:
    assert asset_text(9 << 56 | 2023 << 40) == "9-2023"
