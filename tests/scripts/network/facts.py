"""Besu's own names and examples: excerpts of its sources and documents, each with its source."""

import json
from pathlib import Path
from typing import Any

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("besu.json").read_text("utf-8"))


def bytes_of(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
