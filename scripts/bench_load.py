"""A running ledger with a park in it, and signed acts that all fit: the load of the bench."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from api.client.signing import id_of
from api.fields import hex_text
from ledger.clock import RealClock
from ledger.rules.loader import load_rule_pack
from scripts.park_year.cast import ENTERPRISES, FOUNDERS, RULE_PACK
from scripts.park_year.everybody import Everybody
from scripts.park_year.founding import found_park
from scripts.park_year.metering import GENERATED_YEAR, readings_of
from scripts.park_year.monthly import anchor_year
from scripts.park_year.processes import Service, run_verb
from scripts.park_year.reports import report_year
from scripts.park_year.scripted_time import ScriptedTime
from scripts.park_year.secrets_file import make_secrets, write_secrets
from scripts.park_year.story import Story
from scripts.park_year.timeline import timeline_of

_NOTHING = "0x" + "00" * 32
_FIRST_YEAR = 2030
_SETTLE_SECONDS, _POLL_SECONDS = 300.0, 0.1
_FOR_EVER = "2099-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A service in real time, its process id, and envelopes in `lanes` that each keep order.

    `headers` are those of a token that may carry them, `owner_headers` of their enterprise's;
    `report` is that enterprise's, where reports were asked for.
    """

    url: str
    process: int
    headers: dict[str, str]
    owner_headers: dict[str, str]
    lanes: list[list[dict[str, Any]]]
    report: str | None


@contextmanager
def loaded_service(
    directory: Path,
    *,
    lanes: int,
    acts_per_lane: int,
    workers: int | None = None,
    reports: bool = False,
) -> Iterator[Loaded]:
    """A park of the demo's, founded, and evidence signed for one figure a lane.

    With reports of a year before, if wanted.
    """
    timeline = timeline_of(GENERATED_YEAR, now=RealClock().now())
    secrets = make_secrets(timeline)
    directory.mkdir()
    write_secrets(directory, secrets)
    clock = ScriptedTime(directory / "clock", timeline.founding)
    founders = [
        argument for name in FOUNDERS for argument in ("--founder", hex_text(secrets.address(name)))
    ]
    run_verb(["init", "--demo", "--clock", str(clock.path), "--dir", str(directory), *founders])
    with (
        Service(directory, clock.path) as founding,
        Everybody(founding.url(), clock, secrets) as client,
    ):
        pack = load_rule_pack(RULE_PACK)
        story = Story(
            client, directory, timeline, clock, readings_of(None), secrets, pack, _say_nothing
        )
        found_park(story)
        made = report_year(story, anchor_year(story)) if reports else None
        clock.end()  # from here on real time: at most one block a second
        signed = [
            list(_evidence(story, year=_FIRST_YEAR + lane, count=acts_per_lane))
            for lane in range(lanes)
        ]
        carrier, owner = client.carrier, client.of(ENTERPRISES[0].name)
        for one in (carrier, owner):
            one.get("/v1/identifiers/88")  # years have passed: the session is opened anew
        tokens = carrier.bearer(), owner.bearer()
    with Service(directory, None, workers=workers) as service:
        report = made[ENTERPRISES[0].name].id if made else None
        yield Loaded(service.url(), service.process, *tokens, signed, report)


def let_settle(url: str) -> None:
    """Wait until everything accepted is on chain and read."""
    ends = time.monotonic() + _SETTLE_SECONDS
    with httpx2.Client(base_url=url, trust_env=False, timeout=60) as client:
        while time.monotonic() < ends:
            if client.get("/readyz").json()["oldest_waiting_seconds"] is None:
                return
            time.sleep(_POLL_SECONDS)
    raise TimeoutError("the load was never settled")


def _say_nothing(_key: str, **_facts: object) -> None:
    """The bench tells its own progress."""


def _evidence(story: Story, *, year: int, count: int) -> Iterator[dict[str, Any]]:
    """Anchors on one figure, each following the one before."""
    enterprise = ENTERPRISES[0]
    key = story.key(enterprise.name)
    follows = _NOTHING
    for _ in range(count):
        message = {
            "facility": enterprise.facility,
            "period": str(year),
            "follows": follows,
            "month": f"{year}-01",
            "root": hex_text(bytes(31) + b"\x01"),
            "leaves": 2976,
            "deadline": _FOR_EVER,
        }
        follows = id_of("Evidence", message)
        yield story.client.carrier.sign("Evidence", message, key=key)
