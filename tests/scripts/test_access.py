"""Tokens for machines, and acts that the service signs for whom it keeps a key."""

from pathlib import Path

import pytest

from tests.api.entrusted import ENTERPRISE, entrust
from tests.api.world import World
from tests.scripts.conftest import Run

TRANSFER = ("quota", "transfer", "--to", "88.111/ENT.0002", "--asset", "PARK-2023", "--tonnes")
MINE = ("--as", "enterprise", "--json")


@pytest.fixture(scope="module")
def kept(park: tuple[World, str], desk: Path) -> str:
    """The profile of a person whose key the service keeps."""
    (desk / "kept.token").write_text(entrust(park[0]) + "\n", "ascii")
    profiles = desk / "carbonledger" / "profiles.toml"
    table = f'[kept]\nurl = "{park[1]}"\nparticipant = "{ENTERPRISE}"\n'
    table += 'token_file = "../kept.token"\n'
    profiles.write_text(profiles.read_text("utf-8") + table, "utf-8")
    return "kept"


def test_transfer_is_signed_by_the_service_when_it_is_in_custody(run: Run, kept: str) -> None:
    asked = ("--sign-with", "custody", "--as", kept, "--wait", "final", "--json")
    told = run(*TRANSFER, "1", *asked).document
    assert (told["state"], told["actor"], told["signed_in_custody"]) == ("final", ENTERPRISE, True)


def test_transfer_is_refused_when_the_service_keeps_no_key_of_ones_own(run: Run) -> None:
    done = run(*TRANSFER, "1", "--sign-with", "custody", "--as", "enterprise", code=3)
    assert "ScopeMissing" in done.err


def test_token_opens_no_more_than_was_asked_and_ends_when_it_is_revoked(run: Run) -> None:
    made = run("token", "create", "--scopes", "read", *MINE)
    token = made.document
    assert (token["participant"], token["scopes"]) == ("88.111/ENT.0001", ["read"])
    listed = run("token", "list", *MINE)
    assert token["token"] not in listed.out
    assert token["lookup"] in [one["lookup"] for one in listed.document["items"]]
    run("token", "revoke", token["lookup"], *MINE)
    shown = {one["lookup"]: one for one in run("token", "list", *MINE).document["items"]}
    assert shown[token["lookup"]]["revoked_at"] is not None


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 2),
        (("--scopes", "read", "--operate"), 2),
        (("--scopes", "fly"), 3),
        (("--scopes", "custody"), 3),
        (("--scopes", "read", "--expires-at", "soon"), 3),
    ],
)
def test_token_is_refused_when_the_wish_is_none(
    run: Run, arguments: tuple[str, ...], code: int
) -> None:
    assert run("token", "create", *arguments, "--as", "enterprise", code=code).out == ""
