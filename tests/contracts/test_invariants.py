"""What forge's fuzzer finds: nothing in our contracts, and every mutant that was planted."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.contracts.forge import MUTANTS, Fuzzed, Workshop, breaks

SEED = "0x1"
SUCCESS_MIN = 0.1
INVARIANTS = {
    "the buckets do not sum up to the issued",
    "spent fell",
    "more than allocate changed the sum",
    "a key without the right changed state",
    "a head changed behind another act",
    "a nonce, a revision or a place was used twice",
    "an event tells another id",
}
# Random, but always the same, and no time spent on making what failed shorter.
MUTANT_SETTINGS = {
    "FOUNDRY_FUZZ_SEED": SEED,
    "FOUNDRY_INVARIANT_RUNS": "64",
    "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": "0",
}
Tell = Callable[[str, object], None]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("forge"))


def _told(fuzzed: Fuzzed, *, goal: str, seconds: float) -> str:
    calls = sum(calls for calls, _ in fuzzed.tally.values())
    facts = {"goal": goal, "seed": SEED, "n": calls, "violations": int(bool(fuzzed.broken))}
    return json.dumps(facts | {"seconds": round(seconds), "verbs": dict(fuzzed.tally)})


def _hold(workshop: Workshop, tell: Tell, *, goal: str, **settings: str) -> None:
    started = time.monotonic()
    fuzzed = workshop.fuzz(FOUNDRY_FUZZ_SEED=SEED, **settings)
    tell("told", _told(fuzzed, goal=goal, seconds=time.monotonic() - started))
    assert fuzzed.broken == ""
    shares = {verb: made / max(tried, 1) for verb, (tried, made) in fuzzed.tally.items()}
    assert shares.pop("replay") == 0
    assert {verb: share for verb, share in shares.items() if share < SUCCESS_MIN} == {}


# Thousands of random acts, each looked at from all sides, behind a compilation.
@pytest.mark.slow
@pytest.mark.forge
@pytest.mark.timeout(400)
def test_fuzz_breaks_nothing_when_actors_are_random(
    workshop: Workshop, record_property: Tell
) -> None:
    _hold(workshop, record_property, goal="invariants", FOUNDRY_INVARIANT_RUNS="48")


# A hundred thousand.
@pytest.mark.heavy
@pytest.mark.forge
@pytest.mark.timeout(1200)
def test_fuzz_breaks_nothing_when_many_actors_are_random(
    workshop: Workshop, record_property: Tell
) -> None:
    _hold(workshop, record_property, goal="invariants, many")


# Four times as many, in longer lives.
@pytest.mark.heavy
@pytest.mark.forge
@pytest.mark.timeout(2400)
def test_fuzz_breaks_nothing_when_lives_are_long(workshop: Workshop, record_property: Tell) -> None:
    _hold(workshop, record_property, goal="invariants, long", FOUNDRY_PROFILE="heavy")


# Every mutant is compiled.
@pytest.mark.heavy
@pytest.mark.forge
@pytest.mark.timeout(300)
@pytest.mark.parametrize("patch", sorted(MUTANTS.glob("*.patch")), ids=lambda patch: patch.stem)
def test_fuzz_breaks_the_invariant_when_a_mutant_is_planted(
    workshop: Workshop, patch: Path
) -> None:
    workshop.mutate(patch)
    try:
        fuzzed = workshop.fuzz(**MUTANT_SETTINGS)
    finally:
        workshop.mutate(patch, back=True)
    assert fuzzed.broken == breaks(patch)


def test_plant_mutants_covers_every_invariant_when_they_are_listed() -> None:
    assert {breaks(patch) for patch in MUTANTS.glob("*.patch")} == INVARIANTS
