"""The keys and salt seeds of everybody in the story, kept in the demo's directory (0600).

In life each would hold its own; here one file lets a reader act as any of them. It is also the
mark by which a directory is known as a demo's.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from api.fields import hex_text
from identity.keys import address_of, generate_key
from scripts.park_year.cast import ENTERPRISES, KEY_NAMES, PERSONS
from scripts.park_year.timeline import Timeline

FILE_NAME = "demo-keys.json"
_PURPOSE = "carbonledger demo"
_SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Secrets:
    """Private keys (32 bytes) by person; salt seeds (32 bytes) by meter and month's text."""

    keys: Mapping[str, bytes]
    seeds: Mapping[tuple[str, str], bytes]

    def address(self, name: str) -> bytes:
        """The 20-byte address of a person's key."""
        return address_of(self.keys[name])

    def __repr__(self) -> str:
        return "Secrets(...)"


def make_secrets(timeline: Timeline) -> Secrets:
    """Fresh ones: no two demos share a key."""
    meters = [one.meter_name(meter) for one in ENTERPRISES for meter in one.meters]
    return Secrets(
        keys={name: generate_key() for name in KEY_NAMES},
        seeds={
            (meter, month.text): token_bytes(_SEED_BYTES)
            for meter in meters
            for month in timeline.months
        },
    )


def write_secrets(directory: Path, secrets: Secrets) -> None:
    """A new file that only its owner can read from its first moment."""
    seeds: dict[str, dict[str, str]] = {}
    for (meter, month), seed in secrets.seeds.items():
        seeds.setdefault(meter, {})[month] = hex_text(seed)
    keys = {
        person.name: {
            "participant": person.participant,
            "person": person.number,
            "address": hex_text(secrets.address(person.name)),
            "private_key": hex_text(secrets.keys[person.name]),
        }
        for person in PERSONS
    }
    document = {"purpose": _PURPOSE, "keys": keys, "salt_seeds": seeds}
    descriptor = os.open(directory / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)


def is_demo(directory: Path) -> bool:
    """Whether a demo was played, or begun, in this directory."""
    try:
        document = json.loads((directory / FILE_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("purpose") == _PURPOSE
