"""A park in which every act has a valid next message, and every refusal a reason."""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any, Self

from httpx2 import Response
from sqlalchemy import select

from api.client.signing import hash_of_wire
from api.fields import hex_text
from api.nouns import NOUNS
from identity.identifier import parse_identifier
from identity.keys import address_of
from identity.signature import recover_address
from identity.typed_data import digest
from ledger.chain.bindings import RIGHTS
from ledger.migrations.kept import KEPT
from ledger.outbox.act import domain_of
from ledger.store.row_mac import row_mac_table, row_mac_total_table
from tests import messages as valid
from tests.api.held import HeldPark
from tests.api.next_messages import (
    Message,
    accreditation,
    cancellation,
    cap,
    delivery,
    facility,
    finding,
    record_change,
    registration,
    reopening,
    rule,
    standing_change,
    tie,
)
from tests.park import (
    ENTERPRISE_RIGHTS,
    FOR_EVER,
    issue_quota,
    play_year,
    settle_enterprise,
    settle_in,
)

# Their sessions are open from the start, so that a test sees no row more.
SIGNED_IN = (
    "founder 1",
    "regulator",
    "park",
    "verifier",
    "verifier 2",
    "enterprise 1",
    "enterprise 2",
)
# Noted some time after a request that no test can wait for.
WRITTEN_BEHIND = ("last_used_day", "seen_at")
# They follow from the rows, those written behind too.
MACS = {row_mac_table, row_mac_total_table}


