"""The API as the visitor of a page may use it: asked in this process, under his credentials."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from fastapi import Request

from api.pages.language import Language

_FORWARDED = ("authorization", "cookie", "host")
_HERE = "http://localhost"  # of this process: no name is looked up
_NOT_SHOWN = (401, 403, 404, 405)
_PAGES_MAX = 50  # of one list


class AnswerRefused(Exception):
    """The API refused what a page needs; `problem` is its answer."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(problem["code"])
        self.problem = problem


class Api:
    """Asks routes of the API; every answer is what the visitor himself would get."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """The JSON of a resource; raises AnswerRefused."""
        answer = await self._client.get(path, params=query)
        body: dict[str, Any] = answer.json()
        if not answer.is_success:
            raise AnswerRefused(body)
        return body

    async def readiness(self) -> dict[str, Any]:
        """What `/readyz` says, also when it is no."""
        state: dict[str, Any] = (await self._client.get("/readyz")).json()
        return state

    async def get_if_shown(self, path: str, **query: str) -> dict[str, Any] | None:
        """The same, or None where there is nothing for this visitor; raises AnswerRefused."""
        try:
            return await self.get(path, **query)
        except AnswerRefused as refused:
            if refused.problem["status"] in _NOT_SHOWN:
                return None
            raise

    async def items(self, path: str, **query: str) -> list[dict[str, Any]]:
        """Every item of a list, page by page; raises AnswerRefused."""
        items: list[dict[str, Any]] = []
        told = await self.get(path, **query)
        for _ in range(_PAGES_MAX):
            items += told["items"]
            if told["next"] is None:
                break
            told = await self.get(told["next"])
        return items


@asynccontextmanager
async def asking(request: Request, language: Language) -> AsyncIterator[Api]:
    """The API for the time of one request."""
    carried = {name: request.headers[name] for name in _FORWARDED if name in request.headers}
    peer = request.client
    transport = httpx2.ASGITransport(
        request.app,
        raise_app_exceptions=False,
        client=(peer.host, peer.port) if peer else ("", 0),
    )
    async with httpx2.AsyncClient(
        transport=transport,
        base_url=_HERE,
        headers=carried | {"Accept": "application/json", "Accept-Language": language},
        trust_env=False,
    ) as client:
        yield Api(client)
