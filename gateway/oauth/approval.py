"""The customer's answer to a pushed request: shown once, completed once, never widened.

The hosted pages ask here; they own the addresses, the words and the second factor.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn
from urllib.parse import urlencode

import msgspec
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from contracts import errors
from gateway.audit.service import Audit
from gateway.consents.service import Consents, Notice
from gateway.database import Database, Unit
from gateway.kit.clock import Clock
from gateway.kit.ids import digest, new_secret
from gateway.oauth import store
from gateway.oauth.clients import RegisteredClient, RegisteredClients
from gateway.oauth.details import Details, DetailsChecker, check_not_wider, encode_details
from gateway.oauth.grants.authorization_code import RequiredCodeChallenge
from gateway.oauth.refusals import refused
from gateway.oauth.scopes import join_scope, split_scope
from gateway.oauth.subjects import Subjects
from gateway.oauth.work import ProtocolRequest
from gateway.onboarding.service import SCOPES

# FAPI 2.0 SP 5.3.2.1-11 allows 60 seconds.
CODE_SECONDS: Final = 60


class PushedParameters(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a pushed request; parameters nobody here reads are not kept."""

    response_type: str
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str
    state: str | None = None
    ui_locales: str | None = None
    authorization_details: Details = ()


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A pending request as a page shows it; who asks is told by the register, by `client_id`."""

    client_id: str
    partner_id: str
    scope: tuple[str, ...]
    authorization_details: Details
    redirect_uri: str
    ui_locales: tuple[str, ...]
    expires_at: datetime


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """Who approved, how surely the bank knows, and how much; ``None`` means all that was asked."""

    customer_id: str
    acr: str
    amr: tuple[str, ...]
    authenticated_at: datetime
    scope: frozenset[str] | None = None
    authorization_details: Sequence[dict[str, Any]] | None = None
    notice: Notice | None = None


class _Issuer(AuthorizationCodeGrant):  # type: ignore[misc]
    """Authlib's code grant at the authorization endpoint; the code goes to its server."""

    def generate_authorization_code(self) -> str:
        return new_secret()

    def save_authorization_code(self, code: str, request: ProtocolRequest) -> None:
        self.server.code = code


