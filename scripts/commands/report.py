"""`carbonledger report`: what people ask a service about reports, over HTTP."""

import os
import sys
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import httpx2
import typer

from api.errors import PROBLEM
from ledger.errors import ServiceUnreachable
from ledger.settings import Settings, running_url
from scripts.commands.options import DEFAULT_DIRECTORY, Directory
from scripts.output import EXIT_REFUSED, EXIT_UNAVAILABLE, language_of_terminal, tell

_PATIENCE_SECONDS = 60.0

app = typer.Typer(help="Emission reports.", no_args_is_help=True, add_completion=False)


@app.command("proof")
def proof(
    act_id: Annotated[str, typer.Argument(metavar="ID", help="The report's act id.")],
    reading: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="METER STAMP", help="The one reading that it discloses."),
    ] = None,
    url: Annotated[
        str | None,
        typer.Option(help="The service; else the one in --dir.", envvar="CARBONLEDGER_URL"),
    ] = None,
    directory: Directory = DEFAULT_DIRECTORY,
    token_file: Annotated[
        Path | None, typer.Option(help="File with the access token, else $CARBONLEDGER_TOKEN.")
    ] = None,
) -> None:
    """Write what proves a report, and one reading if wanted, to standard output.

    Whoever gets the file checks it with scripts/check_proof.py alone.

    Example: carbonledger report proof 0xb1c4...00 > proof.json
    """
    service = url or running_url(Settings(directory))
    if service is None:
        raise typer.BadParameter("nobody serves the directory: name a service", param_hint="--url")
    asked = {} if reading is None else dict(zip(("meter", "stamp"), reading, strict=True))
    path = f"/v1/proofs/{quote(act_id, safe='')}"
    answer = _get(service.rstrip("/") + path, asked, token=_token(token_file))
    if answer.is_success:
        sys.stdout.write(answer.text + "\n")
        return
    tell(answer.json(), as_json=False)
    is_out = answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE
    raise typer.Exit(EXIT_UNAVAILABLE if is_out else EXIT_REFUSED)


def _token(file: Path | None) -> str:
    """The access token: a file's, else the environment's, where no list of processes shows it."""
    if file is None:
        return os.environ.get("CARBONLEDGER_TOKEN", "")
    return file.read_text("utf-8").strip()


def _get(url: str, query: dict[str, str], *, token: str) -> httpx2.Response:
    """The service's answer or problem; raises ServiceUnreachable when there is neither."""
    headers = {"Accept-Language": language_of_terminal()}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        # No proxy of the environment stands between two processes of one machine.
        with httpx2.Client(trust_env=False, timeout=_PATIENCE_SECONDS) as client:
            answer = client.get(url, params=query, headers=headers)
    except (httpx2.TransportError, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise ServiceUnreachable(url) from error
    is_problem = answer.headers.get("content-type") == PROBLEM
    if not (answer.is_success or is_problem):
        raise ServiceUnreachable(url)  # somebody else's page
    return answer
