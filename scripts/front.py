"""One front of `serve --workers N`: the API without a chain, on its parent's socket.

Its orders come as one JSON line on standard input, which stays open as long as the parent lives.
"""

import json
import logging
import os
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from api.app import create_app
from ledger.assembly import Ledger
from ledger.distant_engine import DistantEngine
from ledger.service_keys import ServiceKeys
from ledger.settings import Settings, limits_of
from scripts.http_server import run_server

READY = "ready\n"


def main() -> None:
    """Serve until told to end, or until the parent is gone."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    orders: dict[str, Any] = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    clock_file = orders["clock_file"]
    settings = Settings(Path(orders["directory"]), None if clock_file is None else Path(clock_file))
    keys = ServiceKeys(**{name: bytes.fromhex(key) for name, key in orders["keys"].items()})
    offset = orders["clock_offset"]
    engine = DistantEngine(settings, orders["engine"], keys=keys, offset=offset)
    ledger = Ledger(keys=keys, engine=engine)
    ledger.start()
    application = create_app(ledger, limits_of(orders["requests_per_second"]))
    sys.stdout.write(READY)
    sys.stdout.flush()
    try:
        run_server(application, socket.socket(fileno=orders["listener"]))
    finally:
        ledger.stop()


def _end_with_parent() -> None:
    """As a kill would: what was answered is committed, and the port must be free at once."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
