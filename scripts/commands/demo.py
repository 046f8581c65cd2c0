"""`carbonledger demo`: a park's compliance year, played through HTTP and then served."""

import json
import math
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from api.client import ProblemAnswered
from ledger.clock import RealClock
from ledger.evidence.readings import YearOfReadings
from scripts.commands.options import AsJson, help_of
from scripts.output import EXIT_REFUSED, EXIT_WRONG, language, print_json, say, tell_line, text
from scripts.park_year.cast import ENTERPRISES
from scripts.park_year.everybody import Everybody
from scripts.park_year.metering import GENERATED_YEAR, read_file
from scripts.park_year.outcome import Outcome, outcome_of
from scripts.park_year.place import prepare_directory
from scripts.park_year.play import played_year
from scripts.park_year.processes import Service
from scripts.park_year.refusals import ChildFailed, DemoRefused
from scripts.park_year.tampering import tamper
from scripts.park_year.texts import texts_of
from scripts.park_year.timeline import Timeline, timeline_of
from scripts.park_year.views import show_tampering, show_year
from scripts.texts import Texts

HELP = help_of("demo", "--once --lang en")
_DEFAULT_DIRECTORY = Path("carbonledger-demo")
_LATER_URL = "http://127.0.0.1:8000"  # where `serve` listens when nothing is said
_LATEST_BLOCK = '{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",false]}'
_EXIT_FAILED = 1
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_SIGNAL_STATUS = 128


def demo(
    once: Annotated[bool, typer.Option("--once", help=text("option.once"))] = False,
    readings: Annotated[
        Path | None,
        typer.Option(help=text("option.readings")),
    ] = None,
    as_json: AsJson = False,
    directory: Annotated[
        Path, typer.Option("--dir", help=text("option.demo_directory"))
    ] = _DEFAULT_DIRECTORY,
    reset: Annotated[bool, typer.Option("--reset", help=text("option.reset"))] = False,
) -> None:
    """Play a park's compliance year on meter data, then serve it until Ctrl-C."""
    texts = texts_of(language())
    try:
        file, timeline, now = _prepare(readings, directory, is_reset=reset)
        _run(texts, directory, timeline, file=file, now=now, as_json=as_json, is_once=once)
    except DemoRefused as refused:
        _tell_refused(texts, refused, as_json=as_json)
        raise typer.Exit(EXIT_REFUSED) from None
    except ProblemAnswered as refused:
        tell_line(texts.say("failed.act", path=refused.path))
        tell_line(json.dumps(refused.problem, ensure_ascii=False, indent=2))
        raise typer.Exit(_EXIT_FAILED) from None
    except ChildFailed as failed:
        tell_line(texts.say("failed.child", command=failed.command, status=failed.status))
        tell_line(failed.lines)
        raise typer.Exit(_EXIT_FAILED) from None


def _prepare(
    readings: Path | None, directory: Path, *, is_reset: bool
) -> tuple[YearOfReadings | None, Timeline, int]:
    """The file, its calendar and now, and an empty directory; nothing is made for what fails."""
    now = RealClock().now()
    file = None if readings is None else read_file(readings)
    timeline = timeline_of(GENERATED_YEAR if file is None else file.period.year, now=now)
    prepare_directory(directory, is_reset=is_reset)
    return file, timeline, now


def _run(
    texts: Texts,
    directory: Path,
    timeline: Timeline,
    *,
    file: YearOfReadings | None,
    now: int,
    as_json: bool,
    is_once: bool,
) -> None:
    for number in _SIGNALS:
        signal.signal(number, _leave)
    started = time.monotonic()
    tell = _teller(texts, started)
    console = Console(stderr=as_json, highlight=False)
    with played_year(directory, timeline=timeline, file=file, now=now, tell=tell) as (
        played,
        service,
    ):
        show_year(console, texts, played)
        tell("progress.tampering")
        tampering = tamper(directory, played.finding.corrected.id)
        seconds = math.ceil(time.monotonic() - started)
        outcome = outcome_of(played, tampering, seconds=seconds)
        show_tampering(console, texts, tampering)
        url = _LATER_URL if is_once else played.story.client.url
        _tell_end(console, texts, outcome, directory=directory, year=timeline.year, url=url)
        _tell_developer(console, texts, played.story.client, url=url)
        if as_json:
            print_json(outcome.document)
            sys.stdout.flush()
        if outcome.broken:
            raise typer.Exit(EXIT_WRONG)
        if not is_once:
            _serve_on(texts, service, url=url, directory=directory)


def _teller(texts: Texts, started: float) -> Callable[..., None]:
    def tell(key: str, **facts: object) -> None:
        say(f"[{time.monotonic() - started:5.1f} s] {texts.say(key, **facts)}")

    return tell


def _tell_end(
    console: Console, texts: Texts, outcome: Outcome, *, directory: Path, year: int, url: str
) -> None:
    """Head hash, directory, and three requests to paste."""
    for name in outcome.broken:
        console.print(texts.say("end.broken", what=texts.say(name)))
    document = outcome.document
    counts = {name: document[name] for name in ("readings", "evidence_anchors", "reports")}
    counts |= {name: document[name] for name in ("statements", "blocks", "transactions", "seconds")}
    console.rule(texts.say("end.title"))
    console.print(texts.say("end.counts", **counts))
    for line in (
        texts.say("end.head", head=document["head"]),
        texts.say("end.directory", path=directory),
        f"  curl {url}/v1/compliance/{year}",
        f"  curl '{url}/v1/park/88/PARK.0001?period={year}'",
        f"  curl {url}/rpc -H 'Content-Type: application/json' -d '{_LATEST_BLOCK}'",
    ):
        console.print(line, soft_wrap=True, markup=False)


def _tell_developer(console: Console, texts: Texts, client: Everybody, *, url: str) -> None:
    """A token to try things with, in a request to paste: the first enterprise's."""
    person = ENTERPRISES[0]
    path = f"/v1/accounts/{person.identifier}"
    client.get(path, by=person.name)  # a year has passed: the session is opened anew
    (header,) = client.of(person.name).bearer().items()
    told = {"enterprise": person.identifier, "docs": f"{url}/docs"}
    console.print(texts.say("end.developer", **told), soft_wrap=True)
    line = f"  curl {url}{path} -H '{': '.join(header)}'"
    console.print(line, soft_wrap=True, markup=False)


def _serve_on(texts: Texts, service: Service, *, url: str, directory: Path) -> None:
    """Until Ctrl-C, which is the way it is meant to end."""
    say(texts.say("end.serving", url=url))
    try:
        service.wait()
    except KeyboardInterrupt:
        say(texts.say("end.stopped", path=directory))


def _tell_refused(texts: Texts, refused: DemoRefused, *, as_json: bool) -> None:
    detail = texts.say(f"refused.{refused.code}", **refused.facts)
    if as_json:
        told = {"code": refused.code, "detail": detail, "facts": refused.facts}
        tell_line(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        tell_line(detail)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """End as an exit does, so that the processes started here end too."""
    sys.exit(_SIGNAL_STATUS + number)