class World:
    """The park, the ids and addresses that cases name, and one valid act of every type."""

    def __init__(self, park: HeldPark) -> None:
        self.park = park
        self.ids: dict[str, str] = {}
        settle_in(park)
        issue_quota(park)
        play_year(park)
        self._settle_others()
        self._make_keys()
        self._make_figures()
        self.wait_until_idle()
        known = park.get("/.well-known/carbonledger")
        self.now: str = known["as_of_time"]
        self.acts = self._acts()
        for name in SIGNED_IN:
            park.token(name)
        self.answers: dict[str, Response] = {}
        self.bodies = {name: self.body(name) for name in NOUNS.values()}

    def copied(self, directory: Path) -> Self:
        """The same world, closed before, in a directory of its own."""
        other = copy.copy(self)
        other.park, other.answers = self.park.copied(directory), {}
        return other

    def _settle_others(self) -> None:
        """A suspended enterprise and facility, a tied verifier, one accredited too early."""
        settle_enterprise(self.park, 3)
        for number in range(2, 7):
            self.ids["registered"] = self.park.register(
                "88.111.1",
                f"FAC.{number:04}",
                "facility",
                owner="88.111/ENT.0001",
                signer="enterprise 1",
                wait=number == 6,
            )
        self._stand("88.111/ENT.0003", 0, revision=2)
        self._stand(facility(6), 0, revision=1)
        for number, until in ((2, FOR_EVER), (3, "2022-12-01T00:00:01Z")):
            self._settle_verifier(number, until)

    def _stand(self, subject: str, standing: int, *, revision: int) -> None:
        change = standing_change(subject, standing=standing, revision=revision)
        self.park.act("StandingChange", change, signer="regulator")

    def _settle_verifier(self, number: int, until: str) -> None:
        verifier, name = f"88/VER.000{number}", f"verifier {number}"
        self.park.register(
            "88", f"VER.000{number}", "verifier", owner="88", signer="founder 1", wait=True
        )
        self.park.add_key(verifier, name, RIGHTS["ATTEST"], signer="founder 1", wait=True)
        accredited = accreditation(verifier=verifier, valid_until=until, revision=1)
        self.park.act("Accreditation", accredited, signer="regulator", wait=False)
        ties = 2 if number == 2 else 0
        assigned = valid.assignment(verifier=verifier, ties=ties)
        self.park.act("Assignment", assigned, signer="regulator")

    def _make_keys(self) -> None:
        """Keys of the first enterprise: one retired, one compromised, one that only reports."""
        for name in ("retired", "compromised", "reporter"):
            right = RIGHTS["REPORT"] if name == "reporter" else ENTERPRISE_RIGHTS
            self.ids["added"] = self.park.add_key(
                "88.111/ENT.0001", name, right, signer="enterprise 1", wait=True
            )
        for name in ("retired", "compromised"):
            is_compromised = name == "compromised"
            time = "2022-12-01T00:00:10Z" if is_compromised else None
            ending = self.key_ending(name, is_compromised=is_compromised, time=time)
            self.park.act("KeyEnding", ending, signer="enterprise 1")

    def key_ending(self, name: str, **changes: Any) -> Message:
        """A valid retirement of the key of that name."""
        return {
            "participant": "88.111/ENT.0001",
            "ended_key": self.address(name),
            "time": None,
            "is_compromised": False,
        } | changes

    def address(self, name: str) -> str:
        return hex_text(address_of(self.park.key(name)))

    def _make_figures(self) -> None:
        """Heads: 2 negative statement, 3 corrected report, 4 positive statement, 5 confirmed."""
        for number in (2, 3, 4, 5):
            self._report(number, follows=valid.NOBODY, grams=100_250_000)
        self.ids["negative"] = self._attest(2, opinion="negative")
        self.ids["stale"] = self.ids["report_3"]
        self._report(3, follows=self.ids["stale"], grams=50_250_000)
        self.ids["positive"] = self._attest(4)
        self.ids["confirmed"] = self._confirm(5, follows=self._attest(5))
        heads = self.park.get("/v1/compliance/2023/88.111/ENT.0001")["facilities"]
        self.ids["year_confirmed"] = heads[0]["head"]
        self._name_first_acts()
        self._take_key()

    def _name_first_acts(self) -> None:
        first = {"surrendered": "surrenders", "transferred": "transfers"}
        first |= {"allocated": "allocations", "capped": "caps"}
        for name, noun in first.items():
            self.ids[name] = self.park.get(f"/v1/{noun}")["items"][0]["id"]

    def _take_key(self) -> None:
        """An act under the idempotency key `taken`."""
        message = valid.report(period="2022")
        body = self.park.envelope("Report", message, signer="enterprise 1")
        answer = self.park.post("Report", body, key="taken", by="enterprise 1")
        self.ids["taken_at"] = answer.json()["accepted_at"]

    def _report(self, number: int, *, follows: str, grams: int) -> None:
        message = valid.report(facility=facility(number), follows=follows, indirect_grams=grams)
        self.ids[f"report_{number}"] = self.park.act("Report", message, signer="enterprise 1")

    def _attest(self, number: int, **changes: Any) -> str:
        report = self.ids[f"report_{number}"]
        message = valid.statement(report, facility=facility(number), verified_grams=100_250_000)
        attested = self.park.act("Statement", message | changes, signer="verifier")
        self.ids[f"statement_{number}"] = attested
        return attested

    def _confirm(self, number: int, *, follows: str) -> str:
        message = valid.confirmation(follows, facility=facility(number), tonnes=100)
        return self.park.act("Confirmation", message, signer="regulator")

    def wait_until_idle(self) -> None:
        """The outbox has heard what became of everything."""
        while self.park.get("/readyz")["oldest_waiting_seconds"] is not None:
            pass

    def _acts(self) -> dict[str, tuple[Message, str]]:
        """By type: a message that is valid now, whatever of the others comes first; its signer."""
        mine, regulator = "enterprise 1", "regulator"
        newer = self.ids["report_3"]
        return {
            "Registration": (registration(), mine),
            "RecordChange": (record_change(), mine),
            "KeyAddition": (
                self.park.key_addition("88.111/ENT.0001", "fresh", RIGHTS["REPORT"]),
                mine,
            ),
            "KeyEnding": (self.key_ending("reporter"), mine),
            "StandingChange": (standing_change("88.111/ENT.0002"), regulator),
            "Accreditation": (accreditation(), regulator),
            "Assignment": (valid.assignment(revision=2), regulator),
            "Tie": (tie(), mine),
            "Evidence": (valid.evidence(period="2024", month="2024-01"), mine),
            "Report": (valid.report(period="2024", facility=facility(2)), mine),
            "Statement": (valid.statement(newer, facility=facility(3)), "verifier"),
            "Confirmation": (
                valid.confirmation(self.ids["positive"], facility=facility(4), tonnes=100),
                regulator,
            ),
            "Reopening": (reopening(self.ids["year_confirmed"]), regulator),
            "Cap": (cap(), regulator),
            "Rule": (rule(), regulator),
            "Allocation": (valid.allocation(tonnes=10, revision=2), regulator),
            "Transfer": (valid.transfer(tonnes=10, nonce=3), mine),
            "Surrender": (valid.surrender(tonnes=10, nonce=4), mine),
            "Cancellation": (cancellation(), mine),
            "Finding": (finding(newer), "verifier"),
            "Delivery": (delivery(), mine),
        }

    def body(self, message_type: str, *, signer: str = "", **changes: Any) -> Message:
        """The envelope of the valid act with these fields changed before it is signed."""
        message, usual = self.acts[message_type]
        body = self.park.envelope(message_type, message | changes, signer=signer or usual)
        second = {"KeyAddition": ("possession", "fresh")}
        second["Delivery"] = ("countersignature", "enterprise 2")
        if message_type in second:
            name, by = second[message_type]
            if "added_key" in body["message"]:
                by = self.park._name_of(body["message"]["added_key"])
            again = self.park.envelope(message_type, body["message"], signer=by)
            body[name] = again["signature"]
        return body

    def names(self) -> dict[str, str]:
        """What `$name` stands for in the data of the cases."""
        addresses = {
            f"key_{name.replace(' ', '_')}": self.address(name)
            for name in [*self.park.keys, "stranger"]
        }
        contracts = self.park.get("/.well-known/carbonledger")["contracts"]
        deployed = {name.lower(): each["address"] for name, each in contracts.items()}
        signed = {
            "possession_of_stranger": self._signature("KeyAddition", signer="stranger"),
            "countersignature_of_stranger": self._signature("Delivery", signer="stranger"),
            "countersignature": self.bodies["Delivery"]["countersignature"],
            "recovered": self._recovered("Transfer", tonnes=11),
        }
        known = {"now": self.now, "document": valid.DOCUMENT}
        return self.ids | addresses | deployed | signed | known | self._key_times()

    def _key_times(self) -> dict[str, str]:
        """When the retired and the compromised key began and ended."""
        keys = self.park.get("/v1/keys?identifier=88.111/ENT.0001")["items"]
        times = {each["key"]: each for each in keys}
        return {
            f"{name}_{end}": times[self.address(name)][f"valid_{end}"]
            for name in ("retired", "compromised")
            for end in ("from", "until")
        }

    def _signature(self, message_type: str, *, signer: str) -> str:
        """Somebody's signature over the valid act."""
        message = self.bodies[message_type]["message"]
        told: str = self.park.envelope(message_type, message, signer=signer)["signature"]
        return told

    def _recovered(self, message_type: str, **changes: Any) -> str:
        """Whose signature the valid one is over the message changed afterwards."""
        body, domain = self.bodies[message_type], domain_of(self.park.ledger.manifest, message_type)
        hashed = hash_of_wire(message_type, body["message"] | changes)
        signature = bytes.fromhex(body["signature"][2:])
        return hex_text(recover_address(digest(domain.separator, hashed), signature))

    def kept(self) -> str:
        """The digest of every row of every kept table, without their MACs."""
        hashed = hashlib.sha256()
        with self.park.ledger.reading() as reading:
            for table in KEPT.sorted_tables:
                if table in MACS:
                    continue
                columns = [column for column in table.c if column.name not in WRITTEN_BEHIND]
                rows = reading.execute(select(*columns).order_by(*table.primary_key))
                hashed.update(repr((table.name, rows.fetchall())).encode())
        return hashed.hexdigest()

    def head(self) -> str:
        """The hash of the newest block."""
        head: str = self.park.ledger.rpc("eth_getBlockByNumber", ["latest", False])["hash"]
        return head


def compact(body: Any) -> str:
    """JSON text as the cases' replacements see it."""
    return json.dumps(body, separators=(",", ":"))


def hash_of(identifier: str) -> str:
    return hex_text(parse_identifier(identifier).hash)
