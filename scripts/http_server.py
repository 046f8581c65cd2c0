"""The HTTP server of every process that answers: one configuration."""

import gc
import signal
import socket

import uvicorn
from fastapi import FastAPI

from api.connections import ImpatientProtocol

GRACE_SECONDS = 10


def run_server(application: FastAPI, listener: socket.socket) -> None:
    """Answer until SIGTERM or SIGINT, then finish the requests that are under way."""
    config = uvicorn.Config(
        application,
        http=ImpatientProtocol,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    # uvicorn raises the signal that ended it once more: without a handler it would end us too.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: None)
    gc.freeze()  # what was loaded until now stays: collections need not look through it again
    uvicorn.Server(config).run(sockets=[listener])
