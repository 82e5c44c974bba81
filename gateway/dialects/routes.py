"""The dialects' HTTP door: bytes in, bytes out, whatever the partner's verb."""

from typing import Any

from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from gateway.dialects.service import Dialects
from partners.wire import RawRequest


def dialect_routes(dialects: Dialects) -> list[HTTPRouteHandler]:
    """One route for every dialect; the signature inside the request is its guard."""

    @route(
        "/dialects/{name:str}/gateway.do",
        http_method=[HttpMethod.GET, HttpMethod.POST],
        opt={"public": True},
        include_in_schema=False,
        summary="A partner's dialect",
    )
    async def speak(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        raw = RawRequest(
            method=request.method,
            path=request.scope["path"],
            query=request.scope["query_string"],
            headers=tuple(
                (k.decode("latin-1"), v.decode("latin-1")) for k, v in request.scope["headers"]
            ),
            body=await request.body(),
            received_at=dialects.now(),
        )
        answer = await dialects.answer(name, raw, request.scope["state"]["interaction_id"])
        headers = dict(answer.headers)
        return Response(
            answer.body,
            status_code=answer.status,
            media_type=headers.pop("content-type"),
            headers=headers,
        )

    return [speak]
