"""Routes asked so often that FastAPI's layers around them would be half of what they cost."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send


class HotApp(FastAPI):
    """An application with shortcuts to some of its routes, which are described as all others."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.shortcuts: dict[tuple[str, str], APIRoute] = {}

    def add_shortcuts(
        self, router: APIRouter, *, before: Callable[[Request], Awaitable[None]]
    ) -> None:
        """Ask the endpoints of these routes directly, after `before`.

        Each takes the request alone, and its path has no parameters.
        """
        self._before = before
        for route in router.routes:
            assert isinstance(route, APIRoute) and route.methods
            self.shortcuts |= {(method, route.path): route for method in route.methods}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = None
        if scope["type"] == "http":
            route = self.shortcuts.get((scope["method"], scope["path"]))
        if route is None:
            await super().__call__(scope, receive, send)
            return
        scope["app"], scope["route"] = self, route
        response = await self._answer(Request(scope, receive), route)
        await response(scope, receive, send)

    async def _answer(self, request: Request, route: APIRoute) -> Response:
        try:
            await self._before(request)
            answer: Response = await route.endpoint(request)
        except Exception as error:
            handlers = self.exception_handlers
            kind = next(kind for kind in type(error).__mro__ if kind in handlers)
            handle: Any = handlers[kind]
            answer = await handle(request, error)
        return answer
