"""`carbonledger serve`: the API and the engine in one process, on loopback only."""

import json
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
import uvicorn

from api.app import create_app
from api.connections import ImpatientProtocol
from ledger.assembly import Ledger, running_url
from ledger.clock import ScriptedClock
from ledger.service_keys import read_service_keys
from ledger.settings import Settings
from scripts.commands.options import (
    DEFAULT_DIRECTORY,
    AsJson,
    Directory,
    PassphraseFile,
    passphrase_of,
)
from scripts.output import print_json, say

_HOST, USUAL_PORT = "127.0.0.1", 8000


def serve(
    directory: Directory = DEFAULT_DIRECTORY,
    port: Annotated[
        int | None,
        typer.Option(help="8000, or any if that is taken; 0: any free port.", min=0, max=65535),
    ] = None,
    clock: Annotated[
        Path | None, typer.Option(help="A demo's scripted time: one RFC 3339 line.")
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Serve the API of a ledger.

    It binds the loopback address only: put a proxy with TLS before it.

    Example: carbonledger serve --dir carbonledger-data --port 8000
    """
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    settings = Settings(directory, clock)
    keys = read_service_keys(settings.keys, passphrase=passphrase_of(settings, passphrase_file))
    listener = listen(port)
    ledger = Ledger(settings, keys=keys)
    ledger.start()
    url = f"http://{_HOST}:{listener.getsockname()[1]}"
    write_service_file(settings, url)
    if as_json:
        print_json({"directory": str(directory), "url": url, "pid": os.getpid()})
        sys.stdout.flush()
    say(f"Serving {directory} at {url}")
    say("Only this machine can reach it: put a proxy with TLS before it. Ctrl-C ends it.")
    server = uvicorn.Server(
        uvicorn.Config(
            create_app(ledger),
            http=ImpatientProtocol,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=10,
        )
    )
    # uvicorn raises the signal that ended it once more: without a handler it would end us too.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: None)
    try:
        server.run(sockets=[listener])
    finally:
        settings.service_file.unlink(missing_ok=True)
        ledger.stop()


def scripted_clock(path: Path) -> ScriptedClock:
    """The clock of a demo's file."""
    return ScriptedClock(path)


def listen(port: int | None) -> socket.socket:
    """A loopback socket at this port, 0 for any; raises BadParameter when it is taken.

    Without a port it is the usual one, or any when somebody has that.
    """
    try:
        return _listen(USUAL_PORT if port is None else port)
    except OSError as error:
        if port is None:
            return _listen(0)
        raise typer.BadParameter(
            f"port {port} is in use: choose another or 0 for any", param_hint="--port"
        ) from error


def _listen(port: int) -> socket.socket:
    # The protocol is named, since asyncio turns delaying of small packets off only where it is.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
        listener.listen()  # before anybody is told the address
    except OSError:
        listener.close()
        raise
    return listener


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
