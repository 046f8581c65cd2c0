"""The whole demo as a process on a file of readings, seen from outside.

Nothing of ours is imported here: the roots that were anchored are recomputed from the file and
from what the service hands out, with the standard library alone; a founder signs in to read it.
"""

import hashlib
import hmac
import json
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.scripts.park_year.outsider import sign_in

ROOT = Path(__file__).resolve().parents[3]
COMMAND = [sys.executable, "-m", "scripts.cli"]
YEAR = 2021
STEEL, STEEL_METER = "88.111.1/FAC.0001", "88.111.1/MTR.0001"
FACTOR_GRAMS = Fraction("530.6")  # of a kilowatt-hour: 0.5306 kg
WAIT_SECONDS = 60
# One play of half a minute stands behind all these tests; a loaded machine takes longer.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a demo showed while it served, how it ended, and what a later `serve` shows."""

    document: dict[str, Any]
    progress: str
    anchors: list[dict[str, Any]]
    tables: dict[str, dict[str, Any]]  # the standing report's document by facility
    readings: dict[tuple[str, str], bytes]  # by meter and month
    seeds: dict[str, dict[str, str]]
    findings: list[dict[str, Any]]
    developers: dict[str, Any]  # what the request answers that is printed for developers
    later: dict[str, Any]
    status: int
    later_head: str


def _rows() -> list[tuple[str, str]]:
    """Every hour of the year: 100 to 239 kilowatt-hours and some tenths."""
    start = datetime(YEAR, 1, 1, tzinfo=timezone(timedelta(hours=8)))
    return [
        ((start + timedelta(hours=hour)).isoformat(), f"{100 + hour % 140}.{hour % 10}")
        for hour in range(365 * 24)
    ]


def _get(url: str, path: str, token: str = "") -> Any:
    return json.loads(_get_bytes(url, path, token))


def _get_bytes(url: str, path: str, token: str = "") -> bytes:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url + path, headers=headers)
    with urllib.request.urlopen(request, timeout=WAIT_SECONDS) as answer:
        content: bytes = answer.read()
        return content


def _paste(told: str) -> dict[str, Any]:
    """The answer to the one printed request that has a token."""
    (line,) = [line for line in told.splitlines() if "Bearer" in line]
    curl, url, header, token = shlex.split(line)
    assert (curl, header) == ("curl", "-H")
    answer: dict[str, Any] = _get(url, "", token.removeprefix("Authorization: Bearer "))
    return answer


def _read_document(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The one JSON object, whose last line is a brace alone; the process goes on."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or lines[-1] != "}\n":
        line = process.stdout.readline()
        assert line, f"ended before its object was printed, with status {process.wait()}"
        lines.append(line)
    document: dict[str, Any] = json.loads("".join(lines))
    return document


def _look_around(url: str, token: str) -> dict[str, Any]:
    """Anchors, standing reports' tables, the readings they name, the findings."""
    anchors = _get(url, "/v1/evidence?limit=200", token)["items"]
    reports = _get(url, "/v1/reports?limit=200", token)["items"]
    tables, readings = {}, {}
    for report in reports:
        if report["state"] == "confirmed":
            table = _get(url, f"/v1/documents/{report['document']}?reason=test", token)
            tables[report["facility"]] = table
            for month in table["months"]:
                for entry in month["entries"]:
                    path = f"/v1/documents/{entry['readings']}?reason=test"
                    content = _get_bytes(url, path, token)
                    readings[entry["meter"], month["month"]] = content
    wrong = next(report for report in reports if report["state"] == "superseded")
    findings = _get(url, f"/v1/reports/{wrong['id']}/findings", token)["items"]
    return {"anchors": anchors, "tables": tables, "readings": readings, "findings": findings}


def _url_of(process: "subprocess.Popen[bytes]", directory: Path) -> str:
    """Where the service answers, as soon as it does."""
    ends = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends:
        with suppress(OSError):
            url = str(json.loads((directory / "service.json").read_text("utf-8"))["url"])
            _get(url, "/healthz")
            return url
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"serve ended with status {process.wait(0.05)}")
    pytest.fail("serve does not answer")


