"""The page at `/`: a park's year, its months against the quota, its enterprises, what is new."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.pages.asking import Api, asking
from api.pages.chart import NARROW, WIDE, year_chart
from api.pages.language import Language, page_language
from api.pages.rendering import page
from api.pages.visitor import visitor_name

router = APIRouter()
_SUBMISSIONS_SHOWN = 10


@router.get("/", include_in_schema=False)
async def show_park(
    request: Request, park: str | None = None, year: str | None = None, lang: Language | None = None
) -> Response:
    async with asking(request, page_language(request)) as api:
        chain = await _chain(api)
        parks = [one["identifier"] for one in await api.items("/v1/identifiers", kind="park")]
        chosen = park or next(iter(parks), None)
        facts: dict[str, Any] = {"chain": chain, "parks": parks, "park": chosen}
        facts["visitor"] = visitor_name(request)
        if chosen is None:
            return page(request, "empty.html", **facts)
        years = await _years(api)
        shown = year or _newest(years, chain)
        facts |= {"years": sorted({*years, shown}, reverse=True), "year": shown}
        facts |= await _year(api, chosen, shown)
        facts["submissions"] = await _submissions(api)
        return page(request, "park.html", **facts)


async def _chain(api: Api) -> dict[str, Any]:
    """What the badge shows: head, finality, and how far the mirror is behind."""
    return await api.get("/.well-known/carbonledger") | {"state": await api.get("/readyz")}


async def _years(api: Api) -> list[str]:
    """The years that the park's own quota was issued for."""
    assets = [one["asset"] for one in await api.items("/v1/assets")]
    return [asset.removeprefix("PARK-") for asset in assets if asset.startswith("PARK-")]


def _newest(years: list[str], chain: dict[str, Any]) -> str:
    """The newest that has begun by the chain's time; without any the chain's own year."""
    now: str = chain["as_of_time"][:4]
    return max((year for year in years if year <= now), default=now)


async def _year(api: Api, park: str, year: str) -> dict[str, Any]:
    figures = await api.get(f"/v1/park/{park}", period=year)
    owned = await _prefixes(api, park)
    enterprises = [
        one
        for one in await api.items(f"/v1/compliance/{year}")
        if one["enterprise"].partition("/")[0] in owned
    ]
    facts: dict[str, Any] = {"figures": figures, "enterprises": enterprises, "charts": []}
    if figures.get("months"):
        facts["charts"] = [year_chart(figures, size) for size in (WIDE, NARROW)]
    facts["reports"] = await api.items("/v1/reports", period=year)
    return facts


async def _prefixes(api: Api, park: str) -> set[str]:
    """The prefixes that a park holds; its enterprises stand directly below them."""
    prefixes = await api.items("/v1/identifiers", kind="prefix")
    return {one["identifier"] for one in prefixes if one["owner"] == park}


async def _submissions(api: Api) -> list[dict[str, Any]]:
    """The newest of those that the visitor made or carried; none for the public."""
    told = await api.get_if_shown("/v1/submissions", limit=str(_SUBMISSIONS_SHOWN), order="desc")
    return [] if told is None else told["items"]
