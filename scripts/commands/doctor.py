"""`carbonledger doctor`: every check of a directory as one line, with what to do about it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ledger.clock import RealClock
from ledger.diagnosis.diagnosis import diagnose
from ledger.diagnosis.finding import Finding
from ledger.diagnosis.place import Question
from ledger.settings import Settings
from scripts.commands.options import (
    DEFAULT_DIRECTORY,
    AsJson,
    Directory,
    Head,
    head_of,
    help_of,
)
from scripts.commands.serve import USUAL_PORT, port_told
from scripts.output import EXIT_WRONG, print_json, say, text

HELP = help_of("doctor", "--dir carbonledger-data --passphrase-file passphrase --port 0")
_MARKS = {"ok": "ok ", "bad": "BAD", "unknown": "?  "}


def doctor(
    directory: Directory = DEFAULT_DIRECTORY,
    head: Head = None,
    port: Annotated[
        int | None,
        typer.Option(help=text("option.served_port"), min=0, max=65535),
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            help=text("option.known_passphrase_file"),
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong with a directory and say what to do."""
    settings = Settings(directory)
    question = Question(
        settings=settings,
        now=RealClock().now(),
        port=_port(settings) if port is None else port,
        passphrase=_passphrase(settings, passphrase_file),
        noted_head=head_of(head),
    )
    findings = diagnose(question)
    if as_json:
        print_json(_shown(findings))
    else:
        for finding in findings:
            _tell(finding)
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(EXIT_WRONG)


def _port(settings: Settings) -> int:
    return port_told(settings) or USUAL_PORT


def _passphrase(settings: Settings, file: Path | None) -> str | None:
    """A file's or a demo's own; nobody is asked for one."""
    for path in (file, settings.passphrase_file):
        if path is not None and path.exists():
            return path.read_text("utf-8").rstrip("\n")
    return None


def _shown(findings: list[Finding]) -> dict[str, Any]:
    chain = next((one.facts for one in findings if one.check == "chain"), {})
    return {
        "block": chain.get("block"),
        "head": chain.get("head"),
        "checks": [_shown_finding(finding) for finding in findings],
    }


def _shown_finding(finding: Finding) -> dict[str, Any]:
    found, way_out = sentences(finding)
    told = {"name": finding.check, "state": finding.state, "cause": finding.cause}
    return told | {"facts": finding.facts, "found": found, "next": way_out}


def _tell(finding: Finding) -> None:
    found, way_out = sentences(finding)
    say(f"{_MARKS[finding.state]} {text('doctor.' + finding.check)}: {found} {way_out}".rstrip())


def sentences(finding: Finding) -> tuple[str, str]:
    """What was found, and what to do where something is to be done."""
    facts = {name: _plain(fact) for name, fact in finding.facts.items()}
    key = finding.cause if finding.cause in GENERAL else f"{finding.check}.{finding.cause}"
    found = text(f"doctor.{key}", **facts)
    return found, text(f"doctor.{key}.next", **facts) if finding.state == "bad" else ""


# Causes that any check may come to.
GENERAL = ("no_chain", "broken_off")


def _plain(fact: object) -> object:
    return ", ".join(map(str, fact)) if isinstance(fact, list) else fact
