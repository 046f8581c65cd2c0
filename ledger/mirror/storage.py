"""The mirror's states against the contracts' own storage, by calling the views at one block."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, select

from ledger.chain.reader import Reader
from ledger.emissions.model import head_table
from ledger.identifiers.model import (
    accreditation_state_table,
    key_state_table,
    relation_state_table,
    subject_state_table,
)
from ledger.mirror.difference import Difference
from ledger.quotas.model import holding_table, obligation_table, rule_table, supply_table
from ledger.store.manifest import Manifest
from ledger.store.rows import every_row
from ledger.store.states import is_now


@dataclass(frozen=True, slots=True)
class _Check:
    """A state table, the view that returns its values, and which columns those are."""

    table: Table
    contract: str
    view: str
    columns: tuple[str | None, ...]  # in the view's order; None: the table does not keep it


_CHECKS = (
    _Check(subject_state_table, "Identifiers", "entryOf", ("owner", None, "standing", "revision")),
    _Check(
        key_state_table,
        "Identifiers",
        "keyOf",
        (
            "valid_from_time",
            "valid_until_time",
            "compromised_since",
            "person",
            "rights",
            "scheme",
        ),
    ),
    _Check(
        accreditation_state_table,
        "Identifiers",
        "accreditationOf",
        ("valid_from_time", "valid_until_time", "sectors", "revision"),
    ),
    _Check(
        relation_state_table,
        "Identifiers",
        "relationOf",
        ("first_year", "last_year", "sectors", "ties", "revision"),
    ),
    _Check(head_table, "Emissions", "headOf", ("id", "stage")),
    _Check(supply_table, "Quotas", "supplyOf", ("cap_tonnes", "issued_tonnes", "revision")),
    _Check(
        rule_table,
        "Quotas",
        "ruleOf",
        (
            "first_vintage",
            "last_vintage",
            "share_permyriad",
            "is_strict",
            "surrender_by",
            "revision",
        ),
    ),
    _Check(
        holding_table,
        "Quotas",
        "holdingOf",
        (
            "available_tonnes",
            "trading_tonnes",
            "pending_tonnes",
            "frozen_tonnes",
            "spent_tonnes",
            "revision",
            "nonce",
            "window",
        ),
    ),
    _Check(
        obligation_table,
        "Quotas",
        "obligationOf",
        ("due_tonnes", "surrendered_tonnes", "offset_tonnes", "figures"),
    ),
)


def storage_differences(
    truth: Connection, reader: Reader, manifest: Manifest, *, block: int
) -> list[Difference]:
    """Every state of a rebuilt mirror that the contract's storage contradicts.

    `truth` has no table changed by hand: a difference here is a wrong projection of ours.
    """
    return [
        difference
        for check in _CHECKS
        for difference in _check(truth, reader, manifest, check=check, block=block)
    ]


def _check(
    truth: Connection, reader: Reader, manifest: Manifest, *, check: _Check, block: int
) -> Iterator[Difference]:
    key = [column.name for column in check.table.primary_key if column.name != "valid_from"]
    address = manifest.address_of(check.contract)
    for row in every_row(truth, select(check.table).where(is_now(check.table))):
        arguments = [row[name] for name in key]
        values = reader.view(check.contract, check.view, arguments, address=address, block=block)
        stored = {name: value for name, value in zip(check.columns, values, strict=True) if name}
        changed = tuple(name for name, value in stored.items() if row[name] != value)
        if changed:
            named = {name: row[name] for name in (*key, "valid_from")}
            yield Difference(check.table.name, named, "changed", changed, row, row | stored)
