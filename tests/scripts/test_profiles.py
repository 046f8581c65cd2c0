"""Profiles: which tables of the file are one, and who is one in a demo's directory."""

import json
from pathlib import Path

import pytest

from scripts.people.profiles import ProfileInvalid, profile_of, profiles_file


@pytest.fixture(autouse=True)
def file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    profiles_file().parent.mkdir()
    return profiles_file()


def test_read_profile_gives_paths_beside_the_file_when_they_are_relative(file: Path) -> None:
    file.write_text('[me]\nparticipant = "88/VER.0001"\nkeystore = "me.json"\n', "utf-8")
    profile = profile_of("me", file.parent)
    assert (profile.participant, profile.person) == ("88/VER.0001", 1)
    assert profile.keystore == file.parent / "me.json"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[me", "syntax"),
        ("me = 1", "type"),
        ('[me]\nkey = "0x12"', "unknown_field"),
        ('[me]\nperson = "1"', "type"),
        ("[me]\nperson = true", "type"),
        ("[me]\nurl = 7", "type"),
        ("[you]", "missing"),
    ],
)
def test_read_profile_is_refused_when_the_table_is_none(file: Path, text: str, reason: str) -> None:
    file.write_text(text, "utf-8")
    with pytest.raises(ProfileInvalid) as refused:
        profile_of("me", file.parent)
    assert refused.value.reason == reason


def test_read_profile_is_refused_when_there_is_no_file(file: Path) -> None:
    with pytest.raises(ProfileInvalid) as refused:
        profile_of("me", file.parent)
    assert refused.value.reason == "missing"


def test_read_profile_gives_somebody_of_the_story_when_a_demo_lies_there(tmp_path: Path) -> None:
    kept = {"participant": "88/VER.0001", "person": 1, "private_key": "0x" + "07" * 32}
    (tmp_path / "demo-keys.json").write_text(json.dumps({"keys": {"verifier": kept}}), "utf-8")
    profile = profile_of("verifier", tmp_path)
    assert (profile.participant, profile.key) == ("88/VER.0001", bytes([7]) * 32)
    assert "7, 7" not in repr(profile)
