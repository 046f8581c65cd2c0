"""A small park for tests: a real ledger in this process, spoken to over HTTP, time in a file.

The builders of wire messages are those of tests/messages.py.
"""

import hashlib
import json
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import create_app
from api.client.signing import hash_of_wire
from api.fields import hex_text, time_text
from api.nouns import NOUN_OF
from identity.keys import address_of
from identity.signature import sign_digest
from identity.typed_data import act_id, digest
from ledger.chain.bindings import RIGHTS
from ledger.clock import ScriptedClock
from ledger.directory import DirectoryLock
from ledger.founding import FoundingPlan, found
from ledger.local_engine import local_ledger
from ledger.messages import fields_of
from ledger.naming import snake_case
from ledger.outbox.act import domain_of
from ledger.service_keys import make_passphrase_file, make_service_keys
from ledger.settings import Connections, Settings, limits_of
from tests.messages import (
    DOCUMENT,
    NOBODY,
    RULE_PACK,
    YEAR,
    allocation,
    assignment,
    confirmation,
    evidence,
    report,
    statement,
    surrender,
    transfer,
)

__all__ = [
    "DOCUMENT",
    "NOBODY",
    "RULE_PACK",
    "YEAR",
    "Park",
    "allocation",
    "assignment",
    "confirmation",
    "evidence",
    "issue_quota",
    "play_year",
    "report",
    "settle_enterprise",
    "settle_in",
    "statement",
    "surrender",
    "transfer",
]

START = "2022-12-01T00:00:00Z"
CARRIER = "founder 1"  # anyone may carry anybody's signed act
READ, SUBMIT, CUSTODY = 1, 2, 4  # scopes
RECOVERY_DELAY_SECONDS = 72 * 3600
_SETTLE_ROUNDS, _SETTLE_SECONDS = 3000, 0.01
PLENTY = limits_of(1_000_000)  # requests a second: a test plays many people
FOR_EVER = "2040-01-01T00:00:00Z"
ENTERPRISE_RIGHTS = RIGHTS["REGISTER"] | RIGHTS["REPORT"] | RIGHTS["MOVE"]


