"""The guard at every resource: token, proof, consent and scope, in one unit of the database.

The roof attaches it to the routes that need it, or to the whole app. A route says
`opt={"scope": "order.read"}` or `opt={"public": True}`; one that says neither, or that asks for a
scope where no guard stands, stops the start-up. Where it says `customer_scope` too, that is what a
customer's token needs instead, with all that its level asks for.
"""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from litestar import Litestar
from litestar.enums import ScopeType
from litestar.handlers.base import BaseRouteHandler
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Send
from msgspec.structs import replace

from contracts import errors
from gateway.consents.service import LastUses
from gateway.database import Database, Unit
from gateway.kit.caller import Caller
from gateway.kit.clock import Clock
from gateway.kit.ids import digest
from gateway.kit.jose import CompactReader
from gateway.oauth import challenges, resource_flow
from gateway.oauth.addresses import Addresses
from gateway.oauth.assessed_levels import STRICTEST
from gateway.oauth.binding import Binding, stored_binding
from gateway.oauth.certificates import CertificateReader
from gateway.oauth.dpop import Proof, verify_proof
from gateway.oauth.identity.assurance import ACR_VALUES, TWO_FACTOR
from gateway.oauth.message_signatures import MessageSignatures
from gateway.oauth.nonces import Nonces
from gateway.oauth.replay import BURN_FOR_TOKEN
from gateway.oauth.resources import ResourceRequest
from gateway.oauth.rights import Rights, effective_rights
from gateway.oauth.store import FIND_ACCESS_TOKEN, AccessTokenRow
from gateway.onboarding.service import SCOPES
from gateway.web.terminators import at_mtls, client_cert

_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{1,512}")


class UndeclaredRoute(Exception):
    """A route that says neither which scope it needs nor that it is public."""


