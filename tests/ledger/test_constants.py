"""Numbers that Solidity and Python both have, held equal by reading the Solidity source."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from ledger import carbon
from ledger.chain import bindings
from ledger.emissions import service as emissions
from ledger.identifiers import service as identifiers
from ledger.outbox import courier
from ledger.quotas import nonce
from ledger.quotas import service as quotas
from ledger.verification import service as verification

CONTRACTS = Path(__file__).parents[2] / "contracts"
LIBRARY = re.compile(r"^library (\w+) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
CONSTANT = re.compile(r"\bconstant (\w+) = ([0-9_* -]+);")


@cache
def constants(source: str) -> dict[str, int]:
    """Every constant of a file that is a plain number."""
    text = (CONTRACTS / source).read_text("utf-8")
    return {name: number(value) for name, value in CONSTANT.findall(text)}


def number(text: str) -> int:
    """A literal, or `2 ** n - m`."""
    power = re.fullmatch(r"2 \*\* (\d+) - (\d+)", text)
    return 2 ** int(power[1]) - int(power[2]) if power else int(text)


def libraries() -> dict[str, dict[str, int]]:
    """The code tables of Codes.sol by the name that the bindings give them."""
    text = (CONTRACTS / "types" / "Codes.sol").read_text("utf-8")
    return {
        name.upper(): {key: number(value) for key, value in CONSTANT.findall(body)}
        for name, body in LIBRARY.findall(text)
    }


@pytest.mark.parametrize("table", sorted(libraries()))
def test_read_codes_gives_solidity_s_when_the_bindings_are_asked(table: str) -> None:
    assert getattr(bindings, table) == libraries()[table]


def test_read_codes_gives_ten_tables_when_the_source_is_parsed() -> None:
    assert set(libraries()) == {
        "BUCKETS",
        "INSTRUMENTS",
        "KINDS",
        "OPINIONS",
        "RIGHTS",
        "SCHEMES",
        "SECTORS",
        "STAGES",
        "STANDINGS",
        "TIES",
    }


@pytest.mark.parametrize(
    ("source", "name", "own"),
    [
        ("Signed.sol", "CALLS_MAX", courier.MESSAGES_PER_TRANSACTION),
        ("Signed.sol", "FIGURE_MAX", emissions.LARGEST_FIGURE),
        ("Signed.sol", "FIGURE_MAX", carbon.GRAMS_MAX),
        ("Signed.sol", "SECTORS_MAX", identifiers._SECTORS_MAX),
        ("Emissions.sol", "GRAMS_PER_TONNE", verification.GRAMS_PER_TONNE),
        ("Emissions.sol", "GRAMS_PER_TONNE", carbon.GRAMS_PER_TONNE),
        ("Quotas.sol", "WHOLE_SHARE", quotas._LARGEST_SHARE),
        ("Holdings.sol", "INSTRUMENT_MAX", quotas._INSTRUMENT_MAX),
        ("types/Holding.sol", "WINDOW_SIZE", nonce.WIDTH),
    ],
)
def test_read_limit_gives_solidity_s_when_the_door_has_one_too(
    source: str, name: str, own: Any
) -> None:
    assert constants(source)[name] == own