class Park:
    """A running ledger and the keys of everybody in it; `clock` moves its time."""

    def __init__(
        self,
        directory: Path,
        *,
        connections: Connections | None = None,
        start: str = START,
    ) -> None:
        self.directory = directory
        self.clock_file = directory / "clock"
        directory.mkdir(parents=True, exist_ok=True)
        self.set_time(start)
        self.keys: dict[str, bytes] = {}
        self.persons: dict[str, tuple[str, int]] = {
            f"founder {number}": ("88", number) for number in (1, 2, 3)
        }
        self.tokens: dict[str, tuple[str, str]] = {}
        self._numbers = count(1)
        founders = [self.key(f"founder {number}") for number in (1, 2, 3)]
        settings = Settings(directory, self.clock_file)
        lock = DirectoryLock(directory)
        self.service_keys = make_service_keys(
            settings.keys, passphrase=make_passphrase_file(settings.passphrase_file)
        )
        addresses = tuple(address_of(key) for key in founders)
        plan = FoundingPlan("88", addresses, RECOVERY_DELAY_SECONDS, is_demo=True)
        found(
            directory,
            plan,
            keys=self.service_keys,
            clock=ScriptedClock(self.clock_file),
            connections=connections,
        )
        lock.release()
        self.open()

    def open(self) -> None:
        """Start the ledger of the directory, again after `close`."""
        settings = Settings(self.directory, self.clock_file)
        self.ledger = local_ledger(settings, keys=self.service_keys)
        self.ledger.start()
        self.http = TestClient(create_app(self.ledger, PLENTY), raise_server_exceptions=False)

    def close(self) -> None:
        self.http.close()
        self.ledger.stop()

    def settle(self) -> None:
        """Wait until the courier has written down what became of every act."""
        for _ in range(_SETTLE_ROUNDS):
            if self.get("/readyz")["oldest_waiting_seconds"] is None:
                return
            threading.Event().wait(_SETTLE_SECONDS)
        raise AssertionError("acts are still under way")

    def key(self, name: str) -> bytes:
        """The private key of that name: the same in every park, so that ids stay."""
        return self.keys.setdefault(name, hashlib.sha256(f"the key of {name}".encode()).digest())

    def set_time(self, text: str) -> None:
        """Let it be that time: RFC 3339, never before."""
        temporary = self.clock_file.with_suffix(".tmp")
        temporary.write_text(text, "ascii")
        temporary.replace(self.clock_file)

    def in_hours(self, hours: float) -> str:
        """A time that many hours from now."""
        now = datetime.fromisoformat(self.clock_file.read_text("ascii")).timestamp()
        return time_text(int(now + hours * 3600))

    def token(self, name: str, *, scopes: int = READ | SUBMIT) -> str:
        """A valid access token of whoever has the key of that name, opened by its signature."""
        token, until = self.tokens.get(f"{name} {scopes}", ("", ""))
        if until <= self.in_hours(0):
            told = self.http.post("/v1/sessions", json=self.access(name, scopes=scopes))
            assert told.is_success, told.text
            token, until = told.json()["token"], told.json()["expires_at"]
            self.tokens[f"{name} {scopes}"] = token, until
        return token

    def access(self, name: str, **changes: Any) -> dict[str, Any]:
        """The body that opens a session for the person of that key."""
        participant, person = self.persons[name]
        message = {
            "actor": participant,
            "scopes": READ | SUBMIT,
            "person": person,
            "service": "88/SVC.0001",
            "nonce": hex_text(secrets.token_bytes(32)),
        }
        return self.envelope("Access", message | changes, signer=name)

    def headers(self, by: str | None) -> dict[str, str]:
        """What a request of that key's person carries; nothing for nobody."""
        return {} if by is None else {"Authorization": f"Bearer {self.token(by)}"}

    def envelope(
        self, message_type: str, message: Mapping[str, Any], *, signer: str
    ) -> dict[str, Any]:
        """The body that posts a message signed by the key of that name."""
        complete = {"deadline": self.in_hours(24), **message}
        names = [snake_case(name) for name, _ in fields_of(message_type)]
        ordered = {name: complete[name] for name in names}
        domain = domain_of(self.ledger.manifest, message_type)
        signed = digest(domain.separator, hash_of_wire(message_type, ordered))
        return {
            "message": ordered,
            "domain": {"chain_id": domain.chain_id, "contract": hex_text(domain.contract)},
            "signature": hex_text(sign_digest(self.key(signer), signed)),
        }

    def id_of(self, message_type: str, message: Mapping[str, Any]) -> str:
        """The act id of a complete wire message."""
        return hex_text(act_id(hash_of_wire(message_type, message)))

    def post(
        self,
        message_type: str,
        body: Any,
        *,
        wait: bool = True,
        key: str | None = None,
        by: str | None = CARRIER,
    ) -> Response:
        """Post an envelope under a fresh idempotency key, or the one given, by anyone's token."""
        query = "?wait=final&wait_seconds=30" if wait else ""
        headers = {"Idempotency-Key": key or f"test-{next(self._numbers)}"} | self.headers(by)
        return self.http.post(f"/v1/{NOUN_OF[message_type]}{query}", json=body, headers=headers)

    def act(
        self, message_type: str, message: Mapping[str, Any], *, signer: str, wait: bool = True
    ) -> str:
        """Post an act that must succeed; its id."""
        body = self.envelope(message_type, message, signer=signer)
        if message_type == "KeyAddition" and message["scheme"] == "secp256k1":
            added = self._name_of(message["added_key"])
            again = self.envelope(message_type, body["message"], signer=added)
            body["possession"] = again["signature"]
        answer = self.post(message_type, body, wait=wait)
        assert answer.is_success, answer.text
        told: str = answer.json()["id"]
        return told

    def upload(
        self, content: bytes, kind: str, *, by: str = "enterprise 1", **query: str
    ) -> dict[str, Any]:
        """Keep a document that must be taken; the answer."""
        headers = {"Idempotency-Key": f"test-{next(self._numbers)}"} | self.headers(by)
        answer = self.http.post(
            "/v1/documents", params={"kind": kind, **query}, content=content, headers=headers
        )
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def get(self, path: str, *, by: str | None = CARRIER) -> dict[str, Any]:
        """A resource that must be there for the person of that key."""
        headers = self.headers(by) if path.startswith("/v1") else {}
        answer = self.http.get(path, headers=headers)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def register(
        self,
        parent: str,
        label: str,
        kind: str,
        *,
        owner: str,
        signer: str,
        record: str | None = None,
        wait: bool = False,
    ) -> str:
        """Register an identifier."""
        message = {
            "parent": parent,
            "label": label,
            "is_prefix": kind == "prefix",
            "kind": kind,
            "owner": owner,
            "record": record,
        }
        return self.act("Registration", message, signer=signer, wait=wait)

    def add_key(
        self,
        participant: str,
        name: str,
        rights: int,
        *,
        signer: str,
        person: int = 1,
        wait: bool = False,
    ) -> str:
        """Add the key of that name to a participant."""
        self.persons[name] = participant, person
        return self.act(
            "KeyAddition",
            self.key_addition(participant, name, rights, person=person),
            signer=signer,
            wait=wait,
        )

    def key_addition(
        self, participant: str, name: str, rights: int, *, person: int = 1
    ) -> dict[str, Any]:
        """A valid KeyAddition for the key of that name, from now on."""
        return {
            "participant": participant,
            "added_key": hex_text(address_of(self.key(name))),
            "person": person,
            "rights": rights,
            "scheme": "secp256k1",
            "valid_from": None,
            "valid_until": FOR_EVER,
        }

    def _name_of(self, address: str) -> str:
        return next(name for name, key in self.keys.items() if hex_text(address_of(key)) == address)