class ResourceGuard(ASGIMiddleware):
    """Proves the caller of a resource and leaves a `Caller` in the request's state.

    A middleware, because Litestar copies the whole handler for every call of a guard.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        issuer: str,
        mtls: str = "",
        nonces: Nonces | None = None,
        signatures: MessageSignatures | None = None,
        uses: LastUses | None = None,
        assessed_levels: Callable[[datetime], frozenset[str]] | None = None,
    ) -> None:
        """``uses`` is told of every consent that a call rested on.

        ``signatures`` judges message signatures; without it none is looked at or asked for.
        Without ``mtls``, the start of the mutual-TLS addresses, no certificate is ever presented;
        without ``nonces`` none are asked for. ``assessed_levels`` tells which levels need a risk
        assessment of the partner; without it the strictest rule holds.
        """
        self._database = database
        self._clock = clock
        self._uses = uses
        self._assessed_levels = assessed_levels
        self._addresses = Addresses(issuer, mtls)
        self._nonces = nonces
        self._signatures = signatures
        self._reader = CompactReader()
        self._certificates = CertificateReader()

    def __deepcopy__(self, memo: dict[int, Any]) -> "ResourceGuard":
        """Itself: Litestar copies a router's handlers together with what they belong to."""
        return self

    async def handle(self, scope: Any, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Lets the route see its caller, or refuses with a challenge (RFC 9449 section 7.1).

        401 `invalid_token`, `invalid_dpop_proof` or `use_dpop_nonce`, 403 `insufficient_scope`,
        400 for a token in the query. A good answer brings a fresh nonce, as a challenge does.
        """
        wanted = scope["route_handler"].opt.get("scope")
        if wanted is None:
            await next_app(scope, receive, send)
            return
        at = self._clock.now()
        if self._nonces is not None:
            await self._nonces.keep_fresh(at)
            send = _bringing(self._nonces.current("rs", at), send)
        try:
            receive = await self._prove(scope, receive, wanted, at)
        except errors.GatewayError as refusal:
            if self._nonces is not None and "WWW-Authenticate" in refusal.headers:
                refusal.with_headers(DPoP_Nonce=self._nonces.current("rs", at))
            raise
        await next_app(scope, receive, send)

    async def _prove(self, scope: Any, receive: Receive, wanted: str, at: datetime) -> Receive:
        """Leaves the caller in the state and returns what the route reads its body from."""
        origin = self._addresses.external(at_mtls=at_mtls(scope))
        call = self._signatures and self._signatures.read(
            scope, receive, wanted=wanted, origin=origin, at=at
        )
        row, caller = await self._caller(scope, origin, at)
        if call:
            call = replace(call, wanted=_wanted(scope, row))
        if self._signatures and call:
            receive = await self._signatures.admit(call, row)
        if self._uses is not None and row.consent_id is not None:
            self._uses.note(row.consent_id, at)
        scope["state"]["caller"] = caller
        return receive

    async def _caller(self, scope: Any, origin: str, at: datetime) -> tuple[AccessTokenRow, Caller]:
        _refuse_token_in_query(scope["query_string"])
        scheme, token, proofs = _credentials(scope["headers"], self._addresses.mtls)
        token_digest = digest(token)
        presented: Binding | None
        if scheme == "dpop":
            proof = self._verify(scope, proofs, token, origin, at)
            presented = Binding("jkt", proof.jkt)
            row = await self._token(token_digest, proof)
        else:
            presented = self._certificate(scope)
            row = await self._database.find(FIND_ACCESS_TOKEN, token_digest=token_digest)
        if row is None:
            shown = "DPoP" if scheme == "dpop" else "Bearer"
            raise challenges.invalid_token("The access token is not live.", scheme=shown)
        rights = effective_rights(row)
        resource_flow.check(
            ResourceRequest(
                method=scope["method"],
                wanted=_wanted(scope, row),
                granted=rights.scope,
                token=row,
                presented=presented,
                acr=scope["route_handler"].opt.get("acr"),
                max_age=scope["route_handler"].opt.get("max_age"),
                assessed_levels=self._assessed_levels(at) if self._assessed_levels else STRICTEST,
                at=at,
            )
        )
        interaction_id = scope.get("state", {}).get("interaction_id", "")
        return row, _caller(row, token_digest, rights, interaction_id, at)

    def _verify(
        self, scope: Any, proofs: list[str], token: str, origin: str, at: datetime
    ) -> Proof:
        """The proof, whose nonce is good; its `jti` is not used up yet (RFC 9449 section 9)."""
        try:
            proof = verify_proof(
                proofs,
                self._reader,
                method=scope["method"],
                url=origin + _path(scope),
                at=at,
                access_token=token,
            )
        except errors.InvalidDpopProof as refusal:
            raise challenges.invalid_proof(refusal.detail) from None
        if self._nonces is not None and not self._nonces.is_good("rs", proof.nonce, at):
            raise challenges.use_nonce()
        return proof

    def _certificate(self, scope: Any) -> Binding | None:
        certificate = self._certificates.read(client_cert(scope))
        return None if certificate is None else Binding("x5t#S256", certificate.thumbprint)

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
    for asked in (wanted, handler.opt.get("customer_scope", wanted)):
        if asked not in SCOPES:
            return f"asks for the unknown scope {asked}"
    if handler.opt.get("acr", TWO_FACTOR) not in ACR_VALUES:
        return f"asks for the unknown acr {handler.opt['acr']}"
    guarded = any(isinstance(layer, ResourceGuard) for layer in handler.resolve_middleware())
    return "" if guarded else "asks for a scope where no guard stands"


def _wanted(scope: Any, row: AccessTokenRow) -> str:
    """The scope that the route asks of this token: a customer's may need another."""
    opt = scope["route_handler"].opt
    wanted: str = opt["scope"]
    return wanted if row.customer_id is None else opt.get("customer_scope", wanted)


def _path(scope: Any) -> str:
    """The path as the caller wrote it, escapes and all; a server need not pass `raw_path` on."""
    raw = scope.get("raw_path")
    return raw.partition(b"?")[0].decode("latin-1") if raw else str(scope["path"])


def _bringing(nonce: str, send: Send) -> Send:
    """Sends a good answer with the nonce for the next proof (RFC 9449 section 8.2)."""

    async def send_on(message: Any) -> None:
        if message["type"] == "http.response.start" and 200 <= message["status"] < 300:
            message["headers"] = [*message["headers"], (b"dpop-nonce", nonce.encode())]
        await send(message)

    return send_on


def _credentials(headers: Any, mtls: str) -> tuple[str, str, list[str]]:
    """Scheme in small letters, token, and the values of every DPoP header."""
    authorizations = []
    proofs = []
    for name, value in headers:
        if name == b"authorization":
            authorizations.append(value.decode("latin-1"))
        elif name == b"dpop":
            proofs.append(value.decode("latin-1"))
    if not authorizations:
        raise challenges.no_token(mtls)
    scheme, _, token = authorizations[0].partition(" ")
    token = token.strip(" ")
    if len(authorizations) > 1 or not _TOKEN.fullmatch(token):
        raise challenges.invalid_token("The Authorization header is not one access token.")
    # RFC 9110 section 11.1: the scheme's case does not matter.
    scheme = scheme.lower()
    if scheme not in ("dpop", "bearer"):
        raise challenges.invalid_token("Access tokens are used with the DPoP or Bearer scheme.")
    return scheme, token, proofs


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
    rights: Rights,
    interaction_id: str,
    at: datetime,
) -> Caller:
    return Caller(
        partner_id=row.partner_id,
        client_id=row.client_id,
        customer_id=row.customer_id,
        subject=row.subject,
        consent_id=row.consent_id,
        scope=rights.scope,
        authorization_details=rights.details,
        acr=row.acr,
        token_type=stored_binding(row.jkt, row.x5t_s256).token_type,
        interaction_id=interaction_id,
        at=at,
        token_digest=token_digest,
    )
