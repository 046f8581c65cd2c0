"""What was sent under which idempotency key: an interrupted command repeats the same bytes.

A signed act a file in `$XDG_STATE_HOME/carbonledger/sent`, written before it is sent. Nothing
secret is in it: a message, its domain and its signatures.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

from api.fields import invalid
from ledger.strict_json import parse_strict
from scripts.people.files import BYTES_MAX

_KEPT_MAX = 1_000
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


def sent_under(key: str) -> dict[str, Any] | None:
    """The type, what the caller said, and the act that were sent under a key, if any."""
    file = _file(key)
    if not file.exists():
        return None
    sent: dict[str, Any] = parse_strict(file.read_bytes(), limit_bytes=BYTES_MAX)
    return sent


def keep_sent(key: str, sent: dict[str, Any]) -> None:
    """Keep it whole or not at all; the oldest beyond a thousand go."""
    file = _file(key)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = file.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump(sent, opened)
        opened.flush()
        os.fsync(opened.fileno())
    temporary.replace(file)
    kept = sorted(file.parent.glob("*.json"), key=lambda one: one.stat().st_mtime_ns)
    for old in kept[:-_KEPT_MAX]:
        old.unlink(missing_ok=True)


def _file(key: str) -> Path:
    if not _KEY.fullmatch(key):
        raise invalid("/idempotency-key", "letters, digits, - and _, at most 64")
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / "carbonledger" / "sent" / f"{key}.json"
