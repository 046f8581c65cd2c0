"""What every chapter of the story needs: who speaks to whom, when, and with which readings."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes
from typing import Any

from api.fields import hex_text
from ledger.evidence.canonical import canonical_bytes
from ledger.rules.loader import RulePack
from scripts.park_year.everybody import Everybody
from scripts.park_year.metering import Readings
from scripts.park_year.scripted_time import ScriptedTime
from scripts.park_year.secrets_file import Secrets
from scripts.park_year.timeline import Timeline

_SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Story:
    """One play; `tell` writes a line of progress by its key in the texts."""

    client: Everybody
    directory: Path
    timeline: Timeline
    time: ScriptedTime
    readings: Readings
    secrets: Secrets
    pack: RulePack
    tell: Callable[..., None]
    heads: dict[str, str] = field(default_factory=dict)  # by facility: the act to follow

    def key(self, name: str) -> bytes:
        """A person's private key."""
        return self.secrets.keys[name]

    def upload_json(self, document: dict[str, Any], *, kind: str, by: str) -> str:
        """Keep a person's document in canonical form under a fresh salt; its digest in hex."""
        salted = document | {"salt": hex_text(token_bytes(_SALT_BYTES))}
        return self.client.of(by).upload(canonical_bytes(salted), kind=kind)

    def download_json(self, digest: str, *, by: str) -> dict[str, Any]:
        """The document of a digest, asked for by a person."""
        content = self.client.of(by).get_bytes(f"/v1/documents/{digest}")
        document: dict[str, Any] = json.loads(content)
        return document
