"""After confirmation: who is short buys from who has more, and everybody surrenders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.client import resource
from scripts.park_year.cast import ENTERPRISES
from scripts.park_year.founding import asset_of
from scripts.park_year.story import Story


@dataclass(frozen=True, slots=True)
class Position:
    """What an enterprise must surrender and what it has for that, in tonnes."""

    enterprise: str
    due: int
    available: int


@dataclass(frozen=True, slots=True)
class Purchase:
    """Tonnes that change hands; enterprises by identifier."""

    seller: str
    buyer: str
    tonnes: int


def purchases(positions: Sequence[Position]) -> list[Purchase]:
    """Each gap filled exactly, in the order given, as far as the others' surplus reaches."""
    surplus = {one.enterprise: one.available - one.due for one in positions}
    made = []
    for buyer in [name for name, tonnes in surplus.items() if tonnes < 0]:
        for seller, spare in surplus.items():
            tonnes = min(-surplus[buyer], spare)
            if tonnes > 0:
                surplus[seller] -= tonnes
                surplus[buyer] += tonnes
                made.append(Purchase(seller, buyer, tonnes))
    return made


def trade(story: Story) -> list[Purchase]:
    """The purchases of the year, each one transfer of its seller."""
    story.time.move_to(story.timeline.purchase)
    made = purchases(_positions(story))
    for purchase in made:
        message = {
            "from": purchase.seller,
            "to": purchase.buyer,
            "asset": asset_of(story.timeline.year),
            "tonnes": purchase.tonnes,
            "nonce": _next_nonce(story, purchase.seller),
        }
        story.client.submit("Transfer", message, key=_key_of(story, purchase.seller))
        story.client.settle()  # a seller's next nonce is read from what is recorded
    story.tell("progress.purchase", tonnes=sum(purchase.tonnes for purchase in made))
    return made


def surrender(story: Story) -> None:
    """Everybody gives up what is due, or all there is."""
    story.time.move_to(story.timeline.surrender)
    year = story.timeline.year
    for position in _positions(story):
        tonnes = min(position.due, position.available)
        if tonnes == 0:
            continue
        message = {
            "account": position.enterprise,
            "asset": asset_of(year),
            "tonnes": tonnes,
            "year": year,
            "nonce": _next_nonce(story, position.enterprise),
        }
        story.client.submit("Surrender", message, key=_key_of(story, position.enterprise))
    story.client.settle()
    story.tell("progress.surrender")


def compliance_of(story: Story) -> list[dict[str, Any]]:
    """The compliance year of each enterprise as the service shows it now."""
    items = story.client.get(f"/v1/compliance/{story.timeline.year}")["items"]
    by_enterprise = {item["enterprise"]: item for item in items}
    return [by_enterprise[one.identifier] for one in ENTERPRISES]


def _positions(story: Story) -> list[Position]:
    return [
        Position(one["enterprise"], one["due_tonnes"], one["available_tonnes"])
        for one in compliance_of(story)
    ]


def _next_nonce(story: Story, account: str) -> int:
    holdings = story.client.get(resource("accounts", account))["holdings"]
    asset = asset_of(story.timeline.year)
    return next((int(one["next_nonce"]) for one in holdings if one["asset"] == asset), 1)


def _key_of(story: Story, identifier: str) -> bytes:
    return story.key(next(one.name for one in ENTERPRISES if one.identifier == identifier))