@contextmanager
def _served_again(directory: Path) -> Iterator[str]:
    """What Ctrl-C left, opened by `serve` as its user would."""
    arguments = [*COMMAND, "serve", "--dir", str(directory), "--port", "0"]
    process = subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        yield _url_of(process, directory)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(WAIT_SECONDS)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    place = tmp_path_factory.mktemp("demo")
    file, directory, progress = place / "year.csv", place / "park", place / "progress"
    file.write_text("\n".join(["stamp,quantity", *map(",".join, _rows()), ""]), "ascii")
    options = ["--json", "--lang", "en", "--readings", str(file), "--dir", str(directory)]
    with progress.open("w") as told:
        process = subprocess.Popen(
            [*COMMAND, "demo", *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=told, text=True
        )
        try:
            document = _read_document(process)
            url = json.loads((directory / "service.json").read_text("utf-8"))["url"]
            found = _look_around(url, sign_in(url, directory))
            developers = _paste(progress.read_text("utf-8"))
        finally:
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=WAIT_SECONDS)
    assert rest == ""
    with _served_again(directory) as later_url:
        later = _get(later_url, f"/v1/compliance/{YEAR}")
        later_head = _get(later_url, "/.well-known/carbonledger")["head"]
    seeds = json.loads((directory / "demo-keys.json").read_text("utf-8"))["salt_seeds"]
    return Seen(
        document=document,
        progress=progress.read_text("utf-8"),
        seeds=seeds,
        developers=developers,
        later=later,
        later_head=later_head,
        status=process.returncode,
        **found,
    )


