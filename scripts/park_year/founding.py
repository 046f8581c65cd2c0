"""December: the tree, its participants, their keys, meters and standing; January: the quota."""

from typing import Any

from api.fields import hex_text, time_text
from identity.keystore import read_keystore
from ledger.chain.bindings import RIGHTS, SECTORS, STANDINGS
from scripts.park_year.cast import (
    CAP_TONNES,
    ENTERPRISE_PERSONS,
    ENTERPRISES,
    FOUNDERS,
    MODULE,
    PARK,
    PARK_PERSON,
    PARK_PREFIX,
    REGULATOR,
    REGULATOR_OF_FIGURES,
    REGULATOR_OF_QUOTA,
    ROOT,
    SERVICE,
    VERIFIER,
    VERIFIER_PERSON,
    Enterprise,
    Meter,
    Person,
)
from scripts.park_year.story import Story

_ALL_SECTORS = sum(1 << bit for bit in SECTORS.values())
_OPEN_ACCOUNT = STANDINGS["ACTIVE"] | STANDINGS["HOLDS"] | STANDINGS["SENDS"]
_FIRST = 1  # a revision


def found_park(story: Story) -> None:
    """Everything up to the first of January."""
    _register_participants(story)
    _add_keys(story)
    story.client.settle()
    story.tell("progress.participants")
    story.time.move_to(story.timeline.settling_in)
    _register_enterprises(story)
    story.client.settle()
    for enterprise in ENTERPRISES:
        _register_below(story, enterprise)
    _admit(story)
    story.client.settle()
    story.tell("progress.enterprises")


def set_quota(story: Story) -> None:
    """Cap, surrender rule and first allocation, by the regulator's second person."""
    story.time.move_to(story.timeline.allocation)
    key, year = story.key(REGULATOR_OF_QUOTA.name), story.timeline.year
    rule_pack, asset = hex_text(story.pack.hash), asset_of(year)
    document = story.upload_json(
        {"asset": asset, "tonnes": CAP_TONNES}, kind="calculation", by=REGULATOR_OF_QUOTA.name
    )
    cap = {"authority": REGULATOR, "asset": asset, "tonnes": CAP_TONNES, "revision": _FIRST}
    story.client.submit("Cap", cap | {"document": document}, key=key)
    story.client.submit("Rule", _rule(story), key=key)
    for enterprise in ENTERPRISES:
        allocation = {
            "authority": REGULATOR,
            "account": enterprise.identifier,
            "asset": asset,
            "tonnes": enterprise.granted_tonnes,
            "revision": _FIRST,
            "rule_pack": rule_pack,
            "explanation": _explanation(story, enterprise),
        }
        story.client.submit("Allocation", allocation, key=key)
    story.client.settle()
    story.tell("progress.quota", tonnes=CAP_TONNES)


def asset_of(year: int) -> str:
    """The park's own quota of a year."""
    return f"PARK-{year}"


def _register_participants(story: Story) -> None:
    founder = story.key(FOUNDERS[0])
    for name, kind in (
        (REGULATOR, "regulator"),
        (VERIFIER, "verifier"),
        (PARK, "park"),
        (SERVICE, "service"),
        (MODULE, "module"),
    ):
        _register(story, name, kind=kind, owner=ROOT, key=founder)
    _register(story, PARK_PREFIX, kind="prefix", owner=PARK, key=founder)


def _register(
    story: Story, name: str, *, kind: str, owner: str, key: bytes, record: str | None = None
) -> None:
    is_prefix = "/" not in name
    parent, _, label = name.rpartition("." if is_prefix else "/")
    message = {
        "parent": parent,
        "label": label,
        "is_prefix": is_prefix,
        "kind": kind,
        "owner": owner,
        "record": record,
    }
    story.client.submit("Registration", message, key=key)


def _add_keys(story: Story) -> None:
    """Each person proves to hold the key; the second of a participant waits out the delay."""
    founder = story.key(FOUNDERS[0])
    _add_person(story, REGULATOR_OF_FIGURES, key=founder)
    starts = story.timeline.second_person_starts
    _add_person(story, REGULATOR_OF_QUOTA, key=founder, starts=starts)
    _add_person(story, VERIFIER_PERSON, key=founder)
    _add_person(story, PARK_PERSON, key=founder)
    keys = story.directory / "keys"
    passphrase = (keys / "passphrase").read_text("ascii")
    service_key = read_keystore(keys / "service.json", passphrase=passphrase)
    known = story.client.carrier.known
    service = _addition(story, SERVICE, address=hex_text(known.service_key))
    story.client.submit("KeyAddition", service, key=founder, second_key=service_key)
    module = _addition(story, MODULE, address=hex_text(known.contracts["Emissions"]))
    module |= {"rights": RIGHTS["OBLIGE"], "scheme": "contract"}
    story.client.submit("KeyAddition", module, key=founder)


