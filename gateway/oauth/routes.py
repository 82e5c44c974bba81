"""The OAuth endpoints over HTTP: read the form, ask the service, say it in JSON."""

from typing import Any

import msgspec
from litestar import Request, get, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from litestar.response.base import ASGIResponse
from litestar.types import HTTPScope, Receive

from contracts.v1 import consents as wire
from gateway.oauth.addresses import PATHS
from gateway.oauth.certificates import CertificateReader
from gateway.oauth.discovery import OPENID_PATH, metadata_path
from gateway.oauth.forms import FORM_LIMIT_BYTES, parse_form
from gateway.oauth.identity.userinfo import USERINFO_PATH
from gateway.oauth.media_types import INTROSPECTION_JWT
from gateway.oauth.requests import FormRequest
from gateway.oauth.service import GrantHandles, OAuth
from gateway.web.answers import Answer, read_body
from gateway.web.bodies import StrictJson
from gateway.web.shortcut import Endpoint
from gateway.web.terminators import at_mtls, client_cert, is_cert_verified

# RFC 6749 section 5.1: whatever carries a credential is kept by nobody.
_NEVER_KEPT = [("cache-control", "no-store"), ("pragma", "no-cache")]
_KEPT_BY_NOBODY = [(name.encode(), value.encode()) for name, value in _NEVER_KEPT]
_KEPT_SHORTLY = [("cache-control", "public, max-age=300")]
_FORM: dict[str, Any] = {
    "opt": {"public": True},
    "request_max_body_size": FORM_LIMIT_BYTES,
    "include_in_schema": False,
}


def protocol_routes(oauth: OAuth) -> list[HTTPRouteHandler]:
    """The protocol's own endpoints; public, because the client authenticates in the form."""
    return [*_form_routes(oauth), *_document_routes(oauth)]


def grant_handle_routes(handles: GrantHandles) -> list[HTTPRouteHandler]:
    """The native route for handles; the roof puts its guard before it."""

    @post(
        "/v1/grant-handles",
        dto=StrictJson[wire.GrantHandleRequest],
        return_dto=None,
        opt={"scope": "order.write"},
        operation_id="issue_grant_handle",
        summary="Issue a grant handle",
        tags=["Consents"],
    )
    async def issue_grant_handle(
        request: Request[Any, Any, Any], data: JSONBody[wire.GrantHandleRequest]
    ) -> wire.GrantHandle:
        """A handle that stands for this token's consent inside one dialect; shown once."""
        return await handles.issue(request.state.caller, data.dialect)

    return [issue_grant_handle]


def userinfo_routes(oauth: OAuth) -> list[HTTPRouteHandler]:
    """The userinfo endpoint, a resource like any other; the roof puts its guard before it."""

    @route(
        USERINFO_PATH,
        http_method=["GET", "POST"],
        status_code=200,
        name="oauth.userinfo",
        opt={"scope": "openid"},
        request_max_body_size=FORM_LIMIT_BYTES,
        include_in_schema=False,
    )
    async def userinfo(request: Request[Any, Any, Any]) -> Answer:
        return _json(await oauth.userinfo(request.state.caller))

    return [userinfo]


def form_endpoints(oauth: OAuth) -> dict[str, Endpoint]:
    """The endpoints that clients are held up by, by their paths, for ``web.shortcut``."""

    async def par(scope: HTTPScope, receive: Receive) -> Answer:
        answer = await oauth.push(await _arrival(scope, receive, oauth.certificates))
        return _json(answer, status_code=201, nonce=oauth.nonce())

    async def token(scope: HTTPScope, receive: Receive) -> Answer:
        answer = await oauth.token(await _arrival(scope, receive, oauth.certificates))
        return _json(answer, nonce=oauth.nonce())

    return {PATHS["par"]: par, PATHS["token"]: token}


def _form_routes(oauth: OAuth) -> list[HTTPRouteHandler]:
    endpoints = form_endpoints(oauth)

    @post(PATHS["par"], name="oauth.par", **_FORM)
    async def par(request: Request[Any, Any, Any]) -> Answer:
        return await endpoints[PATHS["par"]](request.scope, request.receive)

    @post(PATHS["token"], name="oauth.token", **_FORM)
    async def token(request: Request[Any, Any, Any]) -> Answer:
        return await endpoints[PATHS["token"]](request.scope, request.receive)

    @post(PATHS["revocation"], name="oauth.revoke", **_FORM)
    async def revoke(request: Request[Any, Any, Any]) -> ASGIResponse:
        await oauth.revoke(await _arrival(request.scope, request.receive, oauth.certificates))
        return ASGIResponse(headers=_NEVER_KEPT)

    @post(PATHS["introspection"], name="oauth.introspect", **_FORM)
    async def introspect(request: Request[Any, Any, Any]) -> Answer:
        arrival = await _arrival(request.scope, request.receive, oauth.certificates)
        answer = await oauth.introspect(arrival)
        if isinstance(answer, str):
            return Answer(
                answer.encode(), [*_KEPT_BY_NOBODY, (b"content-type", INTROSPECTION_JWT.encode())]
            )
        return _json(answer)

    return [par, token, revoke, introspect]


def _document_routes(oauth: OAuth) -> list[HTTPRouteHandler]:
    document = msgspec.json.encode(oauth.metadata())

    @get(
        metadata_path(oauth.issuer),
        name="oauth.metadata",
        opt={"public": True},
        include_in_schema=False,
    )
    async def metadata() -> ASGIResponse:
        return ASGIResponse(body=document, headers=_KEPT_SHORTLY)

    @get(OPENID_PATH, name="oauth.openid", opt={"public": True}, include_in_schema=False)
    async def openid() -> ASGIResponse:
        return ASGIResponse(body=document, headers=_KEPT_SHORTLY)

    @get("/oauth/jwks", name="oauth.jwks", opt={"public": True}, include_in_schema=False)
    async def jwks() -> ASGIResponse:
        return ASGIResponse(
            body=msgspec.json.encode(await oauth.jwks()),
            headers=_KEPT_SHORTLY,
            media_type="application/jwk-set+json",
        )

    return [metadata, openid, jwks]


def _json(answer: dict[str, Any], *, status_code: int = 200, nonce: str = "") -> Answer:
    headers = [*_KEPT_BY_NOBODY, (b"content-type", b"application/json")]
    if nonce:
        headers.append((b"dpop-nonce", nonce.encode()))
    return Answer(msgspec.json.encode(answer), headers, status_code=status_code)


async def _arrival(
    scope: HTTPScope, receive: Receive, certificates: CertificateReader
) -> FormRequest:
    content_type = ""
    proofs = []
    has_authorization = False
    accept = ""
    for name, value in scope["headers"]:
        if name == b"content-type":
            content_type = value.decode("latin-1")
        elif name == b"dpop":
            proofs.append(value.decode("latin-1"))
        elif name == b"authorization":
            has_authorization = True
        elif name == b"accept":
            accept += "," + value.decode("latin-1")
    return FormRequest(
        form=parse_form(await read_body(scope, receive, FORM_LIMIT_BYTES), content_type),
        proofs=tuple(proofs),
        has_authorization=has_authorization,
        accept=accept,
        certificate=certificates.read(client_cert(scope), is_verified=is_cert_verified(scope)),
        at_mtls=at_mtls(scope),
    )