def _tree_head(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1: split at the largest power of two."""
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = 1 << (len(entries) - 1).bit_length() - 1
    left, right = _tree_head(entries[:split]), _tree_head(entries[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def _meter_root(rows: list[tuple[str, str]], *, meter: str, unit: str, seed: str) -> bytes:
    """Salted leaves, a tree a day, a tree over the days."""
    days: dict[str, list[bytes]] = {}
    for index, (stamp, quantity) in enumerate(rows):
        salt = hmac.digest(bytes.fromhex(seed[2:]), index.to_bytes(8, "big"), "sha256")
        leaf = salt + f"{meter}|{stamp}|{quantity}|{unit}".encode()
        days.setdefault(stamp[:10], []).append(leaf)
    return _tree_head([_tree_head(days[day]) for day in sorted(days)])


def _steel_tonnes() -> int:
    """The file's grams half-up by month, their sum half-up to tonnes once."""
    months: dict[str, Fraction] = {}
    for stamp, quantity in _rows():
        months[stamp[:7]] = months.get(stamp[:7], Fraction(0)) + Fraction(quantity)
    half = Fraction(1, 2)
    grams = sum(int(kilowatt_hours * FACTOR_GRAMS + half) for kilowatt_hours in months.values())
    return int(Fraction(grams, 10**6) + half)


def test_play_file_gives_the_files_tonnes_when_the_steel_works_is_confirmed(seen: Seen) -> None:
    steel = seen.document["enterprises"][0]
    assert steel["identifier"] == "88.111/ENT.0001"
    assert steel["verified_tonnes"] == _steel_tonnes()


def test_play_file_balances_every_row_when_the_year_is_over(seen: Seen) -> None:
    for row in seen.document["enterprises"]:
        came = row["allocated"] + row["received"]
        assert came == row["sent"] + row["surrendered"] + row["balance"]
        assert row["surrendered"] == row["verified_tonnes"]
        assert row["status"] == "compliant"


def test_play_file_nets_the_park_once_when_deliveries_are_internal(seen: Seen) -> None:
    park = seen.document["park"]
    gross = sum(row["verified_tonnes"] for row in seen.document["enterprises"])
    assert park["gross_tonnes"] == gross
    assert park["net_tonnes"] == gross - park["internal_tonnes"]
    assert park["internal_tonnes"] == 264


def test_play_file_prints_one_object_of_these_fields_when_json_is_asked(seen: Seen) -> None:
    assert list(seen.document) == [
        "enterprises",
        "park",
        "readings",
        "evidence_anchors",
        "reports",
        "statements",
        "blocks",
        "transactions",
        "tamper_found",
        "mirror_equals_chain",
        "head",
        "seconds",
    ]
    counts = [seen.document[name] for name in ("evidence_anchors", "reports", "statements")]
    assert counts == [36, 4, 4]
    assert seen.document["readings"] == 4 * 8_760 + 2 * 35_040
    assert seen.document["tamper_found"] is True
    assert seen.document["mirror_equals_chain"] is True


def test_recompute_root_gives_the_anchored_one_when_steel_is_read_from_the_file(
    seen: Seen,
) -> None:
    anchored = {
        anchor["month"]: (anchor["root"], anchor["leaves"])
        for anchor in seen.anchors
        if anchor["facility"] == STEEL
    }
    recomputed = {}
    for month in sorted(anchored):
        rows = [row for row in _rows() if row[0].startswith(month)]
        seed = seen.seeds[STEEL_METER][month]
        root = _meter_root(rows, meter=STEEL_METER, unit="kWh", seed=seed)
        recomputed[month] = ("0x" + _tree_head([root]).hex(), len(rows))
    assert len(anchored) == 12
    assert anchored == recomputed


def test_recompute_root_gives_the_anchored_one_when_meters_and_deliveries_join(
    seen: Seen,
) -> None:
    recomputed = {}
    for facility, table in seen.tables.items():
        for month in table["months"]:
            roots = []
            for entry in sorted(month["entries"], key=lambda one: str(one["meter"])):
                meter = entry["meter"]
                lines = seen.readings[meter, month["month"]].decode().splitlines()[1:]
                rows = [(stamp, quantity) for stamp, quantity in (one.split(",") for one in lines)]
                seed = seen.seeds[meter][month["month"]]
                roots.append(_meter_root(rows, meter=meter, unit=entry["unit"], seed=seed))
            digests = sorted(bytes.fromhex(one[2:]) for one in month["deliveries"])
            recomputed[facility, month["month"]] = "0x" + _tree_head(roots + digests).hex()
    anchored = {(one["facility"], one["month"]): one["root"] for one in seen.anchors}
    assert len(anchored) == 36
    assert anchored == recomputed


def test_find_slip_names_month_and_carrier_when_kilowatt_hours_were_megawatt_hours(
    seen: Seen,
) -> None:
    assert [finding["parameter"] for finding in seen.findings] == [f"electricity {YEAR}-04"]


def test_tell_story_keeps_to_standard_error_when_json_is_asked(seen: Seen) -> None:
    for told in ("1. Enterprise", "2. Verifier", "3. Park", "4. Regulator", "Tampering"):
        assert told in seen.progress
    assert seen.progress.count("  curl ") == 4


def test_request_for_developers_is_answered_when_it_is_pasted_as_printed(seen: Seen) -> None:
    told = seen.developers
    assert (told["account"], told["view"]) == ("88.111/ENT.0001", "owner")


def test_interrupt_ends_well_when_the_demo_goes_on_serving(seen: Seen) -> None:
    assert seen.status == 0


def test_serve_again_shows_the_same_year_when_the_demo_was_interrupted(seen: Seen) -> None:
    shown = [(one["enterprise"], one["status"]) for one in seen.later["items"]]
    played = [(row["identifier"], row["status"]) for row in seen.document["enterprises"]]
    assert shown == played
    assert seen.later_head == seen.document["head"]


def _causes(directory: Path) -> dict[str, str]:
    """What the doctor says of each check."""
    told = subprocess.run(
        [*COMMAND, "doctor", "--dir", str(directory), "--port", "0", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {one["name"]: one["cause"] for one in json.loads(told.stdout)["checks"]}


@pytest.mark.slow  # a second whole play
def test_play_generated_year_gives_the_known_tonnes_when_no_file_is_given(tmp_path: Path) -> None:
    directory = tmp_path / "park"
    played = subprocess.run(
        [*COMMAND, "demo", "--once", "--json", "--dir", str(directory)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    document = json.loads(played.stdout)
    assert played.returncode == 0
    assert not (directory / "service.json").exists()
    causes = _causes(directory)
    assert (causes["rows"], causes["row_total"]) == ("whole", "comes_out")
    fields = ("verified_tonnes", "allocated", "received", "sent", "surrendered", "balance")
    assert [tuple(row[name] for name in fields) for row in document["enterprises"]] == [
        (791, 704, 87, 0, 791, 0),
        (973, 1039, 0, 66, 973, 0),
        (1107, 1187, 0, 21, 1107, 59),
    ]
    assert document["park"] == {
        "identifier": "88/PARK.0001",
        "gross_tonnes": 2871,
        "internal_tonnes": 264,
        "net_tonnes": 2607,
        "peak_month": "2023-07",
        "warning_month": "2023-08",
    }
