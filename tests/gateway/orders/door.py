"""The native routes of the three rooms over ASGI, with a caller instead of the guard."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from litestar import Litestar, Request
from msgspec.structs import replace

from gateway.accounts.routes import account_routes
from gateway.kit.caller import Caller
from gateway.orders.routes import order_routes
from gateway.payments.routes import payment_routes
from gateway.web.door import Door
from gateway.web.errors import Voices
from tests.gateway.orders.story import Story

ISSUER = "https://bank.example"


@asynccontextmanager
async def opened(tale: Story, caller: Caller) -> AsyncIterator[httpx.AsyncClient]:
    """A client that calls as ``caller``; the guard's own tests are elsewhere."""

    def stand_in_for_the_guard(request: Request[Any, Any, Any]) -> None:
        request.state.caller = replace(
            caller, at=tale.clock.now(), interaction_id=request.state["interaction_id"]
        )

    app = Litestar(
        [order_routes(tale.orders), account_routes(tale.accounts), payment_routes(tale.payments)],
        before_request=stand_in_for_the_guard,
        exception_handlers={Exception: Voices(ISSUER, "/oauth/").answer},
        openapi_config=None,
    )
    # The app runs in the test's own event loop, to which the database belongs.
    transport = httpx.ASGITransport(Door(app, access_log=False))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=ISSUER) as client:
        yield client
