"""An evidence file: which readings, documents and deliveries a facility anchors for a month.

JSON; paths are relative to the file. Seeds lie in a file of their own, by meter and month, since
whoever has a seed can test a guessed reading against what the chain shows.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any

from api.client.evidence import FacilityMonth, MeterMonth, document_digests
from api.fields import hex_text, invalid, parse_hex
from identity.identifier import parse_identifier
from ledger.period import Period
from scripts.people.files import read_bytes, read_json

_FIELDS = {"facility", "month", "seeds", "meters", "documents", "deliveries"}
_REQUIRED = {"facility", "month", "seeds", "meters"}
_METER_FIELDS = {"meter", "unit", "step_seconds", "readings"}
_SEED_BYTES = 32

Seeds = dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """What a file stands for: the month that is anchored and the contents of its documents."""

    built: FacilityMonth
    documents: tuple[bytes, ...]

    def message(self, *, period: str | None, follows: str | None) -> dict[str, Any]:
        """The Evidence in wire form, of the month's year unless said otherwise."""
        built = self.built
        message = {
            "facility": built.facility,
            "period": period or str(built.period.year),
            "month": built.period.text,
            "root": hex_text(built.root),
            "leaves": built.leaves,
        }
        return message if follows is None else message | {"follows": follows}

    def summary(self) -> dict[str, Any]:
        """What is anchored and what it commits to; no seed is in it."""
        return {
            "facility": self.built.facility,
            "month": self.built.period.text,
            "root": hex_text(self.built.root),
            "leaves": self.built.leaves,
            "meters": [
                {
                    "meter": one.meter,
                    "document": hex_text(one.digest),
                    "root": hex_text(one.tree.root),
                    "leaves": one.tree.leaves,
                    "quantity": format(one.readings.total, "f"),
                    "unit": one.unit,
                }
                for one in self.built.meters
            ],
            "documents": [hex_text(digest) for digest in self.built.digests],
        }


def read_evidence_file(file: Path, *, may_draw: bool = False) -> EvidenceFile:
    """The month of a file; with `may_draw` missing seeds are drawn and kept first.

    Raises FileUnreadable, RequestMalformed, FieldInvalid, IdentifierMalformed, PeriodMalformed;
    asking for a root raises ReadingsMalformed, TreeEmpty.
    """
    told = _object(read_json(file), "", known=_FIELDS, required=_REQUIRED)
    month = Period.from_text(_text(told["month"], "/month"))
    if month.is_year:
        raise invalid("/month", "month")
    meters = [
        _object(one, f"/meters/{number}", known=_METER_FIELDS, required=_METER_FIELDS)
        for number, one in enumerate(_list(told["meters"], "/meters"))
    ]
    names = [_name(one["meter"], f"/meters/{number}/meter") for number, one in enumerate(meters)]
    seeds_file = file.parent / _text(told["seeds"], "/seeds")
    seeds = _seeds(seeds_file, names, month, may_draw=may_draw)
    documents = tuple(
        read_bytes(file.parent / _text(path, f"/documents/{number}"))
        for number, path in enumerate(_list(told.get("documents", []), "/documents"))
    )
    deliveries = tuple(
        parse_hex(_text(one, f"/deliveries/{number}"), size=32, pointer=f"/deliveries/{number}")
        for number, one in enumerate(_list(told.get("deliveries", []), "/deliveries"))
    )
    built = FacilityMonth(
        facility=_name(told["facility"], "/facility"),
        period=month,
        meters=tuple(
            _meter(one, name, month, seed=seed, place=file.parent, pointer=f"/meters/{number}")
            for number, (one, name, seed) in enumerate(zip(meters, names, seeds, strict=True))
        ),
        digests=document_digests(documents) + deliveries,
    )
    return EvidenceFile(built, documents)


def _meter(
    told: Mapping[str, Any], name: str, month: Period, *, seed: bytes, place: Path, pointer: str
) -> MeterMonth:
    step = told["step_seconds"]
    if type(step) is not int:
        raise invalid(f"{pointer}/step_seconds", "integer")
    return MeterMonth(
        meter=name,
        period=month,
        unit=_text(told["unit"], f"{pointer}/unit"),
        step_seconds=step,
        seed=seed,
        content=read_bytes(place / _text(told["readings"], f"{pointer}/readings")),
    )


def _seeds(file: Path, meters: list[str], month: Period, *, may_draw: bool) -> list[bytes]:
    """The seed of each meter's month; raises FieldInvalid for one that is missing."""
    kept: Seeds = {} if may_draw and not file.exists() else _read_seeds(file)
    missing = [meter for meter in meters if month.text not in kept.get(meter, {})]
    if missing and may_draw:
        for meter in missing:
            kept.setdefault(meter, {})[month.text] = hex_text(token_bytes(_SEED_BYTES))
        _write_seeds(file, kept)
    elif missing:
        raise invalid(f"/seeds/{missing[0]}/{month.text}", "missing")
    pointers = {meter: f"/seeds/{meter}/{month.text}" for meter in meters}
    return [
        parse_hex(kept[meter][month.text], size=_SEED_BYTES, pointer=pointers[meter])
        for meter in meters
    ]


def _read_seeds(file: Path) -> Seeds:
    told = _object(read_json(file), "/seeds", known=None, required=set())
    return {
        meter: {
            month: _text(seed, f"/seeds/{meter}/{month}")
            for month, seed in _object(
                months, f"/seeds/{meter}", known=None, required=set()
            ).items()
        }
        for meter, months in told.items()
    }


def _write_seeds(file: Path, seeds: Seeds) -> None:
    """Whole or not at all, and only its owner's from the first moment."""
    temporary = file.with_name(file.name + ".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        json.dump(seeds, opened, indent=1)
        opened.flush()
        os.fsync(opened.fileno())
    temporary.replace(file)


def _object(
    value: Any, pointer: str, *, known: set[str] | None, required: set[str]
) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(pointer, "object")
    if missing := sorted(required - value.keys()):
        raise invalid(f"{pointer}/{missing[0]}", "missing")
    if known is not None and (unknown := sorted(value.keys() - known)):
        raise invalid(f"{pointer}/{unknown[0]}", "unknown")
    return value


def _list(value: Any, pointer: str) -> list[Any]:
    if not isinstance(value, list):
        raise invalid(pointer, "list")
    return value


def _text(value: Any, pointer: str) -> str:
    if not isinstance(value, str):
        raise invalid(pointer, "string")
    return value


def _name(value: Any, pointer: str) -> str:
    """A canonical identifier: the leaves name the meter as it is registered."""
    return parse_identifier(_text(value, pointer), allow_prefix=False).name
