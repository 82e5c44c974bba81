"""The customer's answer to a pushed request: shown once, completed once, never widened.

The hosted pages ask here; they own the addresses, the words and the second factor.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from contracts import errors
from gateway.audit.service import Audit
from gateway.consents.service import Consents, Notice, ShownText
from gateway.database import Database, Unit
from gateway.kit.clock import Clock
from gateway.kit.ids import digest
from gateway.oauth import store
from gateway.oauth.account_information import scope_within
from gateway.oauth.answers import AuthorizationAnswers
from gateway.oauth.clients import RegisteredClient, RegisteredClients
from gateway.oauth.details import Details, DetailsChecker, check_not_wider, encode_details
from gateway.oauth.grants.consent import ConsentServer
from gateway.oauth.identity.claims import KeptClaims
from gateway.oauth.identity.needs import Needs
from gateway.oauth.named_quotes import QuoteJudge
from gateway.oauth.scopes import join_scope, split_scope
from gateway.oauth.subjects import Subjects
from gateway.oauth.work import ProtocolRequest

# FAPI 2.0 SP 5.3.2.1-11 allows 60 seconds.
CODE_SECONDS: Final = 60


# RFC 6749 section 4.1.2.1, OpenID Connect Core section 3.1.2.6, OpenID Connect Core Error
# Code unmet_authentication_requirements section 2, and RFC 9396 section 5.
AuthorizationError = Literal[
    "access_denied",
    "login_required",
    "consent_required",
    "unmet_authentication_requirements",
    "invalid_authorization_details",
]


class PushedParameters(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of a pushed request; parameters nobody here reads are not kept."""

    response_type: str
    redirect_uri: str
    scope: str
    code_challenge: str
    code_challenge_method: str
    response_mode: str | None = None
    state: str | None = None
    ui_locales: str | None = None
    authorization_details: Details = ()
    nonce: str | None = None
    needs: Needs = Needs()
    claims: KeptClaims = KeptClaims()


class AuthorizationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A pending request as a page shows it; who asks is told by the register, by `client_id`."""

    client_id: str
    partner_id: str
    scope: tuple[str, ...]
    authorization_details: Details
    redirect_uri: str
    ui_locales: tuple[str, ...]
    needs: Needs
    pushed_at: datetime
    expires_at: datetime

    @property
    def required_acr(self) -> str | None:
        """The class of authentication the client asked for, best liked first; ``None``: any."""
        return self.needs.required_acr

    @property
    def max_age(self) -> int | None:
        """How many seconds ago the customer may have signed in at most."""
        return self.needs.max_age

    @property
    def prompt(self) -> tuple[str, ...]:
        """What the client wants the pages to do; `none` alone means no page at all."""
        return self.needs.prompt

    @property
    def login_hint(self) -> str | None:
        """Who the client thinks is coming, for the sign-in field; never proof of anything."""
        return self.needs.login_hint

    def needs_sign_in(self, signed_in_at: datetime | None, at: datetime) -> bool:
        """Whether a page must ask for the passcode (again) before it may ask for consent."""
        if signed_in_at is None:
            return True
        return not self.needs.is_fresh(signed_in_at, pushed_at=self.pushed_at, at=at)


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """Who approved, how surely the bank knows, and how much; ``None`` means all that was asked."""

    customer_id: str
    acr: str
    amr: tuple[str, ...]
    authenticated_at: datetime
    scope: frozenset[str] | None = None
    authorization_details: Sequence[dict[str, Any]] | None = None
    notice: Notice | None = None
    read: Sequence[ShownText] = ()


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
        answers: AuthorizationAnswers,
        *,
        issuer: str,
        quotes: QuoteJudge,
    ) -> None:
        self._database = database
        self._clients = clients
        self._consents = consents
        self._catalogue = catalogue
        self._subjects = subjects
        self._audit = audit
        self._clock = clock
        self._answers = answers
        self._issuer = issuer
        self._quotes = quotes

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
            needs=parameters.needs,
            pushed_at=row.created_at,
            expires_at=row.expires_at,
        )

    async def approve(self, client_id: str, request_uri: str, approval: Approval) -> str:
        """Completes the request and returns the redirect with `code`, `state` and `iss`.

        Consent, code and completion are one unit: of two approvals at once, one wins and the
        other raises ``InvalidRequestUri``. Raises ``InvalidScope`` or
        ``InvalidAuthorizationDetails`` when more is given than was asked for, and
        ``UnmetAuthenticationRequirements`` when the customer is another than the one expected, or
        authenticated less surely or longer ago than was asked, and ``QuoteMismatch`` or
        ``QuoteExpired`` for a quote that can no longer be used; the request stays open then.
        """
        at = self._clock.now()
        row, parameters, client = await self._pending(client_id, request_uri)
        subject = self._subjects.pairwise(approval.customer_id, client.client.sector)
        _check_authentication(approval, subject, row, parameters.needs, at)
        scope = self._narrowed_scope(parameters, approval)
        details = self._narrowed_details(parameters, approval, client)
        scope = scope_within(scope, parameters.authorization_details, details)
        request = self._protocol_request(client, parameters)
        code = ConsentServer(client).issue(request, approval.customer_id)
        unit = Unit("oauth.approve", locks=(row.request_digest,))
        self._complete(unit, row, "approved", at)
        consent_id = await self._granted(unit, client, approval, scope, details, at)
        unit.add(
            store.INSERT_CODE,
            code_digest=digest(code),
            client_id=client.client_id,
            consent_id=consent_id,
            subject=subject,
            dpop_jkt=row.dpop_jkt,
            scope=scope,
            authorization_details=encode_details(details),
            created_at=at,
            expires_at=at + timedelta(seconds=CODE_SECONDS),
            **_remembered(parameters, approval),
        )
        # Signed before the commit: a key that cannot sign does not cost the customer the request.
        address = await self._address(client, parameters, {"code": code})
        await self._database.commit(unit)
        return address

    async def _granted(
        self,
        unit: Unit,
        client: RegisteredClient,
        approval: Approval,
        scope: str,
        details: Sequence[dict[str, Any]],
        at: datetime,
    ) -> str:
        """The id of the consent that the unit gives; quotes in it are its customer's from then."""
        partner_id, customer_id = client.client.partner_id, approval.customer_id
        await self._quotes.bind(
            unit, details, partner_id=partner_id, customer_id=customer_id, at=at
        )
        return self._consents.grant(
            unit,
            partner_id=partner_id,
            client_id=client.client_id,
            customer_id=customer_id,
            scope=scope,
            authorization_details=details,
            acr=approval.acr,
            amr=approval.amr,
            at=at,
            notice=approval.notice,
            read=approval.read,
        )

    async def deny(self, client_id: str, request_uri: str, *, customer_id: str | None) -> str:
        """Completes the request with `access_denied` (RFC 6749 section 4.1.2.1).

        ``customer_id`` is ``None`` when somebody said no before signing in.
        """
        return await self.refuse(client_id, request_uri, "access_denied", customer_id=customer_id)

    async def answer_unasked(
        self,
        client_id: str,
        request_uri: str,
        *,
        customer_id: str | None,
        signed_in_at: datetime | None,
    ) -> str:
        """Completes a request of `prompt=none`, for which no page may be shown.

        The redirect says `consent_required` when the customer it is for is signed in as it asks,
        because a consent is always given on a page; else `login_required` (OpenID Connect Core
        section 3.1.2.6).
        """
        row, parameters, client = await self._pending(client_id, request_uri)
        needs = parameters.needs
        code: AuthorizationError = "login_required"
        if customer_id is not None and signed_in_at is not None:
            subject = self._subjects.pairwise(customer_id, client.client.sector)
            expected = needs.accepts(subject)
            at = self._clock.now()
            if expected and needs.is_fresh(signed_in_at, pushed_at=row.created_at, at=at):
                code = "consent_required"
        return await self.refuse(client_id, request_uri, code, customer_id=customer_id)

    async def refuse(
        self,
        client_id: str,
        request_uri: str,
        code: AuthorizationError,
        *,
        customer_id: str | None,
    ) -> str:
        """Completes the request without a code and returns the redirect with `error`, `iss`.

        Of a refusal and an approval at once, one wins and the other raises ``InvalidRequestUri``.
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
            detail={"scope": parameters.scope, "error": code},
            at=at,
        )
        address = await self._address(client, parameters, {"error": code})
        await self._database.commit(unit)
        return address

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
        self, parameters: PushedParameters, approval: Approval, client: RegisteredClient
    ) -> Sequence[dict[str, Any]]:
        asked = parameters.authorization_details
        given = approval.authorization_details
        if given is None:
            given = asked
        check_not_wider(asked, given)
        if asked:
            # Judged again as given: a required component may have been left out.
            scope = split_scope(parameters.scope)
            self._catalogue.check_details(given, scope, client.client)
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

    async def _address(
        self, client: RegisteredClient, parameters: PushedParameters, answer: dict[str, str]
    ) -> str:
        return await self._answers.address(
            client.client_id,
            answer,
            redirect_uri=parameters.redirect_uri,
            state=parameters.state,
            response_mode=parameters.response_mode,
        )


def _remembered(parameters: PushedParameters, approval: Approval) -> dict[str, Any]:
    """What a code holds of the request and of its approval, as they were."""
    return {
        "customer_id": approval.customer_id,
        "redirect_uri": parameters.redirect_uri,
        "code_challenge": parameters.code_challenge,
        "acr": approval.acr,
        "amr": " ".join(approval.amr),
        "authenticated_at": approval.authenticated_at,
        "nonce": parameters.nonce,
        "claims": msgspec.json.encode(parameters.claims).decode(),
    }


def _check_authentication(
    approval: Approval, subject: str, row: store.PushedRow, needs: Needs, at: datetime
) -> None:
    """What the client asked of the authentication, whatever the page has done about it."""
    unmet = errors.UnmetAuthenticationRequirements
    if "none" in needs.prompt:
        raise unmet("The client asked that no page be shown.")
    if not needs.accepts(subject):
        raise unmet("Another customer is expected than the one who signed in.")
    if not needs.is_sure_enough(approval.acr):
        raise unmet("The customer was not authenticated with as many factors as was asked.")
    if not needs.is_fresh(approval.authenticated_at, pushed_at=row.created_at, at=at):
        raise unmet("The customer signed in longer ago than was asked.")
