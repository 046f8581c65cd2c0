"""One row of the mirror that is not what the chain says."""

from dataclasses import dataclass

from ledger.store.rows import Row


@dataclass(frozen=True, slots=True)
class Difference:
    """`kind` is `changed`, `missing` or `added`; `columns` are those that differ."""

    table: str
    key: Row
    kind: str
    columns: tuple[str, ...]
    mirror: Row | None
    chain: Row | None
