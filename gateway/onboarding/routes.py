"""The registration endpoint over HTTP (RFC 7591 section 3)."""

from typing import Any

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse

from contracts import errors
from gateway.onboarding.service import StatementRegistration

BODY_LIMIT_BYTES = 64 * 1024
# RFC 7591 section 3.2.1.
_NEVER_KEPT = [("cache-control", "no-store"), ("pragma", "no-cache")]


def registration_routes(registration: StatementRegistration) -> list[HTTPRouteHandler]:
    """The endpoint; public, because the statement in the body says who may."""

    @post(
        "/oauth/register",
        name="oauth.register",
        opt={"public": True},
        request_max_body_size=BODY_LIMIT_BYTES,
        include_in_schema=False,
    )
    async def register(request: Request[Any, Any, Any]) -> ASGIResponse:
        if request.content_type[0] != "application/json":
            raise errors.UnsupportedMediaType("Send application/json.")
        made = await registration.register(await request.body())
        return ASGIResponse(body=msgspec.json.encode(made), headers=_NEVER_KEPT, status_code=201)

    return [register]
