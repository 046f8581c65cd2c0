"""Who plays the year: the tree, its participants, their meters and what the plan gives them.

The plan is fixed before the year and knows no reading. The steel works gets less than the plan
expects of it and the two others more, so that it ends short and finds sellers; the cap is the
sum. Whatever file of readings is played, these numbers stay.
"""

from dataclasses import dataclass

from ledger.chain.bindings import RIGHTS

RULE_PACK = "park-2023"
ROOT = "88"
REGULATOR = "88/REG.310000"
VERIFIER = "88/VER.0001"
PARK = "88/PARK.0001"
SERVICE = "88/SVC.0001"
MODULE = "88/EMISSIONS"
PARK_PREFIX = "88.111"

FOUNDERS = ("founder_1", "founder_2", "founder_3")
STEEL, CHEMICALS, ELECTRONICS = "steel", "chemicals", "electronics"
ELECTRICITY, GAS, STEAM, SOLAR = "electricity", "natural_gas", "steam", "pv"

_PERCENT = 100


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter: its label and its source's below the enterprise's prefix, what it counts."""

    label: str
    source: str
    carrier: str
    unit: str


@dataclass(frozen=True, slots=True)
class Enterprise:
    """One enterprise; `name` is the key of its key pair and of its name in the texts.

    `planned_tonnes` is what the plan expects of its year, `granted_percent` the share of that
    which is allocated.
    """

    name: str
    identifier: str
    prefix: str
    sector: str
    meters: tuple[Meter, ...]
    planned_tonnes: int
    granted_percent: int

    @property
    def facility(self) -> str:
        return f"{self.prefix}/FAC.0001"

    @property
    def granted_tonnes(self) -> int:
        """The allocation: half-up once."""
        return (2 * self.planned_tonnes * self.granted_percent + _PERCENT) // (2 * _PERCENT)

    def meter_name(self, meter: Meter) -> str:
        """The full identifier of one of its meters."""
        return f"{self.prefix}/{meter.label}"


ENTERPRISES = (
    Enterprise(
        name=STEEL,
        identifier="88.111/ENT.0001",
        prefix="88.111.1",
        sector="STEEL",
        meters=(Meter("MTR.0001", "SRC.0001", ELECTRICITY, "kWh"),),
        planned_tonnes=800,
        granted_percent=88,
    ),
    Enterprise(
        name=CHEMICALS,
        identifier="88.111/ENT.0002",
        prefix="88.111.2",
        sector="CHEMICALS",
        meters=(
            Meter("MTR.0001", "SRC.0001", ELECTRICITY, "kWh"),
            Meter("MTR.0002", "SRC.0002", GAS, "Nm3"),
        ),
        planned_tonnes=980,
        granted_percent=106,
    ),
    Enterprise(
        name=ELECTRONICS,
        identifier="88.111/ENT.0003",
        prefix="88.111.3",
        sector="ELECTRONICS",
        meters=(
            Meter("MTR.0001", "SRC.0001", ELECTRICITY, "kWh"),
            Meter("MTR.0002", "SRC.0002", STEAM, "GJ"),
            Meter("MTR.0003", "SRC.0003", SOLAR, "kWh"),
        ),
        planned_tonnes=1120,
        granted_percent=106,
    ),
)
CAP_TONNES = sum(enterprise.granted_tonnes for enterprise in ENTERPRISES)


def enterprise(name: str) -> Enterprise:
    """One of the three by its name."""
    return next(one for one in ENTERPRISES if one.name == name)


@dataclass(frozen=True, slots=True)
class Person:
    """A natural person: the key's name, its participant, the number there, the key's rights."""

    name: str
    participant: str
    number: int
    rights: int


def _rights(*names: str) -> int:
    return sum(RIGHTS[name] for name in names)


_OPERATING = _rights("REGISTER", "REPORT", "MOVE")
# Deciding on figures and deciding on quota are two people's work.
REGULATOR_OF_FIGURES = Person(
    "regulator_1", REGULATOR, 1, _rights("ACCREDIT", "CONFIRM", "ADMIT", "FREEZE")
)
REGULATOR_OF_QUOTA = Person("regulator_2", REGULATOR, 2, _rights("ISSUE", "RELEASE"))
VERIFIER_PERSON = Person("verifier", VERIFIER, 1, _rights("ATTEST"))
PARK_PERSON = Person("park", PARK, 1, _OPERATING)
ENTERPRISE_PERSONS = tuple(
    Person(enterprise.name, enterprise.identifier, 1, _OPERATING) for enterprise in ENTERPRISES
)
# Each founder is a person of the root.
_FOUNDING_PERSONS = tuple(
    Person(name, ROOT, number, sum(RIGHTS.values()) - RIGHTS["CUSTODIAL"])
    for number, name in enumerate(FOUNDERS, start=1)
)
PERSONS = (
    *_FOUNDING_PERSONS,
    REGULATOR_OF_FIGURES,
    REGULATOR_OF_QUOTA,
    VERIFIER_PERSON,
    PARK_PERSON,
    *ENTERPRISE_PERSONS,
)
KEY_NAMES = tuple(person.name for person in PERSONS)