def settle_in(park: Park) -> None:
    """Everybody registered, keyed, admitted; two enterprises with a facility and a meter each."""
    emissions = park.get("/.well-known/carbonledger")["contracts"]["Emissions"]["address"]
    founder = "founder 1"
    for label, kind in (
        ("EMISSIONS", "module"),
        ("REG.310000", "regulator"),
        ("VER.0001", "verifier"),
        ("PARK.0001", "park"),
    ):
        park.register("88", label, kind, owner="88", signer=founder)
    module_key = park.key_addition("88/EMISSIONS", "unused", RIGHTS["OBLIGE"])
    module_key |= {"added_key": emissions, "scheme": "contract"}
    park.act("KeyAddition", module_key, signer=founder, wait=False)
    regulator = sum(RIGHTS[name] for name in ("ACCREDIT", "CONFIRM", "ADMIT", "FREEZE", "ISSUE"))
    park.add_key("88/REG.310000", "regulator", regulator, signer=founder)
    park.add_key("88/VER.0001", "verifier", RIGHTS["ATTEST"], signer=founder)
    park.add_key("88/PARK.0001", "park", ENTERPRISE_RIGHTS, signer=founder)
    park.register("88", "111", "prefix", owner="88/PARK.0001", signer=founder, wait=True)
    for number in (1, 2):
        settle_enterprise(park, number)
    accreditation = {
        "authority": "88/REG.310000",
        "verifier": "88/VER.0001",
        "valid_from": START,
        "valid_until": FOR_EVER,
        "sectors": 7,
        "certificate": DOCUMENT,
        "revision": 1,
    }
    park.act("Accreditation", accreditation, signer="regulator", wait=False)
    park.act("Assignment", assignment(), signer="regulator")


def settle_enterprise(park: Park, number: int) -> None:
    """One more enterprise below the park's prefix, with a facility and a meter."""
    name, enterprise, prefix = f"enterprise {number}", f"88.111/ENT.000{number}", f"88.111.{number}"
    park.register("88.111", f"ENT.000{number}", "enterprise", owner="88/PARK.0001", signer="park")
    park.add_key(enterprise, name, ENTERPRISE_RIGHTS, signer="park")
    park.register("88.111", str(number), "prefix", owner=enterprise, signer="park", wait=True)
    park.register(prefix, "FAC.0001", "facility", owner=enterprise, signer=name)
    record = {
        "facility": f"{prefix}/FAC.0001",
        "source": f"{prefix}/SRC.0001",
        "quantity": "electricity",
        "unit": "kWh",
        "step_seconds": 3600,
        "salt": "0x" + "07" * 32,
    }
    content = json.dumps(record, sort_keys=True, separators=(",", ":")).encode()
    told = park.upload(content, "meter_record", by=name)
    park.register(prefix, "MTR.0001", "meter", owner=enterprise, signer=name, record=told["digest"])
    standing = {
        "authority": "88/REG.310000",
        "subject": enterprise,
        "standing": 7,
        "revision": 1,
        "reason": None,
    }
    park.act("StandingChange", standing, signer="regulator")


def issue_quota(park: Park) -> None:
    """Cap, strict surrender rule, and 1,000 t for the first enterprise."""
    cap = {
        "authority": "88/REG.310000",
        "asset": "PARK-2023",
        "tonnes": 10_000,
        "revision": 1,
        "document": DOCUMENT,
    }
    park.act("Cap", cap, signer="regulator", wait=False)
    rule = {
        "authority": "88/REG.310000",
        "instrument": "park",
        "year": YEAR,
        "first_vintage": YEAR,
        "last_vintage": YEAR,
        "share_permyriad": 10_000,
        "is_strict": True,
        "surrender_by": "2024-12-31T16:00:00Z",
        "revision": 1,
        "rule_pack": RULE_PACK,
    }
    park.act("Rule", rule, signer="regulator", wait=False)
    park.act("Allocation", allocation(), signer="regulator")


def play_year(park: Park) -> None:
    """Evidence, report, statement, confirmation, transfer and surrender of the first enterprise."""
    anchored = park.act("Evidence", evidence(), signer="enterprise 1")
    reported = park.act("Report", report(follows=anchored), signer="enterprise 1")
    attested = park.act("Statement", statement(reported), signer="verifier")
    park.act("Confirmation", confirmation(attested), signer="regulator")
    park.act("Transfer", transfer(), signer="enterprise 1")
    park.act("Surrender", surrender(), signer="enterprise 1")
