"""A park with readings behind an anchored root, stopped: a directory with everything in it."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.fields import hex_text
from ledger.clock import RealClock
from ledger.diagnosis.diagnosis import diagnose
from ledger.diagnosis.finding import Finding
from ledger.diagnosis.place import Question
from ledger.evidence.merkle import facility_root
from ledger.settings import Settings
from scripts.listeners import listen
from tests.api.held import HeldPark
from tests.messages import evidence
from tests.park import settle_in

METER = "88.111.1/MTR.0001"
MONTH = "2023-02"
_STAMPS = [f"2023-02-{day:02}T{hour:02}:00:00+08:00" for day in range(1, 29) for hour in range(24)]
READINGS = "\n".join(
    ["stamp,quantity", *(f"{stamp},{index}.25" for index, stamp in enumerate(_STAMPS)), ""]
).encode()


@dataclass(frozen=True, slots=True)
class KeptPark:
    """A closed park, the act of its evidence, and the passphrase of its service's keys."""

    park: HeldPark
    evidence: str
    passphrase: str

    def copied(self, to: Path) -> Path:
        """A copy that a test may spoil; without the passphrase, which a question hands in."""
        shutil.copytree(self.park.directory, to)
        (to / "keys" / "passphrase").unlink()
        return to


def play(directory: Path) -> KeptPark:
    """Settle in, keep one month of readings and anchor its root."""
    park = HeldPark(directory)
    settle_in(park)
    headers = {"Idempotency-Key": "readings", "Carbon-Salt-Seed": "0x" + "5e" * 32}
    told = park.http.post(
        "/v1/documents",
        params={"kind": "readings", "meter": METER, "period": MONTH},
        content=READINGS,
        headers=headers | park.headers("enterprise 1"),
    ).json()
    root = facility_root({METER: bytes.fromhex(told["root"][2:])}, ())
    message = evidence(month=MONTH, root=hex_text(root), leaves=told["leaves"])
    act = park.act("Evidence", message, signer="enterprise 1")
    park.settle()
    park.close()
    return KeptPark(park, act, Settings(directory).passphrase_file.read_text("ascii"))


def ask(directory: Path, **changes: Any) -> list[Finding]:
    """Everything the doctor finds; a test asks of a port that nobody has."""
    return diagnose(question(directory, **changes))


def question(directory: Path, **changes: Any) -> Question:
    """What is asked of a directory now."""
    free = listen(0)
    asked: dict[str, Any] = {
        "now": RealClock().now(),
        "port": free.getsockname()[1],
        "passphrase": None,
    }
    free.close()
    return Question(settings=Settings(directory), **asked | changes)


def defects(findings: list[Finding]) -> list[str]:
    """Check and cause of what is bad."""
    return [f"{one.check}.{one.cause}" for one in findings if one.state == "bad"]
