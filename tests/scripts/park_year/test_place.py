"""The directory: what is not a demo's is never removed."""

import fcntl
import json
from pathlib import Path

import pytest

from scripts.park_year.place import prepare_directory
from scripts.park_year.refusals import DemoRefused
from scripts.park_year.secrets_file import FILE_NAME, is_demo, make_secrets, write_secrets
from scripts.park_year.timeline import Timeline


def _demo_in(directory: Path) -> Path:
    directory.mkdir()
    write_secrets(directory, make_secrets(Timeline(2023)))
    (directory / "ledger.db").write_bytes(b"ledger")
    return directory


def _refused(directory: Path, *, is_reset: bool) -> DemoRefused:
    with pytest.raises(DemoRefused) as refused:
        prepare_directory(directory, is_reset=is_reset)
    return refused.value


def test_prepare_directory_makes_it_private_when_it_is_not_there(tmp_path: Path) -> None:
    prepare_directory(tmp_path / "new" / "demo", is_reset=False)
    assert (tmp_path / "new" / "demo").stat().st_mode & 0o777 == 0o700


def test_prepare_directory_is_refused_when_a_ledger_lies_there(tmp_path: Path) -> None:
    directory = _demo_in(tmp_path / "demo")
    refused = _refused(directory, is_reset=False)
    assert (refused.code, refused.facts) == ("DirectoryNotEmpty", {"path": str(directory)})
    assert (directory / "ledger.db").exists()


def test_prepare_directory_empties_it_when_a_demo_is_reset(tmp_path: Path) -> None:
    directory = _demo_in(tmp_path / "demo")
    prepare_directory(directory, is_reset=True)
    assert list(directory.iterdir()) == []


@pytest.mark.parametrize("content", [None, "{}", "no json", '{"purpose": "other"}', "[]"])
def test_prepare_directory_keeps_everything_when_reset_meets_no_demo(
    tmp_path: Path, content: str | None
) -> None:
    (tmp_path / "ledger.db").write_bytes(b"somebody's")
    if content is not None:
        (tmp_path / FILE_NAME).write_text(content, "utf-8")
    refused = _refused(tmp_path, is_reset=True)
    assert (refused.code, refused.facts) == ("DirectoryNotDemo", {"path": str(tmp_path)})
    assert (tmp_path / "ledger.db").read_bytes() == b"somebody's"


def test_prepare_directory_is_refused_when_a_file_has_the_name(tmp_path: Path) -> None:
    file = tmp_path / "demo"
    file.write_text("text", "utf-8")
    assert _refused(file, is_reset=True).code == "DirectoryNotDemo"


def test_prepare_directory_keeps_the_demo_when_it_is_being_served(tmp_path: Path) -> None:
    directory = _demo_in(tmp_path / "demo")
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        refused = _refused(directory, is_reset=True)
    assert (refused.code, refused.facts) == ("DirectoryInUse", {"path": str(directory)})
    assert (directory / "ledger.db").exists()


def test_write_secrets_keeps_them_private_when_the_file_is_made(tmp_path: Path) -> None:
    secrets = make_secrets(Timeline(2023))
    write_secrets(tmp_path, secrets)
    document = json.loads((tmp_path / FILE_NAME).read_text("utf-8"))
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert is_demo(tmp_path)
    assert bytes.fromhex(document["keys"]["steel"]["private_key"][2:]) == secrets.keys["steel"]
    seeds = document["salt_seeds"]["88.111.1/MTR.0001"]
    assert bytes.fromhex(seeds["2023-02"][2:]) == secrets.seeds["88.111.1/MTR.0001", "2023-02"]


def test_make_secrets_shares_no_key_when_two_demos_are_made() -> None:
    first, second = make_secrets(Timeline(2023)), make_secrets(Timeline(2023))
    keys = [*first.keys.values(), *second.keys.values()]
    seeds = [*first.seeds.values(), *second.seeds.values()]
    assert len(set(keys)) == len(keys)
    assert len(set(seeds)) == len(seeds) == 2 * 12 * 6
    assert repr(first) == "Secrets(...)"
