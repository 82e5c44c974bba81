"""The short way: endpoints that are asked before the framework, which everything else goes through.

Finding the route, building a request and calling a handler with it costs a tenth of what a token
does. A shortcut's path is a route of the framework too, with the same endpoint behind it: whatever
is not plainly one of its requests goes on and is judged there.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from gateway.web.answers import Answer
from gateway.web.errors import Voices

Endpoint = Callable[[HTTPScope, Receive], Awaitable[Answer]]

# Narrower than what the framework takes for a host, so that it has the last word on any other.
_PLAIN_HOST: Final = re.compile(rb"[0-9A-Za-z.:\[\]-]*")


class Shortcut:
    """Wraps the app: a POST to one of the paths is answered by its endpoint, errors included."""

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint], voices: Voices) -> None:
        self._app = app
        self._endpoints = endpoints
        self._voices = voices

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers, or passes the request on."""
        endpoint = self._endpoints.get(scope["path"])
        if endpoint is None or not _is_plain_post(scope):
            await self._app(scope, receive, send)
            return
        try:
            answer: ASGIApp = await endpoint(scope, receive)  # type: ignore[arg-type]
        except Exception as raised:  # noqa: BLE001 - the voices have a word for everything
            request: Request[Any, Any, Any] = Request(scope)
            answer = self._voices.answer(request, raised).to_asgi_response(None, request)
        await answer(scope, receive, send)


def _is_plain_post(scope: Scope) -> bool:
    if scope["type"] != ScopeType.HTTP or scope["method"] != "POST" or scope.get("root_path"):
        return False
    for name, value in scope["headers"]:
        if name == b"host":
            return _PLAIN_HOST.fullmatch(value) is not None
    return True
