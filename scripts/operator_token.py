"""The token of whoever looks after the machine, made beside a running service or without one."""

from pathlib import Path
from typing import Any

from api.fields import time_text
from ledger.access.tokens import TOKEN_SECONDS, Grant, keep_token, make_token
from ledger.clock import RealClock
from ledger.directory import require_made
from ledger.service_keys import read_service_keys
from ledger.settings import Settings
from ledger.store.manifest import read_manifest
from ledger.store.opened import open_store
from scripts.commands.options import passphrase_of


def make_operator_token(directory: Path, passphrase_file: Path | None) -> dict[str, Any]:
    """A token of scope `operate`, of no participant, for 90 days.

    With the passphrase of the service's keys, since a kept row has its MAC. Raises DirectoryEmpty,
    KeystoreUnreadable.
    """
    require_made(directory)
    token, now = make_token(), RealClock().now()
    grant = Grant(None, None, frozenset({"operate"}), now + TOKEN_SECONDS)
    settings = Settings(directory)
    keys = read_service_keys(settings.keys, passphrase=passphrase_of(settings, passphrase_file))
    store = open_store(directory, mac_key=keys.row_mac)
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
