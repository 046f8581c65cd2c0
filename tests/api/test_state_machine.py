"""Thousands of random acts through HTTP beside a model of what quota is: both say the same."""

import time
from itertools import count
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.goals import Tell, goal_line
from tests.messages import DOCUMENT, RULE_PACK
from tests.park import Park, settle_in

REGULATOR, YEAR = "88/REG.310000", 2023
HOLDERS = {"enterprise 1": "88.111/ENT.0001", "enterprise 2": "88.111/ENT.0002"}
SLICE, WHOLE = 5, 100  # assets
_STEPS = 50


class Model:
    """One asset: its cap, who has how much of it, and which code an act must be refused with."""

    def __init__(self) -> None:
        self.cap = self.cap_revision = self.surrendered = self.cancelled = 0
        self.available = dict.fromkeys(HOLDERS, 0)
        self.revision = dict.fromkeys(HOLDERS, 0)
        self.nonce = dict.fromkeys(HOLDERS, 0)

    @property
    def issued(self) -> int:
        return sum(self.available.values()) + self.surrendered + self.cancelled

    def set_cap(self, tonnes: int) -> str | None:
        if tonnes < self.issued:
            return "CapExceeded"
        self.cap, self.cap_revision = tonnes, self.cap_revision + 1
        return None

    def allocate(self, holder: str, tonnes: int) -> str | None:
        if tonnes == 0:
            return "QuotaZero"
        if self.issued + tonnes > self.cap and tonnes > 0:
            return "CapExceeded"
        if tonnes < 0 and self.available[holder] < -tonnes:
            return "QuotaInsufficient"
        self.available[holder] += tonnes
        self.revision[holder] += 1
        return None

    def transfer(self, giver: str, taker: str, tonnes: int) -> str | None:
        if giver == taker:
            return "AccountsEqual"
        if (refusal := self._take(giver, tonnes)) is not None:
            return refusal
        self.available[taker] += tonnes
        return None

    def surrender(self, holder: str, tonnes: int) -> str | None:
        if (refusal := self._take(holder, tonnes)) is not None:
            return refusal
        self.surrendered += tonnes
        return None

    def cancel(self, holder: str, tonnes: int) -> str | None:
        if (refusal := self._take(holder, tonnes)) is not None:
            return refusal
        self.cancelled += tonnes
        return None

    def _take(self, holder: str, tonnes: int) -> str | None:
        if tonnes == 0:
            return "QuotaZero"
        if self.available[holder] < tonnes:
            return "QuotaInsufficient"
        self.available[holder] -= tonnes
        self.nonce[holder] += 1
        return None


HOLDER = st.sampled_from(sorted(HOLDERS))
# Nothing, one, all there is, one too much, or a part of it in percent.
AMOUNT = st.sampled_from(["nothing", "one", "all", "too much"]) | st.integers(2, 99)


def amount_of(wanted: str | int, have: int) -> int:
    """Tonnes of what there is."""
    if isinstance(wanted, int):
        return have * wanted // 100
    return {"nothing": 0, "one": 1, "all": have, "too much": have + 1}[wanted]


