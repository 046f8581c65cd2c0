"""The whole play, chapter by chapter, and what the service shows when it is over."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.client import resource
from api.fields import hex_text
from ledger.evidence.readings import YearOfReadings
from ledger.rules.loader import load_rule_pack
from scripts.park_year.cast import ENTERPRISES, FOUNDERS, PARK, RULE_PACK
from scripts.park_year.everybody import Everybody
from scripts.park_year.founding import found_park, set_quota
from scripts.park_year.metering import readings_of
from scripts.park_year.monthly import anchor_year
from scripts.park_year.processes import Service, run_verb
from scripts.park_year.reports import ReportMade, report_year
from scripts.park_year.scripted_time import ScriptedTime
from scripts.park_year.secrets_file import Secrets, make_secrets, write_secrets
from scripts.park_year.story import Story
from scripts.park_year.timeline import Timeline
from scripts.park_year.trading import Purchase, compliance_of, surrender, trade
from scripts.park_year.verification import FindingMade, confirm_year, verify_year

CLOCK_NAME = "clock"


@dataclass(frozen=True, slots=True)
class Played:
    """The year when it is over: what was done, and the service's own answers about it.

    `gaps` and `compliance` are each enterprise's year before the purchase and at the end.
    """

    story: Story
    reports: Mapping[str, ReportMade]
    finding: FindingMade
    gaps: list[dict[str, Any]]
    purchases: list[Purchase]
    compliance: list[dict[str, Any]]
    accounts: list[dict[str, Any]]
    park: dict[str, Any]


@contextmanager
def played_year(
    directory: Path,
    *,
    timeline: Timeline,
    file: YearOfReadings | None,
    now: int,
    tell: Callable[..., None],
) -> Iterator[tuple[Played, Service]]:
    """A new ledger with the year in it, and the service that goes on answering for it."""
    secrets = make_secrets(timeline)
    write_secrets(directory, secrets)
    time = ScriptedTime(directory / CLOCK_NAME, timeline.founding)
    tell("progress.init")
    _initialise(directory, secrets, time)
    with Service(directory, time.path) as service:
        readings = readings_of(file)
        with Everybody(service.url(), time, secrets) as client:
            tell("progress.ready", url=client.url)
            pack = load_rule_pack(RULE_PACK)
            story = Story(client, directory, timeline, time, readings, secrets, pack, tell)
            yield _play(story, now), service


def _initialise(directory: Path, secrets: Secrets, time: ScriptedTime) -> None:
    founders = [
        argument for name in FOUNDERS for argument in ("--founder", hex_text(secrets.address(name)))
    ]
    options = ["--demo", "--clock", str(time.path), "--dir", str(directory)]
    run_verb(["init", *options, *founders])


def _play(story: Story, now: int) -> Played:
    found_park(story)
    set_quota(story)
    evidence = anchor_year(story)
    reports = report_year(story, evidence)
    finding = verify_year(story, evidence, reports)
    confirm_year(story)
    gaps = compliance_of(story)
    purchases = trade(story)
    surrender(story)
    story.time.move_to(story.timeline.closing(now=now))
    played = Played(
        story=story,
        reports=reports,
        finding=finding,
        gaps=gaps,
        purchases=purchases,
        compliance=compliance_of(story),
        accounts=[_account(story, one.identifier) for one in ENTERPRISES],
        park=story.client.get(resource("park", PARK), period=str(story.timeline.year)),
    )
    story.time.end()
    return played


def _account(story: Story, identifier: str) -> dict[str, Any]:
    """An enterprise's one holding, with what moved."""
    holdings = story.client.get(resource("accounts", identifier))["holdings"]
    assert len(holdings) == 1, "the play has one asset"
    holding: dict[str, Any] = holdings[0]
    return holding
