"""A desk in the furnished park: profiles, key files and papers, and the command line to use."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.fields import hex_text
from identity.keys import address_of, generate_key
from identity.keystore import write_keystore
from scripts.cli import main
from tests.api.conftest import furnished, served
from tests.api.world import World
from tests.park import PLENTY

__all__ = ["furnished"]

PASSPHRASE = "quiet night"
# Profiles by the names of the park's keys.
PROFILES = {
    "enterprise": "enterprise 1",
    "rival": "enterprise 2",
    "regulator": "regulator",
    "verifier": "verifier",
}


@dataclass(frozen=True, slots=True)
class Done:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What stands alone on standard output."""
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture(scope="module")
def park(furnished: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, str]]:
    """A copy of the furnished park and where it is served."""
    world = furnished.copied(tmp_path_factory.mktemp("park") / "park")
    with served(create_app(world.park.ledger, PLENTY)) as url:
        yield world, url
    world.park.close()


@pytest.fixture(scope="module")
def desk(park: tuple[World, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what the examples name; profiles lie in `carbonledger` below it."""
    world, url = park
    desk = tmp_path_factory.mktemp("desk")
    _write_profiles(world, url, desk)
    for name in ("table", "opinion", "cap", "plan"):
        _write_json(desk / f"{name}.json", {"kind": name, "salt": "0x" + "5a" * 32})
    _write_json(
        desk / "january.json",
        {
            "facility": "88.111.1/FAC.0001",
            "month": "2025-01",
            "seeds": "seeds.json",
            "meters": [
                {
                    "meter": "88.111.1/MTR.0001",
                    "unit": "kWh",
                    "step_seconds": 3600,
                    "readings": "january.csv",
                }
            ],
            "documents": ["table.json"],
        },
    )
    rows = [
        f"2025-01-{day:02}T{hour:02}:00:00+08:00,{day}.5"
        for day in range(1, 32)
        for hour in range(24)
    ]
    (desk / "january.csv").write_text("\n".join(["stamp,quantity", *rows, ""]), "ascii")
    return desk


def _write_profiles(world: World, url: str, desk: Path) -> None:
    place = desk / "carbonledger"
    place.mkdir()
    (desk / "passphrase").write_text(PASSPHRASE + "\n", "utf-8")
    tables = []
    for profile, name in PROFILES.items():
        key = world.park.key(name)
        write_keystore(place / f"{profile}.json", key, passphrase=PASSPHRASE, iterations=2)
        participant, person = world.park.persons[name]
        tables += [
            f"[{profile}]",
            f'url = "{url}"',
            f'participant = "{participant}"',
            f"person = {person}",
            f'keystore = "{profile}.json"',
            'passphrase_file = "../passphrase"',
        ]
    (place / "profiles.toml").write_text("\n".join([*tables, ""]), "utf-8")


def _write_json(file: Path, value: Any) -> None:
    file.write_text(json.dumps(value, sort_keys=True, separators=(",", ":")), "utf-8")


def write_new_key(file: Path) -> str:
    """A fresh key in a file; its address."""
    key = generate_key()
    write_keystore(file, key, passphrase=PASSPHRASE, iterations=2)
    return hex_text(address_of(key))


@pytest.fixture
def run(
    park: tuple[World, str],
    desk: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """The command line at the desk, in this process; the exit code must be the one given."""
    monkeypatch.chdir(desk)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(desk))
    monkeypatch.setenv("XDG_STATE_HOME", str(desk))
    monkeypatch.setenv("CARBONLEDGER_URL", park[1])
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.delenv("CARBONLEDGER_TOKEN", raising=False)

    def run(*arguments: str, code: int = 0) -> Done:
        monkeypatch.setattr(sys, "argv", ["carbonledger", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = capsys.readouterr()
        done = Done(int(ended.value.code or 0), told.out, told.err)
        assert done.code == code, done
        return done

    return run
