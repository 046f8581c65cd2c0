"""The movements of an account: every change of what is available, in chain order, with its cause.

Their sum by asset is the available balance.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Select, String, literal, select

from ledger.outbox.recorded import Page
from ledger.quotas.asset import LOT_BITS, VINTAGE_BITS
from ledger.store.facts import FACTS
from ledger.store.rows import Row, every_row
from ledger.store.states import is_recorded

MOVEMENT_COLUMNS = ("id", "cause", "asset", "tonnes", "from", "to", "available_after", "block")


def movements_of(
    reading: Connection, account: bytes, page: Page, *, vintages: Collection[int] | None = None
) -> list[Row]:
    """A page of an account's movements, of all vintages or of these.

    `tonnes` is negative for what went; filter asset.
    """
    parts = [_wanted(part, page, vintages) for part in _parts(reading, account)]
    return every_row(reading, page.merged(parts))


def _wanted(part: Select[Any], page: Page, vintages: Collection[int] | None) -> Select[Any]:
    asset = part.selected_columns["asset"]
    if vintages is not None:
        vintage = asset.bitwise_rshift(LOT_BITS).bitwise_and((1 << VINTAGE_BITS) - 1)
        part = part.where(vintage.in_(sorted(vintages)))
    if "asset" in page.filters:
        part = part.where(asset == page.filters["asset"])
    return part


def _parts(reading: Connection, account: bytes) -> list[Select[Any]]:
    """What changed the account, each cause by an index of its own."""
    allocated, moved = FACTS["QuotaAllocated"], FACTS["QuotaMoved"]
    giver, taker = moved.c["from"], moved.c.to
    return [
        _part(
            reading,
            "allocation",
            allocated,
            where=allocated.c.account == account,
            tonnes=allocated.c.tonnes,
            sides=(None, allocated.c.account),
            after=allocated.c.available_after,
        ),
        _part(
            reading,
            "transfer",
            moved,
            where=giver == account,
            tonnes=-moved.c.tonnes,
            sides=(giver, taker),
            after=moved.c.from_after,
        ),
        _part(
            reading,
            "transfer",
            moved,
            where=taker == account,
            tonnes=moved.c.tonnes,
            sides=(giver, taker),
            after=moved.c.to_after,
        ),
        *(_spent(reading, cause, event, account) for cause, event in _SPENT.items()),
    ]


_SPENT = {"surrender": "QuotaSurrendered", "cancellation": "QuotaCancelled"}


def _spent(reading: Connection, cause: str, event: str, account: bytes) -> Select[Any]:
    fact = FACTS[event]
    return _part(
        reading,
        cause,
        fact,
        where=fact.c.account == account,
        tonnes=-fact.c.tonnes,
        sides=(fact.c.account, None),
        after=fact.c.available_after,
    )


def _part(
    reading: Connection, cause: str, fact: Any, *, where: Any, tonnes: Any, sides: Any, after: Any
) -> Select[Any]:
    nobody = literal(None, fact.c.id.type)
    giver, taker = (nobody if side is None else side for side in sides)
    return select(
        fact.c.seq,
        fact.c.block,
        fact.c.id,
        literal(cause, String).label("cause"),
        fact.c.asset,
        tonnes.label("tonnes"),
        giver.label("from"),
        taker.label("to"),
        after.label("available_after"),
    ).where(where, is_recorded(reading, fact))
