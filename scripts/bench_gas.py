"""Gas of every verb, of a work unit W, and of batches and anchors.

`python -m scripts.bench_gas` prints JSON. W is report, statement, allocation of 1,000 t, transfer
of 100 t and surrender of 50 t; each step is signed by a key that has signed nothing yet. In a
verb's cases, "first" makes its slot and "steady" rewrites it.
"""

import json
import sys
from typing import Any

from eth_utils.crypto import keccak

from identity.keys import address_of
from ledger.chain.bindings import INSTRUMENTS, MESSAGES, OPINIONS
from scripts.bench_park import BATCH, FOREVER, BenchPark, Message, id_of, struct

YEAR = 2023
ASSET = INSTRUMENTS["PARK"] << 56 | YEAR << 40
TONNES = 1_234
MONTH_LEAVES = 2_976
_PERIOD = YEAR * 100
_NOTHING = bytes(32)
_DIGEST = keccak(text="a document of ours")
GRAMS_PER_TONNE = 1_000_000
_SINGLE = 4  # enterprises whose acts are measured one by one; the others act in batches
_KNOWN = 3  # the enterprise whose holding exists before the others transfer to it
_SUBJECT = "S" * 8  # the service on which the verbs of Identifiers are measured
_WORK_UNIT = ("report", "attest", "allocate", "transfer", "surrender")

Cases = dict[str, int]


def measure_gas() -> dict[str, Any]:
    """Gas by verb and case, of W, of each act of a batch, and of each reading of an anchor."""
    bench = _Bench(BenchPark(enterprises=_SINGLE + BATCH))
    verbs = bench.identifiers() | bench.rules()
    verbs["anchor"] = bench.anchors()
    after_evidence, bare = bench.work_unit(0), bench.work_unit(1)
    batches = bench.batches()
    verbs |= bench.figures(after_evidence, bare) | bench.holdings(after_evidence)
    return {
        "verbs": verbs,
        "work_unit": {
            "after_evidence": sum(after_evidence[step] for step in _WORK_UNIT),
            "bare": sum(bare[step] for step in _WORK_UNIT),
            "in_batch": round(sum(batches[step] for step in _WORK_UNIT)),
        },
        "batch_each": {verb: round(gas) for verb, gas in batches.items()},
        "reading": {
            f"{leaves}_leaves_{case}": round(gas / leaves, 1)
            for leaves in (100, MONTH_LEAVES)
            for case, gas in verbs["anchor"].items()
        },
        "code_bytes": bench.park.code_bytes(),
    }


