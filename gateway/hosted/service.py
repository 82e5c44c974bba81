"""The customer's side of a request: sign in, see what is asked, decide, confirm."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec

from contracts import errors
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.corebank.port import BankCustomer, CoreBank
from gateway.database import Database, Unit
from gateway.hosted import approvals
from gateway.hosted.approvals import Choice, Ticked
from gateway.hosted.asked import Entry
from gateway.hosted.attempts import SignInAttempts
from gateway.hosted.codes import CodeMessenger, SandboxMessenger
from gateway.hosted.confirmations import Confirmations
from gateway.hosted.factor import Confirmed, needs_two_factors
from gateway.hosted.factor_store import ConfirmationRow, PasskeyRow
from gateway.hosted.language import Language
from gateway.hosted.lockout import Lockout
from gateway.hosted.own_consents import Given, OwnConsents
from gateway.hosted.own_passkeys import OwnPasskeys
from gateway.hosted.passkeys import Passkeys
from gateway.hosted.reading import Readings, Served
from gateway.hosted.second_factors import Answer, Offer, SecondFactors
from gateway.hosted.sessions import Browser, Flow, Sessions, signed_in
from gateway.hosted.sign_ins import SignIns
from gateway.hosted.store import ShownRow
from gateway.kit.clock import Clock
from gateway.oauth.service import Approval, AuthorizationRequest, Authorizations
from gateway.onboarding.service import Onboarding, Partner
from gateway.products.service import Catalogue, DisclosureRules
from gateway.rules.service import RuleBook

__all__ = [
    "Answer",
    "Asked",
    "CodeMessenger",
    "ConfirmationRow",
    "Given",
    "Hosted",
    "Offer",
    "PasskeyRow",
    "SandboxMessenger",
    "Sessions",
    "SignInAttempts",
    "Ticked",
]

_RP_NAME: Final = "Tessera Bank"


class Asked(msgspec.Struct, frozen=True):
    """A pending request with what the register and the catalogue say about it."""

    flow: Flow
    request: AuthorizationRequest
    partner: Partner
    entries: tuple[Entry, ...]


class Hosted:
    """Everything the pages can do; every refusal is an error of the tree."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        authorizations: Authorizations,
        consents: Consents,
        onboarding: Onboarding,
        catalogue: Catalogue,
        bank: CoreBank,
        audit: Audit,
        clock: Clock,
        *,
        rules: RuleBook,
        disclosures: DisclosureRules,
        issuer: str,
        messenger: CodeMessenger | None,
        attempts: SignInAttempts | None = None,
    ) -> None:
        """``issuer`` is the origin passkeys are for; without ``messenger`` there are no codes."""
        self._database = database
        self._sessions = sessions
        self._authorizations = authorizations
        self._consents = consents
        self._onboarding = onboarding
        self._bank = bank
        self._clock = clock
        self._lockout = Lockout(database, rules, audit)
        self._confirmations = Confirmations(database)
        self._readings = Readings(database, disclosures)
        self._audit = audit
        passkeys = Passkeys(database, issuer=issuer, rp_name=_RP_NAME)
        self.factors = SecondFactors(
            database, self._confirmations, passkeys, self._lockout, audit, messenger
        )
        self.sign_ins = SignIns(
            database,
            sessions,
            bank,
            self._lockout,
            self.factors,
            passkeys,
            audit,
            clock,
            attempts or SignInAttempts(),
        )
        self.passkeys = OwnPasskeys(
            database, sessions, self._confirmations, self.factors, passkeys, audit, clock
        )
        self.own = OwnConsents(consents, onboarding, catalogue, self.factors, clock)

    @property
    def lifetime(self) -> timedelta:
        """How long a consent given now would live."""
        return self._consents.lifetime

    @property
    def lock_minutes(self) -> int:
        """How long a lock lasts, as the pages tell it."""
        return self._lockout.minutes(self._clock.now())

    async def can_approve(self, browser: Browser, asked: Asked) -> bool:
        """Whether the customer has the factors that this request needs (CN-API-04)."""
        customer_id, _ = signed_in(browser)
        return not needs_two_factors(asked.request) or await self.factors.has_any(customer_id)

    async def recognise(self, cookie: str) -> Browser:
        """The browser behind the cookie."""
        return await self._sessions.recognise(cookie, self._clock.now())

    async def begin(self, browser: Browser, client_id: str, request_uri: str) -> str:
        """Opens a flow for a pushed request and returns its id; ``InvalidRequestUri`` else."""
        request = await self._authorizations.begin(client_id, request_uri)
        return await self._sessions.open_flow(
            browser,
            client_id=client_id,
            request_uri=request_uri,
            expires_at=request.expires_at,
            at=self._clock.now(),
        )

    async def check_request(self, client_id: str, request_uri: str) -> None:
        """Raises ``InvalidRequestUri`` unless there is such a pushed request; changes nothing."""
        await self._authorizations.begin(client_id, request_uri)

    async def answer_unasked(
        self, browser: Browser, client_id: str, request_uri: str
    ) -> str | None:
        """The redirect to a client that wants no page shown (`prompt=none`), else ``None``."""
        request = await self._authorizations.begin(client_id, request_uri)
        if "none" not in request.prompt:
            return None
        return await self._authorizations.answer_unasked(
            client_id,
            request_uri,
            customer_id=browser.customer_id,
            signed_in_at=browser.signed_in_at,
        )

    def must_sign_in(self, browser: Browser, asked: Asked) -> bool:
        """Whether this request needs a sign-in, or a newer one (`max_age`, `prompt=login`)."""
        return asked.request.needs_sign_in(browser.signed_in_at, self._clock.now())

    async def flow(self, browser: Browser, flow_id: str) -> Flow:
        """The flow when it is this browser's, else ``InvalidRequestUri``."""
        return await self._sessions.flow(browser, flow_id)

    async def asked(self, flow: Flow) -> Asked:
        """What the flow's request asks; ``InvalidRequestUri`` once it is over."""
        request = await self._authorizations.begin(flow.client_id, flow.request_uri)
        partner = await self._onboarding.partner(request.partner_id)
        if partner is None:
            raise errors.InvalidRequestUri
        entries = await self.own.asked(request.authorization_details, request.partner_id)
        return Asked(flow, request, partner, entries)

    async def confirmation(self, browser: Browser, confirmation_id: str) -> ConfirmationRow:
        """What this browser is about to confirm, else ``PageExpired``."""
        return await self._confirmations.find(browser, confirmation_id, self._clock.now())

    async def send_code(
        self, browser: Browser, row: ConfirmationRow, asked: Asked | None, language: Language
    ) -> None:
        """Sends a fresh code for a confirmation; the message says for which partner it is."""
        recipient = _name(asked.partner, language) if asked else ""
        await self.factors.send(
            browser, row, recipient=recipient, language=language, at=self._clock.now()
        )

    async def sign_out(self, browser: Browser) -> None:
        """Ends the browser's session, if it has one."""
        unit = Unit("hosted.sign_out")
        self._sessions.sign_out(unit, browser)
        await self._database.commit(unit)

    async def customer(self, browser: Browser) -> BankCustomer | None:
        """Who is signed in, as the bank knows them now."""
        if browser.customer_id is None:
            return None
        return await self._bank.customer(browser.customer_id)

    async def serve(self, browser: Browser, asked: Asked, language: Language) -> Served:
        """Records that the page of a request is shown now; ``shown_id`` goes into its form."""
        customer_id, _ = signed_in(browser)
        return await self._readings.serve(
            asked.flow.flow_id, customer_id, asked.entries, language, self._clock.now()
        )

    async def approve(
        self, browser: Browser, asked: Asked, ticked: Ticked, language: Language
    ) -> str | ConfirmationRow:
        """Approves the needed entries and the ticked ones, as they stood on the page.

        Returns the redirect to the client, or the confirmation that must come first. Raises
        ``DisclosureReadTime`` and ``DisclosureStale``, after which the page must be shown anew, and
        ``AccessDenied`` for a customer without the factors that the request needs.
        """
        customer_id, _ = signed_in(browser)
        made = approvals.choice(asked.entries, ticked)
        shown = await self._judged(customer_id, asked, made)
        if not needs_two_factors(asked.request):
            return await self._approve(browser, asked, made, shown, browser.confirmed)
        return await self.factors.start(
            browser,
            customer_id,
            "approve",
            subject=asked.flow.flow_id,
            content=made.kept,
            content_digest=_digest(asked, made),
            recipient=_name(asked.partner, language),
            language=language,
            at=self._clock.now(),
        )

    def chosen(self, asked: Asked, row: ConfirmationRow) -> Choice:
        """What a confirmation is about; ``PageExpired`` when that is not what it was opened for."""
        if row.purpose != "approve":
            raise errors.PageExpired
        made = approvals.choice_kept(asked.entries, row.content)
        if _digest(asked, made) != row.content_digest:
            raise errors.PageExpired
        return made

    async def confirm_approval(
        self, browser: Browser, asked: Asked, row: ConfirmationRow, answer: Answer
    ) -> str:
        """Approves exactly what was confirmed; returns the redirect to the client.

        Raises ``DisclosureStale``, with nothing proved, where the page says something else by now.
        """
        made = self.chosen(asked, row)
        shown = await self._judged(row.customer_id, asked, made)
        confirmed = await self.factors.prove(
            browser,
            row,
            answer,
            to="spent",
            effect=lambda _unit, _confirmed: None,
            at=self._clock.now(),
        )
        return await self._approve(browser, asked, made, shown, confirmed)

    async def _judged(self, customer_id: str, asked: Asked, made: Choice) -> ShownRow:
        """The page of an approval; a refusal is recorded with the rules it follows from."""
        at = self._clock.now()
        flow, entries = asked.flow, asked.entries
        try:
            return await self._readings.judge(flow.flow_id, customer_id, entries, made.shown_id, at)
        except (errors.DisclosureStale, errors.DisclosureReadTime) as refusal:
            unit = Unit("hosted.not_read")
            self._audit.append(
                unit,
                action="disclosure.check",
                actor=f"customer:{customer_id}",
                partner_id=asked.partner.partner_id,
                client_id=flow.client_id,
                subject=customer_id,
                resource=flow.flow_id,
                decision="deny",
                rules=self._readings.rules(entries, at),
                detail={"code": refusal.code} | refusal.extras,
                at=at,
            )
            await self._database.commit(unit)
            raise

    async def _approve(
        self,
        browser: Browser,
        asked: Asked,
        made: Choice,
        shown: ShownRow,
        confirmed: Confirmed,
    ) -> str:
        customer_id, signed_in_at = signed_in(browser)
        flow = asked.flow
        read = self._readings.agreed(made.given, shown, self._clock.now())
        try:
            address = await self._authorizations.approve(
                flow.client_id,
                flow.request_uri,
                Approval(
                    customer_id=customer_id,
                    acr=confirmed.acr,
                    amr=confirmed.amr,
                    authenticated_at=signed_in_at,
                    authorization_details=[entry.raw for entry in made.given],
                    notice=approvals.notice(
                        asked.partner, asked.entries, made, read, shown.language
                    ),
                    read=read,
                ),
            )
        except errors.UnmetAuthenticationRequirements:
            # Another customer than the client named; it is the client that can go on from here.
            address = await self._authorizations.refuse(
                flow.client_id,
                flow.request_uri,
                "unmet_authentication_requirements",
                customer_id=customer_id,
            )
        except errors.QuoteNotUsable:
            # Its time ran out on the page, or it is another customer's: the client quotes anew.
            address = await self._authorizations.refuse(
                flow.client_id,
                flow.request_uri,
                "invalid_authorization_details",
                customer_id=customer_id,
            )
        await self._mark_answered(flow)
        return address

    async def deny(self, browser: Browser, flow: Flow) -> str:
        """Refuses the request, signed in or not; returns the redirect to the client."""
        address = await self._authorizations.deny(
            flow.client_id, flow.request_uri, customer_id=browser.customer_id
        )
        await self._mark_answered(flow)
        return address

    def now(self) -> datetime:
        """The instant that a page's standings are told as of."""
        return self._clock.now()

    async def sweep(self) -> None:
        """Forgets what is over: sessions, flows, confirmations, counts; run it now and then."""
        at = self._clock.now()
        await self._sessions.sweep(at)
        await self._readings.sweep(at)
        await self.factors.sweep(at)

    async def _mark_answered(self, flow: Flow) -> None:
        # The decision is durable already, so the customer must reach the partner with it; a lost
        # mark only makes a late click less well explained.
        with suppress(errors.GatewayError):
            await self._sessions.answered(flow.flow_id, self._clock.now())


def _name(partner: Partner, language: Language) -> str:
    return partner.name_zh if language == "zh-CN" else partner.name


def _digest(asked: Asked, made: Choice) -> str:
    return approvals.approved_digest(asked.request, asked.flow.request_uri, made)
