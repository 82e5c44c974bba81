"""The guard at every resource: token, proof, consent and scope, in one unit of the database.

The roof attaches it to the routes that need it, or to the whole app. A route says
`opt={"scope": "order.read"}` or `opt={"public": True}`; one that says neither, or that asks for a
scope where no guard stands, stops the start-up.
"""

import re
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Send

from contracts import errors
from gateway.database import Database, Unit
from gateway.kit.caller import Caller
from gateway.kit.clock import Clock
from gateway.kit.ids import digest
from gateway.kit.jose import CompactReader
from gateway.oauth import challenges, resource_flow
from gateway.oauth.binding import Binding
from gateway.oauth.details import decode_details
from gateway.oauth.dpop import Proof, verify_proof
from gateway.oauth.replay import BURN_FOR_TOKEN
from gateway.oauth.resources import ResourceRequest
from gateway.oauth.scopes import split_scope
from gateway.oauth.store import FIND_ACCESS_TOKEN, AccessTokenRow
from gateway.onboarding.service import SCOPES

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")


class UndeclaredRoute(Exception):
    """A route that says neither which scope it needs nor that it is public."""


class ResourceGuard(ASGIMiddleware):
    """Proves the caller of a resource and leaves a `Caller` in the request's state.

    A middleware, because Litestar copies the whole handler for every call of a guard.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, database: Database, clock: Clock, *, issuer: str) -> None:
        self._database = database
        self._clock = clock
        self._external = issuer.rstrip("/")
        self._reader = CompactReader()

    def __deepcopy__(self, memo: dict[int, Any]) -> "ResourceGuard":
        """Itself: Litestar copies a router's handlers together with what they belong to."""
        return self

    async def handle(self, scope: Any, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Lets the route see its caller, or refuses with a challenge (RFC 9449 section 7.1).

        401 `invalid_token`, 403 `insufficient_scope`, 400 for a token in the query.
        """
        wanted = scope["route_handler"].opt.get("scope")
        if wanted is not None:
            scope["state"]["caller"] = await self._prove(scope, wanted)
        await next_app(scope, receive, send)

    async def _prove(self, scope: Any, wanted: str) -> Caller:
        at = self._clock.now()
        _refuse_token_in_query(scope["query_string"])
        token, proofs = _credentials(scope["headers"])
        try:
            proof = verify_proof(
                proofs,
                self._reader,
                method=scope["method"],
                url=self._external + _path(scope),
                at=at,
                access_token=token,
            )
        except errors.InvalidDpopProof as refusal:
            raise challenges.invalid_proof(refusal.detail) from None
        token_digest = digest(token)
        row = await self._token(token_digest, proof)
        if row is None:
            raise challenges.invalid_token("The access token is not live.")
        granted = split_scope(row.scope)
        resource_flow.check(
            ResourceRequest(
                method=scope["method"],
                wanted=wanted,
                granted=granted,
                token=row,
                presented=Binding("jkt", proof.jkt),
                at=at,
            )
        )
        interaction_id = scope.get("state", {}).get("interaction_id", "")
        return _caller(row, token_digest, granted, interaction_id, at)

    async def _token(self, token_digest: str, proof: Proof) -> AccessTokenRow | None:
        """Uses the proof's `jti` up and reads the token, joined with client and consent."""
        unit = Unit("oauth.guard")
        unit.lock(proof.key)
        # Without a token of this very key nothing is written: a stranger fills no table.
        unit.add(
            BURN_FOR_TOKEN,
            expect=None,
            otherwise=_proof_used,
            key=proof.key,
            expires_at=proof.expires_at,
            token_digest=token_digest,
            jkt=proof.jkt,
        )
        slot = unit.ask(FIND_ACCESS_TOKEN, token_digest=token_digest)
        rows: list[AccessTokenRow] = (await self._database.commit(unit))[slot]
        return rows[0] if rows else None


def require_declarations(app: Litestar) -> None:
    """Raises ``UndeclaredRoute`` naming every route that is neither guarded nor `public`.

    For `on_startup`; the framework's own OPTIONS answers need no declaration.
    """
    undeclared = []
    for route in app.routes:
        handlers = route.route_handlers if isinstance(route, HTTPRoute) else [route.route_handler]
        for handler in handlers:
            if getattr(handler, "http_methods", None) == {"OPTIONS"}:
                continue
            fault = _fault(handler)
            if fault:
                undeclared.append(f"{route.path} ({handler}) {fault}")
    if undeclared:
        raise UndeclaredRoute("; ".join(undeclared))


def _fault(handler: BaseRouteHandler) -> str:
    wanted = handler.opt.get("scope")
    if bool(handler.opt.get("public")) == (wanted is not None):
        return "must declare either a scope or that it is public"
    if wanted is None:
        return ""
    if wanted not in SCOPES:
        return f"asks for the unknown scope {wanted}"
    guarded = any(isinstance(layer, ResourceGuard) for layer in handler.resolve_middleware())
    return "" if guarded else "asks for a scope where no guard stands"


def _path(scope: Any) -> str:
    """The path as the caller wrote it, escapes and all; a server need not pass `raw_path` on."""
    raw = scope.get("raw_path")
    return raw.partition(b"?")[0].decode("latin-1") if raw else str(scope["path"])


def _credentials(headers: Any) -> tuple[str, list[str]]:
    authorizations = []
    proofs = []
    for name, value in headers:
        if name == b"authorization":
            authorizations.append(value.decode("latin-1"))
        elif name == b"dpop":
            proofs.append(value.decode("latin-1"))
    if not authorizations:
        raise challenges.no_token()
    scheme, _, token = authorizations[0].partition(" ")
    token = token.strip(" ")
    if len(authorizations) > 1 or not _TOKEN.fullmatch(token):
        raise challenges.invalid_token("The Authorization header is not one DPoP token.")
    if scheme.lower() != "dpop":
        # RFC 9449 section 7.2: a bound token is nobody's bearer token.
        raise challenges.invalid_token("Access tokens are used with the DPoP scheme.")
    return token, proofs


def _refuse_token_in_query(query: bytes) -> None:
    """FAPI 2.0 SP 5.3.4-2: an access token in the address is refused, whatever else there is."""
    if not query:
        return
    names = {name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    if "access_token" in names:
        raise errors.OAuthRefused("An access token does not belong in the address.")


def _proof_used() -> errors.GatewayError:
    return challenges.invalid_proof("The DPoP proof was used before.")


def _caller(
    row: AccessTokenRow,
    token_digest: str,
    granted: frozenset[str],
    interaction_id: str,
    at: datetime,
) -> Caller:
    return Caller(
        partner_id=row.partner_id,
        client_id=row.client_id,
        customer_id=row.customer_id,
        subject=row.subject,
        consent_id=row.consent_id,
        scope=granted,
        authorization_details=decode_details(row.authorization_details),
        acr=row.acr,
        interaction_id=interaction_id,
        at=at,
        token_digest=token_digest,
    )
