"""The route of the room over ASGI, with a caller instead of the guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from litestar import Litestar, Request
from msgspec.structs import replace

from gateway.kit.caller import Caller
from gateway.products.qualification.routes import qualification_routes
from gateway.web.answers import JsonAnswer
from gateway.web.door import Door
from gateway.web.errors import Voices
from tests.gateway.products.qualification.desk import Desk

ISSUER = "https://bank.example"


@asynccontextmanager
async def opened(desk: Desk, caller: Caller) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls as ``caller``; the guard's own tests are elsewhere."""

    def stand_in_for_the_guard(request: Request[Any, Any, Any]) -> None:
        request.state.caller = replace(caller, at=desk.clock.now())

    app = Litestar(
        qualification_routes(desk.qualifications),
        before_request=stand_in_for_the_guard,
        exception_handlers={Exception: Voices(ISSUER, "/oauth/").answer},
        openapi_config=None,
        response_class=JsonAnswer,
    )
    transport = httpx.ASGITransport(Door(app, access_log=False))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client