def _add_person(story: Story, person: Person, *, key: bytes, starts: int | None = None) -> None:
    address = hex_text(story.secrets.address(person.name))
    message = _addition(story, person.participant, address=address)
    message |= {"person": person.number, "rights": person.rights}
    if starts is not None:
        message["valid_from"] = time_text(starts)
    story.client.submit("KeyAddition", message, key=key, second_key=story.key(person.name))


def _addition(story: Story, participant: str, *, address: str) -> dict[str, Any]:
    """A key of person 1 without rights, valid from now on."""
    return {
        "participant": participant,
        "added_key": address,
        "person": 1,
        "rights": 0,
        "scheme": "secp256k1",
        "valid_from": None,
        "valid_until": time_text(story.timeline.keys_end),
    }


def _register_enterprises(story: Story) -> None:
    """The park operator introduces its enterprises and hands each a prefix."""
    park = story.key(PARK_PERSON.name)
    for enterprise, person in zip(ENTERPRISES, ENTERPRISE_PERSONS, strict=True):
        _register(story, enterprise.identifier, kind="enterprise", owner=PARK, key=park)
        _add_person(story, person, key=park)
        owner = enterprise.identifier
        _register(story, enterprise.prefix, kind="prefix", owner=owner, key=park)


def _register_below(story: Story, enterprise: Enterprise) -> None:
    """The enterprise registers facility, sources and meters itself."""
    key, owner = story.key(enterprise.name), enterprise.identifier
    _register(story, enterprise.facility, kind="facility", owner=owner, key=key)
    for meter in enterprise.meters:
        source = f"{enterprise.prefix}/{meter.source}"
        _register(story, source, kind="source", owner=owner, key=key)
        name, record = enterprise.meter_name(meter), _record(story, enterprise, meter)
        _register(story, name, kind="meter", owner=owner, key=key, record=record)


def _record(story: Story, enterprise: Enterprise, meter: Meter) -> str:
    """Which meter feeds which facility is read in its record, kept before it is registered."""
    january = story.readings.month(enterprise.meter_name(meter), 1)
    record = {
        "facility": enterprise.facility,
        "source": f"{enterprise.prefix}/{meter.source}",
        "quantity": meter.carrier,
        "unit": meter.unit,
        "step_seconds": january.step_seconds,
    }
    return story.upload_json(record, kind="meter_record", by=enterprise.name)


def _admit(story: Story) -> None:
    """The regulator opens the accounts, accredits the verifier and assigns it."""
    key, timeline = story.key(REGULATOR_OF_FIGURES.name), story.timeline
    accreditation = {
        "authority": REGULATOR,
        "verifier": VERIFIER,
        "valid_from": time_text(timeline.founding),
        "valid_until": time_text(timeline.keys_end),
        "sectors": _ALL_SECTORS,
        "certificate": None,
        "revision": _FIRST,
    }
    story.client.submit("Accreditation", accreditation, key=key)
    for enterprise in ENTERPRISES:
        standing = {
            "authority": REGULATOR,
            "subject": enterprise.identifier,
            "standing": _OPEN_ACCOUNT,
            "revision": _FIRST,
            "reason": None,
        }
        story.client.submit("StandingChange", standing, key=key)
        assignment = {
            "authority": REGULATOR,
            "verifier": VERIFIER,
            "enterprise": enterprise.identifier,
            "first_year": timeline.year,
            "last_year": timeline.year,
            "sectors": 1 << SECTORS[enterprise.sector],
            "ties": 0,
            "revision": _FIRST,
        }
        story.client.submit("Assignment", assignment, key=key)


def _rule(story: Story) -> dict[str, Any]:
    year = story.timeline.year
    window = story.pack.surrender_window(year)
    return {
        "authority": REGULATOR,
        "instrument": window.instrument.lower(),
        "year": year,
        "first_vintage": window.first_vintage,
        "last_vintage": window.last_vintage,
        "share_permyriad": window.share_permyriad,
        "is_strict": window.is_strict,
        "surrender_by": time_text(story.pack.deadlines(year).surrender_by),
        "revision": _FIRST,
        "rule_pack": hex_text(story.pack.hash),
    }


def _explanation(story: Story, enterprise: Enterprise) -> str:
    """What the allocated tonnes are computed from: anybody gets the same number."""
    document = {
        "account": enterprise.identifier,
        "planned_tonnes": enterprise.planned_tonnes,
        "granted_percent": enterprise.granted_percent,
        "rounding": "half-up once",
        "tonnes": enterprise.granted_tonnes,
    }
    return story.upload_json(document, kind="calculation", by=REGULATOR_OF_QUOTA.name)