class _ConsentServer(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server over one pushed request; it decides whether a code may be issued."""

    def __init__(self, client: RegisteredClient) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.client = client
        self.code = ""
        self.register_grant(_Issuer, [RequiredCodeChallenge(required=True)])

    def query_client(self, client_id: str) -> RegisteredClient | None:
        return self.client if client_id == self.client.client_id else None

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        return

    def handle_response(self, status: int, body: Any, headers: Any) -> None:
        return

    def handle_error_response(self, request: ProtocolRequest, error: OAuth2Error) -> NoReturn:
        raise refused(error)

    def issue(self, request: ProtocolRequest, customer_id: str) -> str:
        """The code for an approved request, or the refusal."""
        try:
            grant = self.get_consent_grant(request, end_user=customer_id)
        except OAuth2Error as error:
            raise refused(error) from error
        self.create_authorization_response(request, grant_user=customer_id, grant=grant)
        return self.code


class Authorizations:
    """Shows, approves and denies pushed requests."""

    def __init__(
        self,
        database: Database,
        clients: RegisteredClients,
        consents: Consents,
        catalogue: DetailsChecker,
        subjects: Subjects,
        audit: Audit,
        clock: Clock,
        *,
        issuer: str,
    ) -> None:
        self._database = database
        self._clients = clients
        self._consents = consents
        self._catalogue = catalogue
        self._subjects = subjects
        self._audit = audit
        self._clock = clock
        self._issuer = issuer

    async def begin(self, client_id: str, request_uri: str) -> AuthorizationRequest:
        """The pending request, as often as the page is loaded (FAPI 2.0 SP 5.3.2.2 note 3).

        Raises ``InvalidRequestUri``, alike for an address that never was, that ran out, that is
        completed, and that belongs to another client (RFC 9126 section 2.2). Anything else in
        the front-channel request is ignored (RFC 9126 section 4).
        """
        row, parameters, client = await self._pending(client_id, request_uri)
        return AuthorizationRequest(
            client_id=client.client_id,
            partner_id=client.client.partner_id,
            scope=tuple(parameters.scope.split()),
            authorization_details=parameters.authorization_details,
            redirect_uri=parameters.redirect_uri,
            ui_locales=tuple((parameters.ui_locales or "").split()),
            expires_at=row.expires_at,
        )

    async def approve(self, client_id: str, request_uri: str, approval: Approval) -> str:
        """Completes the request and returns the redirect with `code`, `state` and `iss`.

        Consent, code and completion are one unit: of two approvals at once, one wins and the
        other raises ``InvalidRequestUri``. Raises ``InvalidScope`` or
        ``InvalidAuthorizationDetails`` when more is given than was asked for.
        """
        at = self._clock.now()
        row, parameters, client = await self._pending(client_id, request_uri)
        scope = self._narrowed_scope(parameters, approval)
        details = self._narrowed_details(parameters, approval)
        request = self._protocol_request(client, parameters)
        code = _ConsentServer(client).issue(request, approval.customer_id)
        unit = Unit("oauth.approve", locks=(row.request_digest,))
        self._complete(unit, row, "approved", at)
        consent_id = self._consents.grant(
            unit,
            partner_id=client.client.partner_id,
            client_id=client.client_id,
            customer_id=approval.customer_id,
            scope=scope,
            authorization_details=details,
            acr=approval.acr,
            amr=approval.amr,
            at=at,
            notice=approval.notice,
        )
        unit.add(
            store.INSERT_CODE,
            code_digest=digest(code),
            client_id=client.client_id,
            consent_id=consent_id,
            customer_id=approval.customer_id,
            subject=self._subjects.pairwise(approval.customer_id, client.client.sector),
            redirect_uri=parameters.redirect_uri,
            code_challenge=parameters.code_challenge,
            dpop_jkt=row.dpop_jkt,
            scope=scope,
            authorization_details=encode_details(details),
            acr=approval.acr,
            amr=" ".join(approval.amr),
            authenticated_at=approval.authenticated_at,
            created_at=at,
            expires_at=at + timedelta(seconds=CODE_SECONDS),
        )
        await self._database.commit(unit)
        return self._redirect(parameters, {"code": code})

    async def deny(self, client_id: str, request_uri: str, *, customer_id: str | None) -> str:
        """Completes the request with `access_denied` (RFC 6749 section 4.1.2.1).

        ``customer_id`` is ``None`` when somebody said no before signing in.
        """
        at = self._clock.now()
        row, parameters, client = await self._pending(client_id, request_uri)
        unit = Unit("oauth.deny", locks=(row.request_digest,))
        self._complete(unit, row, "denied", at)
        self._audit.append(
            unit,
            action="authorization.deny",
            actor=f"customer:{customer_id}" if customer_id else "customer:unknown",
            partner_id=client.client.partner_id,
            client_id=client.client_id,
            subject=customer_id,
            decision="deny",
            detail={"scope": parameters.scope},
            at=at,
        )
        await self._database.commit(unit)
        return self._redirect(parameters, {"error": "access_denied"})

    async def _pending(
        self, client_id: str, request_uri: str
    ) -> tuple[store.PushedRow, PushedParameters, RegisteredClient]:
        row = await self._database.find(store.FIND_PUSHED, request_digest=digest(request_uri))
        if row is None or row.client_id != client_id or row.status != "pending":
            raise errors.InvalidRequestUri
        client = await self._clients.find(client_id)
        if client is None or not client.is_live or self._clock.now() >= row.expires_at:
            raise errors.InvalidRequestUri
        return row, msgspec.json.decode(row.parameters, type=PushedParameters), client

    def _complete(self, unit: Unit, row: store.PushedRow, to: str, at: datetime) -> None:
        unit.add(
            store.COMPLETE_PUSHED,
            otherwise=errors.InvalidRequestUri,
            request_digest=row.request_digest,
            to=to,
            at=at,
        )

    def _narrowed_scope(self, parameters: PushedParameters, approval: Approval) -> str:
        asked = split_scope(parameters.scope)
        given = asked if approval.scope is None else approval.scope
        if not given or not given <= asked:
            raise errors.InvalidScope("More was given than was asked for.")
        return join_scope(given)

    def _narrowed_details(
        self, parameters: PushedParameters, approval: Approval
    ) -> Sequence[dict[str, Any]]:
        asked = parameters.authorization_details
        given = approval.authorization_details
        if given is None:
            given = asked
        check_not_wider(asked, given)
        if asked:
            # Judged again as given: a required component may have been left out.
            self._catalogue.check_details(given)
        return given

    def _protocol_request(
        self, client: RegisteredClient, parameters: PushedParameters
    ) -> ProtocolRequest:
        form = {
            "client_id": client.client_id,
            "response_type": parameters.response_type,
            "redirect_uri": parameters.redirect_uri,
            "scope": parameters.scope,
            "code_challenge": parameters.code_challenge,
            "code_challenge_method": parameters.code_challenge_method,
        }
        return ProtocolRequest(self._issuer.rstrip("/") + "/oauth/authorize", form)

    def _redirect(self, parameters: PushedParameters, answer: dict[str, str]) -> str:
        """The registered address as it is, with the answer and `iss` (RFC 9207) appended."""
        if parameters.state is not None:
            answer["state"] = parameters.state
        answer["iss"] = self._issuer
        separator = "&" if "?" in parameters.redirect_uri else "?"
        return f"{parameters.redirect_uri}{separator}{urlencode(answer)}"
