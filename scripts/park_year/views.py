"""Four people's views of the one year, and the tampering: tables for a terminal."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as Grid  # a table of ours is one of SQL

from ledger.carbon import GRAMS_PER_TONNE
from ledger.period import PARK_TIME
from scripts.park_year.cast import ENTERPRISES
from scripts.park_year.play import Played
from scripts.park_year.tampering import Tampering
from scripts.texts import Texts


def show_year(console: Console, texts: Texts, played: Played) -> None:
    """The year as enterprise, verifier, park operator and regulator see it."""
    for make in (_enterprise_table, _steps_table, _verifier_table, _park_table):
        console.print(make(texts, played))
        console.print()
    _tell_park(console, texts, played)
    console.print(_regulator_table(texts, played))
    console.print()


def show_tampering(console: Console, texts: Texts, tampering: Tampering) -> None:
    """What was changed, what reconcile said, what the rebuild made of it."""
    console.rule(texts.say("tamper.title"))
    chain, mirror = tonnes_text(tampering.chain_grams), tonnes_text(tampering.mirror_grams)
    found = "tamper.found" if tampering.is_found else "tamper.missed"
    healed = "tamper.healed" if tampering.is_healed else "tamper.ill"
    console.print(texts.say("tamper.changed", chain=chain, mirror=mirror))
    console.print(texts.say(found, row=tampering.key), markup=False)
    console.print(texts.say(healed))


def tonnes_text(grams: int) -> str:
    """Grams as tonnes with three decimals, for reading; rounded as Decimal rounds half up."""
    return f"{(Decimal(grams) / GRAMS_PER_TONNE).quantize(Decimal('0.001'), 'ROUND_HALF_UP'):,}"


def _table(texts: Texts, title: str, *columns: str) -> Grid:
    """A table whose first column is words and whose others are numbers."""
    # Eight columns fit the eighty characters of a terminal only without air around them.
    table = Grid(
        title=texts.say(title),
        title_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    for index, column in enumerate(columns):
        table.add_column(texts.say(column), justify="left" if index == 0 else "right")
    return table


def _names(texts: Texts) -> dict[str, str]:
    """What each enterprise is called, by identifier."""
    return {one.identifier: texts.say(f"name.{one.name}") for one in ENTERPRISES}


def _enterprise_table(texts: Texts, played: Played) -> Grid:
    """Each enterprise's gap before the purchase and how it was closed."""
    columns = ("due", "allocated", "gap", "received", "sent", "surrendered", "balance")
    keys = [f"column.{name}" for name in ("enterprise", *columns)]
    table = _table(texts, "enterprise.title", *keys)
    for before, account in zip(played.gaps, played.accounts, strict=True):
        name = f"{_names(texts)[before['enterprise']]}\n{before['enterprise']}"
        moved = [account[flow] for flow in ("received", "sent", "surrendered", "available")]
        numbers = [before["due_tonnes"], account["allocated"], before["gap_tonnes"], *moved]
        table.add_row(name, *(f"{number:,}" for number in numbers))
    return table


def _steps_table(texts: Texts, played: Played) -> Grid:
    """The dated steps of the year."""
    timeline = played.story.timeline
    table = _table(texts, "steps.title", "column.date", "column.step")
    table.columns[1].justify = "left"
    bought = sum(purchase.tonnes for purchase in played.purchases)
    steps = (
        ("steps.allocation", timeline.allocation),
        ("steps.evidence", timeline.evidence(timeline.months[-1])),
        ("steps.report", timeline.report),
        ("steps.finding", timeline.finding),
        ("steps.correction", timeline.correction),
        ("steps.verification", timeline.verification),
        ("steps.confirmation", timeline.confirmation),
        ("steps.purchase", timeline.purchase),
        ("steps.surrender", timeline.surrender),
    )
    for key, moment in steps:
        day = datetime.fromtimestamp(moment, PARK_TIME).date()
        table.add_row(str(day), texts.say(key, tonnes=f"{bought:,}"))
    return table


def _verifier_table(texts: Texts, played: Played) -> Grid:
    """The finding: what was reported, what the readings give, what followed."""
    first, corrected = played.finding.first, played.finding.corrected
    table = _table(texts, "verifier.title", "column.what", "column.reported", "column.recomputed")
    for one in first.discrepancies:
        what = texts.say(f"carrier.{one.carrier}") + f" {one.month} {one.meter}"
        table.add_row(what, f"{one.reported:,} {one.unit}", f"{one.recomputed:,} {one.unit}")
    wrong, right = tonnes_text(first.reported_grams), tonnes_text(first.grams)
    table.add_row(texts.say("verifier.first"), f"{wrong} t", f"{right} t")
    second = tonnes_text(corrected.direct_grams + corrected.indirect_grams)
    table.add_row(texts.say("verifier.second"), f"{second} t", f"{right} t")
    table.add_row(texts.say("verifier.finding"), "", f"{played.finding.id[:18]}…")
    table.caption = texts.say("verifier.caption")
    table.caption_justify = "left"
    return table


def _park_table(texts: Texts, played: Played) -> Grid:
    columns = ("month", "direct", "indirect", "internal", "net", "forecast")
    table = _table(texts, "park.title", *(f"column.{name}" for name in columns))
    for month in played.park["months"]:
        grams = [month[f"{name}_grams"] for name in columns[1:]]
        table.add_row(month["month"], *(tonnes_text(amount) for amount in grams))
    return table


def _tell_park(console: Console, texts: Texts, played: Played) -> None:
    park = played.park
    facts = {name: f"{park[f'{name}_tonnes']:,}" for name in ("gross", "internal", "net", "held")}
    console.print(texts.say("park.sum", **facts))
    scopes = {
        "enterprises": tonnes_text(park["enterprise_scope_2_grams"]),
        "internal": tonnes_text(park["internal_grams"]),
        "park": tonnes_text(park["park_scope_2_grams"]),
    }
    console.print(texts.say("park.identity", **scopes))
    console.print(texts.say("park.peak", month=park["peak_month"]))
    warned = "park.warning" if park["warning_month"] else "park.no_warning"
    console.print(texts.say(warned, month=park["warning_month"], held=facts["held"]))
    for carrier, quantity in park["shown_quantities"].items():
        name = texts.say(f"carrier.{carrier}")
        console.print(texts.say("park.shown", carrier=name, quantity=f"{Decimal(quantity):,}"))
    console.print()


def _regulator_table(texts: Texts, played: Played) -> Grid:
    columns = ("enterprise", "confirmed", "due", "surrendered", "remaining", "status")
    table = _table(texts, "regulator.title", *(f"column.{name}" for name in columns))
    for year in played.compliance:
        table.add_row(_names(texts)[year["enterprise"]], *_compliance_cells(texts, year))
    return table


def _compliance_cells(texts: Texts, year: Mapping[str, Any]) -> list[str]:
    confirmed = sum(one["confirmed_tonnes"] for one in year["facilities"])
    owed = [year[f"{name}_tonnes"] for name in ("due", "surrendered", "remaining")]
    numbers = [f"{number:,}" for number in (confirmed, *owed)]
    return [*numbers, texts.say(f"status.{year['status']}")]
