"""`carbonledger serve`: the API and the engine, in one process or in several, on loopback only."""

import json
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from api.app import create_app, create_engine_app
from ledger.clock import ScriptedClock
from ledger.local_engine import local_ledger
from ledger.opening import running_url
from ledger.service_keys import read_service_keys
from ledger.settings import DEFAULT_LIMITS, Settings, limits_of
from scripts.commands.options import (
    DEFAULT_DIRECTORY,
    AsJson,
    Directory,
    PassphraseFile,
    help_of,
    passphrase_of,
)
from scripts.fronts import Fronts, Orders
from scripts.http_server import run_server
from scripts.listeners import listen, shared, url_of
from scripts.output import print_json, say, text

HELP = help_of("serve", "--dir carbonledger-data --passphrase-file passphrase --port 0")
USUAL_PORT = 8000
_WORKERS_MAX, _REQUESTS_MAX = 64, 100_000
# An answer asks several times for the interpreter that chain and mirror keep busy, and each time
# may wait so long: at Python's 5 ms its slowest hundredth took two and a half times as long.
_SWITCH_SECONDS = 0.0002


def serve(
    directory: Directory = DEFAULT_DIRECTORY,
    port: Annotated[
        int | None,
        typer.Option(help=text("option.port"), min=0, max=65535),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help=text("option.workers"), min=1, max=_WORKERS_MAX),
    ] = None,
    requests_per_second: Annotated[
        int,
        typer.Option(help=text("option.requests_per_second"), min=1, max=_REQUESTS_MAX),
    ] = DEFAULT_LIMITS.participant_per_second,
    clock: Annotated[Path | None, typer.Option(help=text("option.clock"))] = None,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Serve the API of a ledger on the loopback address."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings(directory, clock)
    keys = read_service_keys(settings.keys, passphrase=passphrase_of(settings, passphrase_file))
    listener = listen_at(port)
    url = url_of(listener)
    ledger = local_ledger(settings, keys=keys)
    ledger.start()
    fronts: Fronts | None = None
    try:
        if workers is None:
            sys.setswitchinterval(_SWITCH_SECONDS)
            limits = limits_of(requests_per_second)
            application, heard = create_app(ledger, limits), listener
        else:
            application, heard = create_engine_app(ledger), listen(0)
            orders = Orders(settings, keys, url_of(heard), ledger.clock, requests_per_second)
            fronts = Fronts(orders, shared(listener, workers))
            fronts.start()
        _tell(settings, url, as_json=as_json)
        run_server(application, heard)
    finally:
        settings.service_file.unlink(missing_ok=True)
        if fronts is not None:
            fronts.stop()
        ledger.stop()


def listen_at(port: int | None) -> socket.socket:
    """At this port or, when none is named, at the usual one or any; raises BadParameter."""
    try:
        return listen(USUAL_PORT if port is None else port)
    except OSError as error:
        if port is None:
            return listen(0)
        raise typer.BadParameter(text("usage.port", port=port), param_hint="--port") from error


def _tell(settings: Settings, url: str, *, as_json: bool) -> None:
    """Say where it serves: to the directory, to programs, to people."""
    write_service_file(settings, url)
    if as_json:
        print_json({"directory": str(settings.directory), "url": url, "pid": os.getpid()})
        sys.stdout.flush()
    say(text("serve.serving", path=settings.directory, url=url))
    say(text("serve.loopback"))


def scripted_clock(path: Path) -> ScriptedClock:
    """The clock of a demo's file."""
    return ScriptedClock(path)


def write_service_file(settings: Settings, url: str) -> None:
    """Whole or not at all: others read it while it is written."""
    temporary = settings.service_file.with_suffix(".tmp")
    temporary.write_text(json.dumps({"url": url, "pid": os.getpid()}), "utf-8")
    temporary.replace(settings.service_file)


def port_told(settings: Settings) -> int | None:
    """The port that a service wrote into its directory, if one can be read there."""
    url = running_url(settings)
    try:
        return None if url is None else urlsplit(url).port
    except ValueError:
        return None