class _Bench:
    """The measurements; they follow each other on one park."""

    def __init__(self, park: BenchPark) -> None:
        self.park = park
        self._heads: dict[int, bytes] = {}

    def _act(self, kind: str, participant: str, *values: Any, **more: Any) -> int:
        message = struct(kind, (*values, FOREVER))
        return self.park.act(kind, message, key=self.park.fresh(participant), **more)

    def identifiers(self) -> dict[str, Cases]:
        """Registration, keys, and what is set about a subject: first and once more."""
        verbs = {"register": self._registrations(), "addKey": self._key_additions()}
        verbs["endKey"] = self._key_endings()
        ids = self.park.ids
        subject, verifier, authority = ids[_SUBJECT], ids["VERIFIER"], ids["REGULATOR"]
        cases: tuple[tuple[str, int], ...] = (("first", 1), ("steady", 2))
        for case, number in cases:
            years = (2021, 2023, 1, 0)
            gas = {
                "setStanding": self._act(
                    "StandingChange", "REGULATOR", authority, subject, 3, number, _DIGEST
                ),
                "accredit": self._act(
                    "Accreditation", "REGULATOR", authority, subject, 1, FOREVER, 1, _DIGEST, number
                ),
                "assign": self._act(
                    "Assignment", "REGULATOR", authority, verifier, subject, *years, number
                ),
                "setRecord": self._act("RecordChange", _SUBJECT, subject, _DIGEST, number),
                "declareTie": self._act("Tie", _SUBJECT, subject, verifier, subject, number),
            }
            for verb, spent in gas.items():
                verbs.setdefault(verb, {})[case] = spent
        return verbs

    def _registrations(self) -> Cases:
        cases = {"prefix_4_digits": self.park.register("1234", kind="PREFIX")}
        for length in (8, 16, 64):
            gas = self.park.register("S" * length, kind="SERVICE")
            cases[f"suffix_{length}_characters"] = gas
        return cases

    def _key_additions(self) -> Cases:
        def add(number: int, *, person: int, giver: bytes) -> int:
            return self.park.add_key(_SUBJECT, _measured(number), person=person, giver=giver)

        return {
            "first": add(0, person=1, giver=self.park.fresh("ROOT")),
            "new_person": add(1, person=2, giver=self.park.fresh("ROOT")),
            "rotation": add(2, person=1, giver=_measured(0)),
        }

    def _key_endings(self) -> Cases:
        subject = self.park.ids[_SUBJECT]
        ended = [address_of(_measured(number)) for number in (0, 1)]
        return {
            "retire": self._act("KeyEnding", _SUBJECT, subject, ended[0], 0, False),
            "compromised": self._act("KeyEnding", _SUBJECT, subject, ended[1], 1, True),
        }

    def rules(self) -> dict[str, Cases]:
        """Cap and rule, each set twice; and an account that all others know."""
        authority = self.park.ids["REGULATOR"]
        row = (authority, INSTRUMENTS["PARK"], YEAR, YEAR, YEAR, 10_000, True, 1_735_660_800)
        verbs: dict[str, Cases] = {"setCap": {}, "setRule": {}}
        for case, number in (("first", 1), ("steady", 2)):
            cap = (authority, ASSET, 10**6, number, _DIGEST)
            verbs["setCap"][case] = self._act("Cap", "REGULATOR", *cap)
            verbs["setRule"][case] = self._act("Rule", "REGULATOR", *row, number, _DIGEST)
        allocation = self._messages(_KNOWN)["Allocation"]
        self.park.act("Allocation", allocation, key=self.park.fresh("REGULATOR"))
        return verbs

    def anchors(self) -> Cases:
        """Evidence of enterprise 0: the first and the next of its year."""
        return {case: self._anchor(month) for case, month in (("first", 1), ("steady", 2))}

    def _anchor(self, month: int) -> int:
        place = (self.park.ids["FACILITY0"], _PERIOD, self._heads.get(0, _NOTHING))
        content = (_PERIOD + month, _DIGEST, MONTH_LEAVES)
        self._heads[0] = id_of("Evidence", struct("Evidence", (*place, *content, FOREVER)))
        return self._act("Evidence", "ENTERPRISE0", *place, *content)

    def _messages(self, number: int, *, receiver: int = _KNOWN) -> dict[str, Message]:
        """What an enterprise's year needs, each act on the one before."""
        ids = self.park.ids
        account, authority = ids[f"ENTERPRISE{number}"], ids["REGULATOR"]
        place = (ids[f"FACILITY{number}"], _PERIOD)
        grams = (TONNES * GRAMS_PER_TONNE - 400_000, 400_000)
        opinion = (ids["VERIFIER"], OPINIONS["POSITIVE"], sum(grams), _DIGEST)
        follows = self._heads.get(number, _NOTHING)
        contents: dict[str, tuple[Any, ...]] = {
            "Report": (*grams, _DIGEST, _DIGEST),
            "Statement": opinion,
            "Confirmation": (authority, account, TONNES),
        }
        messages: dict[str, Message] = {}
        for kind, content in contents.items():
            messages[kind] = struct(kind, (*place, follows, *content, FOREVER))
            follows = id_of(kind, messages[kind])
        quotas: dict[str, tuple[Any, ...]] = {
            "Allocation": (authority, account, ASSET, 1_000, 1, _DIGEST, _DIGEST),
            "Transfer": (account, ids[f"ENTERPRISE{receiver}"], ASSET, 100, 1),
            "Surrender": (account, ASSET, 50, YEAR, 2),
        }
        return messages | {
            kind: struct(kind, (*content, FOREVER)) for kind, content in quotas.items()
        }

    def work_unit(self, number: int) -> Cases:
        """The steps of W for an enterprise, and the confirmation between them, one by one."""
        messages = self._messages(number)
        shown = {"Confirmation": messages["Statement"]}
        return {
            MESSAGES[kind]["verb"]: self.park.act(
                kind, message, key=self._signer(kind, number), shown=shown.get(kind)
            )
            for kind, message in messages.items()
        }

    def _signer(self, kind: str, number: int) -> bytes:
        authorities = dict.fromkeys(("Confirmation", "Allocation"), "REGULATOR")
        others = authorities | {"Statement": "VERIFIER"}
        return self.park.fresh(others.get(kind, f"ENTERPRISE{number}"))

    def batches(self) -> dict[str, float]:
        """Each act of a batch: 50 enterprises, every act signed by another key."""
        numbers = range(_SINGLE, _SINGLE + BATCH)
        receivers = [*numbers[1:], numbers[0]]
        years = [
            self._messages(number, receiver=receiver)
            for number, receiver in zip(numbers, receivers, strict=True)
        ]
        return {
            MESSAGES[kind]["verb"]: self.park.batch(
                MESSAGES[kind]["contract"],
                [self._call(kind, *year) for year in zip(numbers, years, strict=True)],
            )
            for kind in years[0]
        }

    def _call(self, kind: str, number: int, messages: dict[str, Message]) -> bytes:
        shown = messages["Statement"] if kind == "Confirmation" else None
        return self.park.call(kind, messages[kind], key=self._signer(kind, number), shown=shown)

    def figures(self, after_evidence: Cases, bare: Cases) -> dict[str, Cases]:
        """Verbs of Emissions, with the correction of a report and a reopening."""
        report = self._messages(2)["Report"]
        first = self.park.act("Report", report, key=self.park.fresh("ENTERPRISE2"))
        self._heads[2] = id_of("Report", report)
        correction = self._messages(2)["Report"]
        confirmation = self._messages(1)["Confirmation"]
        place = (confirmation["facility"], _PERIOD, id_of("Confirmation", confirmation))
        reopening = (*place, self.park.ids["REGULATOR"], _DIGEST)
        return {
            "report": {
                "first": first,
                "steady": after_evidence["report"],
                "correction": self.park.act(
                    "Report", correction, key=self.park.fresh("ENTERPRISE2")
                ),
            },
            "attest": {"steady": bare["attest"]},
            "confirm": {"first": bare["confirm"]},
            "reopen": {
                "steady": self._act("Reopening", "REGULATOR", *reopening, shown=confirmation)
            },
        }

    def holdings(self, steady: Cases) -> dict[str, Cases]:
        """Verbs of Quotas: of enterprise 0 after its work unit, to enterprise 2, which is new."""
        account, target = self.park.ids["ENTERPRISE0"], self.park.ids["ENTERPRISE2"]
        granted = (self.park.ids["REGULATOR"], account, ASSET)
        digests = (_DIGEST, _DIGEST)
        own = "ENTERPRISE0"
        return {
            "allocate": {
                "first": steady["allocate"],
                "steady": self._act("Allocation", "REGULATOR", *granted, 100, 2, *digests),
                "recall": self._act("Allocation", "REGULATOR", *granted, -100, 3, *digests),
            },
            "transfer": {
                "first": self._act("Transfer", own, account, target, ASSET, 100, 3),
                "steady": steady["transfer"],
            },
            "surrender": {
                "first": steady["surrender"],
                "steady": self._act("Surrender", own, account, ASSET, 5, YEAR, 4),
            },
            "cancel": {"first": self._act("Cancellation", own, account, ASSET, 9, *digests, 5)},
        }


def _measured(number: int) -> bytes:
    """A key whose own addition is measured."""
    return keccak(text=f"measured {number}")


def main() -> int:
    """Print what everything costs."""
    sys.stdout.write(json.dumps(measure_gas(), indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
