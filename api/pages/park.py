"""The page at `/`: a park's year, its months against the quota, its enterprises, what is new."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api.pages.asking import Api, asking
from api.pages.chart import SIZES, year_chart
from api.pages.language import Asked
from api.pages.rendering import page
from api.pages.visitor import visitor_name
from ledger.errors import ResourceUnknown

router = APIRouter()
_SUBMISSIONS_SHOWN, _LIMIT = "10", "200"
_YEARS_TRIED = 5


@router.get("/", include_in_schema=False)
async def show_park(
    request: Request, language: Asked, park: str | None = None, year: str | None = None
) -> Response:
    async with asking(request, language) as api:
        parks = [one["identifier"] for one in await api.items("/v1/identifiers", kind="park")]
        facts: dict[str, Any] = {"chain": await _chain(api), "visitor": visitor_name(request)}
        if park is None and not parks:
            return page(request, "empty.html", **facts)
        if park is not None and park not in parks:
            raise ResourceUnknown(f"park/{park}")
        shown = park or parks[0]
        years = await _years(api)
        figures = await _figures(api, shown, year=year, years=years)
        facts |= {"parks": parks, "park": shown, "figures": figures, "year": str(figures["year"])}
        facts["years"] = sorted({*years, facts["year"]}, reverse=True)
        facts["charts"] = [year_chart(figures, size) for size in SIZES if figures.get("months")]
        facts |= await _acts_of_year(api, shown, facts["year"])
        facts["submissions"] = await _submissions(api)
        return page(request, "park.html", **facts)


async def _chain(api: Api) -> dict[str, Any]:
    """What the badge shows: head, finality, and how far the mirror is behind."""
    return await api.get("/.well-known/carbonledger") | {"state": await api.readiness()}


async def _years(api: Api) -> list[str]:
    """The years that the park's own quota was issued for, newest first."""
    assets = [one["asset"] for one in await api.items("/v1/assets")]
    years = [asset.removeprefix("PARK-") for asset in assets if asset.startswith("PARK-")]
    return sorted(years, reverse=True)


async def _figures(api: Api, park: str, *, year: str | None, years: list[str]) -> dict[str, Any]:
    """The park's year that is asked, else the newest with figures, else the chain's own."""
    if year is None:
        for one in years[:_YEARS_TRIED]:
            figures = await api.get(f"/v1/park/{park}", period=one)
            if figures.get("months") or figures.get("gross_tonnes"):
                return figures
        year = (await api.get("/.well-known/carbonledger"))["as_of_time"][:4]
    return await api.get(f"/v1/park/{park}", period=year)


async def _acts_of_year(api: Api, park: str, year: str) -> dict[str, Any]:
    """What the park's enterprises owe and gave for the year, and the reports on it."""
    return {
        "enterprises": await api.items(f"/v1/compliance/{year}", park=park, limit=_LIMIT),
        "reports": await api.items("/v1/reports", period=year, limit=_LIMIT),
    }


async def _submissions(api: Api) -> list[dict[str, Any]] | None:
    """The newest of those that the visitor made or carried; None where they are not shown."""
    told = await api.get_if_shown("/v1/submissions", limit=_SUBMISSIONS_SHOWN, order="desc")
    return None if told is None else told["items"]
