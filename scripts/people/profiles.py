"""Profiles: who one is for `--as NAME`, by the paths of one's key and token.

`$XDG_CONFIG_HOME/carbonledger/profiles.toml` has a table a profile. No secret lies in it. In a
demo's directory everybody of the story is a profile too.
"""

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.errors import Refusal

_TEXTS = ("url", "participant", "keystore", "passphrase_file", "token_file")
_DEMO_KEYS = "demo-keys.json"


@dataclass(eq=False)
class ProfileInvalid(Refusal):
    """The file of profiles cannot be used: `reason` is syntax, unknown_field, type or missing."""

    path: str
    profile: str
    reason: str


@dataclass(frozen=True, slots=True)
class Profile:
    """Who one is; paths lead to what is secret. `key` is a demo's own, 32 bytes."""

    url: str | None = None
    participant: str | None = None
    person: int = 1
    keystore: Path | None = None
    passphrase_file: Path | None = None
    token_file: Path | None = None
    key: bytes | None = None

    def __repr__(self) -> str:
        return f"Profile({self.participant}, {self.person}, ...)"


def profiles_file() -> Path:
    """Where profiles stand."""
    configured = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(configured).expanduser() / "carbonledger" / "profiles.toml"


def profile_of(name: str, directory: Path) -> Profile:
    """The profile of that name; raises ProfileInvalid."""
    file = profiles_file()
    tables = _tables(file)
    if name in tables:
        return _profile(tables[name], file=file, name=name)
    found = _of_demo(name, directory / _DEMO_KEYS)
    if found is None:
        raise ProfileInvalid(str(file), name, "missing")
    return found


def _tables(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise ProfileInvalid(str(file), "", "syntax") from None


def _profile(table: Any, *, file: Path, name: str) -> Profile:
    if not isinstance(table, dict):
        raise ProfileInvalid(str(file), name, "type")
    if table.keys() - {*_TEXTS, "person"}:
        raise ProfileInvalid(str(file), name, "unknown_field")
    person = table.get("person", 1)
    if type(person) is not int or not all(isinstance(table.get(key, ""), str) for key in _TEXTS):
        raise ProfileInvalid(str(file), name, "type")

    def path(key: str) -> Path | None:
        return (file.parent / Path(table[key]).expanduser()) if key in table else None

    return Profile(
        url=table.get("url"),
        participant=table.get("participant"),
        person=person,
        keystore=path("keystore"),
        passphrase_file=path("passphrase_file"),
        token_file=path("token_file"),
    )


def _of_demo(name: str, file: Path) -> Profile | None:
    """Somebody of the story that was played in this directory, by the keys it left there."""
    try:
        kept = json.loads(file.read_text("utf-8"))["keys"][name]
        return Profile(
            participant=kept["participant"],
            person=kept["person"],
            key=bytes.fromhex(kept["private_key"].removeprefix("0x")),
        )
    except (OSError, ValueError, LookupError, TypeError):
        return None
