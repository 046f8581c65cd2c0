"""The token of whoever looks after the machine, made beside a running service or without one."""

from pathlib import Path
from typing import Any

from api.fields import time_text
from ledger.access.tokens import TOKEN_SECONDS, Grant, keep_token, make_token
from ledger.clock import RealClock
from ledger.directory import require_made
from ledger.store.manifest import read_manifest
from ledger.store.opened import open_store


def make_operator_token(directory: Path) -> dict[str, Any]:
    """A token of scope `operate`, of no participant, for 90 days; raises DirectoryEmpty."""
    require_made(directory)
    token, now = make_token(), RealClock().now()
    grant = Grant(None, None, frozenset({"operate"}), now + TOKEN_SECONDS)
    store = open_store(directory)
    try:
        with store.keeping() as connection:
            read_manifest(connection)
            keep_token(connection, token, grant, access=None, now=now)
    finally:
        store.close()
    return {
        "lookup": token.lookup,
        "participant": None,
        "person": None,
        "scopes": sorted(grant.scopes),
        "expires_at": time_text(grant.expires_at),
        "token": token.text,
    }