class Machine(RuleBasedStateMachine):
    """Acts on one fresh asset, each played on park and model alike."""

    def __init__(self, park: Park, asset: str, steps: "list[int]") -> None:
        super().__init__()
        self.park, self.asset, self.steps = park, asset, steps
        self.model = Model()
        self.last: tuple[str, dict[str, Any], str] | None = None

    @rule(above=st.integers(-1, 2_000))
    def set_cap(self, above: int) -> None:
        tonnes = max(self.model.issued + above, 0)
        message = {"authority": REGULATOR, "asset": self.asset, "tonnes": tonnes,
                   "revision": self.model.cap_revision + 1, "document": DOCUMENT}  # fmt: skip
        self._play("Cap", message, "regulator", self.model.set_cap(tonnes))

    @rule(holder=HOLDER, wanted=AMOUNT, is_recall=st.booleans())
    def allocate(self, holder: str, wanted: str | int, is_recall: bool) -> None:
        have = self.model.available[holder] if is_recall else self.model.cap - self.model.issued
        tonnes = amount_of(wanted, have) * (-1 if is_recall else 1)
        message = {"authority": REGULATOR, "account": HOLDERS[holder], "asset": self.asset,
                   "tonnes": tonnes, "revision": self.model.revision[holder] + 1,
                   "rule_pack": RULE_PACK, "explanation": DOCUMENT}  # fmt: skip
        self._play("Allocation", message, "regulator", self.model.allocate(holder, tonnes))

    @rule(giver=HOLDER, taker=HOLDER, wanted=AMOUNT)
    def transfer(self, giver: str, taker: str, wanted: str | int) -> None:
        tonnes = amount_of(wanted, self.model.available[giver])
        nonce = self.model.nonce[giver] + 1
        message = {"from": HOLDERS[giver], "to": HOLDERS[taker], "asset": self.asset,
                   "tonnes": tonnes, "nonce": nonce}  # fmt: skip
        self._play("Transfer", message, giver, self.model.transfer(giver, taker, tonnes))

    @rule(holder=HOLDER, wanted=AMOUNT)
    def surrender(self, holder: str, wanted: str | int) -> None:
        tonnes = amount_of(wanted, self.model.available[holder])
        message = {"account": HOLDERS[holder], "asset": self.asset, "tonnes": tonnes,
                   "year": YEAR, "nonce": self.model.nonce[holder] + 1}  # fmt: skip
        self._play("Surrender", message, holder, self.model.surrender(holder, tonnes))

    @rule(holder=HOLDER, wanted=AMOUNT)
    def cancel(self, holder: str, wanted: str | int) -> None:
        tonnes = amount_of(wanted, self.model.available[holder])
        message = {"account": HOLDERS[holder], "asset": self.asset, "tonnes": tonnes,
                   "beneficiary": None, "reason": DOCUMENT,
                   "nonce": self.model.nonce[holder] + 1}  # fmt: skip
        self._play("Cancellation", message, holder, self.model.cancel(holder, tonnes))

    @precondition(lambda self: self.last is not None)
    @rule()
    def repeat(self) -> None:
        """The last act that was done, under another key: refused, and nothing changes."""
        assert self.last is not None
        kind, body, act = self.last
        answer = self.park.post(kind, body).json()
        assert answer["facts"]["id"] == act, answer

    def _play(self, kind: str, message: dict[str, Any], signer: str, expected: str | None) -> None:
        answer = self.park.post(kind, body := self.park.envelope(kind, message, signer=signer))
        code = None if answer.is_success else answer.json()["code"]
        assert code == expected, (kind, message, answer.text)
        if answer.is_success:
            self.last = kind, body, answer.json()["id"]

    @invariant()
    def agree(self) -> None:
        """What everybody has is what the model says."""
        self.steps[0] += 1
        held = {holder: self._available(name) for holder, name in HOLDERS.items()}
        assert held == self.model.available

    def _available(self, name: str) -> int:
        told = self.park.get(f"/v1/accounts/{name}", by="regulator")
        mine = [one for one in told["holdings"] if one["asset"] == self.asset]
        return int(mine[0]["available"]) if mine else 0

    def teardown(self) -> None:
        """The asset's totals are the model's."""
        assets = self.park.get("/v1/assets?limit=200", by="regulator")["items"]
        for told in (one for one in assets if one["asset"] == self.asset):
            model = self.model
            assert told["cap_tonnes"] == model.cap
            assert told["issued_tonnes"] == model.issued
            assert told["surrendered_tonnes"] == model.surrendered
            assert told["cancelled_tonnes"] == model.cancelled


@pytest.fixture
def park(tmp_path_factory: pytest.TempPathFactory) -> Any:
    park = Park(tmp_path_factory.mktemp("machine") / "park")
    settle_in(park)
    rule = {
        "authority": REGULATOR, "instrument": "park", "year": YEAR, "first_vintage": YEAR,
        "last_vintage": YEAR, "share_permyriad": 10_000, "is_strict": False,
        "surrender_by": "2040-12-31T16:00:00Z", "revision": 1, "rule_pack": RULE_PACK,
    }  # fmt: skip
    park.act("Rule", rule, signer="regulator")
    yield park
    park.close()


def walk(park: Park, *, assets: int, seed: int) -> dict[str, Any]:
    """Fifty steps on each of that many fresh assets; raises what park and model differ in."""
    started, lots, steps = time.monotonic(), count(1), [0]
    profile = settings(
        max_examples=assets, stateful_step_count=_STEPS, database=None, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    def machine() -> Machine:
        return Machine(park, f"PARK-{YEAR}#{next(lots)}", steps)

    hypothesis.seed(seed)(machine)
    factory: Any = machine  # hypothesis takes what makes a machine, whatever its annotation says
    run_state_machine_as_test(factory, settings=profile, _min_steps=_STEPS)
    return goal_line("state_machine", seed=seed, n=steps[0], violations=0, started=started)


# Hundreds of acts, each waited for until it is final.
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_act_gives_what_the_model_says_when_hundreds_are_random(park: Park, tell: Tell) -> None:
    tell(walk(park, assets=SLICE, seed=20260101))


@pytest.mark.heavy
@pytest.mark.timeout(3600)
def test_act_gives_what_the_model_says_when_five_thousand_are_random(
    park: Park, tell: Tell, fresh_seed: int
) -> None:
    told = walk(park, assets=WHOLE, seed=fresh_seed)
    tell(told)
    assert told["n"] >= 5_000
