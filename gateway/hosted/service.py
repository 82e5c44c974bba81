"""The customer's side of a request: sign in, see what is asked, decide, and take it back."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from contracts import errors
from contracts.v1.consents import PackageOrderDetail
from gateway.audit.service import Audit
from gateway.consents.service import Consent, Consents, Notice
from gateway.corebank.port import BankCustomer, CoreBank
from gateway.database import Database, Unit
from gateway.hosted.asked import Entry, chosen
from gateway.hosted.attempts import SignInAttempts
from gateway.hosted.factor import SandboxSecondFactor, SecondFactor
from gateway.hosted.language import Language
from gateway.hosted.sessions import Browser, Flow, Sessions
from gateway.kit.clock import Clock
from gateway.oauth.service import Approval, AuthorizationRequest, Authorizations
from gateway.onboarding.service import Onboarding, Partner
from gateway.products.service import Catalogue

__all__ = [
    "Asked",
    "Given",
    "Hosted",
    "SandboxSecondFactor",
    "SecondFactor",
    "Sessions",
    "SignInAttempts",
]

journal = structlog.get_logger("tessera.hosted")

# Longer entries are nobody's name or passcode and are not worth hashing.
ENTRY_LONGEST: Final = 128


class Asked(msgspec.Struct, frozen=True):
    """A pending request with what the register and the catalogue say about it."""

    flow: Flow
    request: AuthorizationRequest
    partner: Partner
    entries: tuple[Entry, ...]


class Given(msgspec.Struct, frozen=True):
    """A consent on file with what the register and the catalogue say about it."""

    consent: Consent
    partner: Partner | None
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
        second_factor: SecondFactor,
        live: bool,
        attempts: SignInAttempts | None = None,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._authorizations = authorizations
        self._consents = consents
        self._onboarding = onboarding
        self._catalogue = catalogue
        self._bank = bank
        self._audit = audit
        self._clock = clock
        self._second_factor = second_factor
        self._live = live
        self._attempts = attempts or SignInAttempts()

    @property
    def simulated_factor(self) -> bool:
        """Whether the second factor is the sandbox's, which a page must say."""
        return self._second_factor.simulated

    @property
    def lifetime(self) -> timedelta:
        """How long a consent given now would live."""
        return self._consents.lifetime

    @property
    def can_approve(self) -> bool:
        """A live bank approves nothing on a simulated factor (CN-API-04)."""
        return not (self._live and self._second_factor.simulated)

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

    async def flow(self, browser: Browser, flow_id: str) -> Flow:
        """The flow when it is this browser's, else ``InvalidRequestUri``."""
        return await self._sessions.flow(browser, flow_id)

    async def asked(self, flow: Flow) -> Asked:
        """What the flow's request asks; ``InvalidRequestUri`` once it is over."""
        request = await self._authorizations.begin(flow.client_id, flow.request_uri)
        partner = await self._onboarding.partner(request.partner_id)
        if partner is None:
            raise errors.InvalidRequestUri
        return Asked(flow, request, partner, self._entries(request.authorization_details))

    async def sign_in(self, browser: Browser, login: str, passcode: str) -> Browser:
        """The browser signed in, under a new secret.

        Raises ``TooManyRequests`` before any work for what is tried too often, and
        ``SignInFailed`` alike for whatever was wrong. A known customer's sign-ins are audited
        with either outcome, an unknown login is journalled; what was typed is kept nowhere.
        """
        at = self._clock.now()
        self._attempts.admit(login, at)
        if not (0 < len(login) <= ENTRY_LONGEST and 0 < len(passcode) <= ENTRY_LONGEST):
            journal.info("sign_in.implausible")
            raise errors.SignInFailed
        customer = await self._bank.sign_in(login, passcode)
        if customer is None:
            await self._record_refusal(await self._bank.login_owner(login), at)
            raise errors.SignInFailed
        unit = Unit("hosted.sign_in")
        renewed = self._sessions.sign_in(unit, browser, customer.customer_id, at)
        self._audit.append(
            unit,
            action="customer.sign_in",
            actor=f"customer:{customer.customer_id}",
            subject=customer.customer_id,
            decision="allow",
            at=at,
        )
        await self._database.commit(unit)
        return renewed

    async def _record_refusal(self, customer_id: str | None, at: datetime) -> None:
        unit = Unit("hosted.sign_in_refused")
        if customer_id is None:
            journal.info("sign_in.unknown")
            # As much to make durable as a record, so that the time of the answer tells nothing.
            self._sessions.pretend(unit, at)
        else:
            self._audit.append(
                unit,
                action="customer.sign_in",
                actor="customer:unknown",
                subject=customer_id,
                decision="deny",
                at=at,
            )
        await self._database.commit(unit)

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

    async def approve(
        self, browser: Browser, asked: Asked, ticked: frozenset[str], language: Language
    ) -> str:
        """Approves the needed entries and the ticked ones; returns the redirect to the client.

        Raises ``AccessDenied`` where the second factor does not carry a live approval.
        """
        customer_id, signed_in_at = _signed_in(browser)
        if not self.can_approve:
            raise errors.AccessDenied
        confirmed = await self._second_factor.confirm(customer_id)
        given = chosen(asked.entries, ticked)
        address = await self._authorizations.approve(
            asked.flow.client_id,
            asked.flow.request_uri,
            Approval(
                customer_id=customer_id,
                acr=confirmed.acr,
                amr=confirmed.amr,
                authenticated_at=signed_in_at,
                authorization_details=[entry.raw for entry in given],
                notice=_notice(asked, given, language),
            ),
        )
        await self._mark_answered(asked.flow)
        return address

    async def deny(self, browser: Browser, flow: Flow) -> str:
        """Refuses the request, signed in or not; returns the redirect to the client."""
        address = await self._authorizations.deny(
            flow.client_id, flow.request_uri, customer_id=browser.customer_id
        )
        await self._mark_answered(flow)
        return address

    async def given(self, browser: Browser) -> list[Given]:
        """The signed-in customer's consents, the newest first."""
        customer_id, _ = _signed_in(browser)
        partners: dict[str, Partner | None] = {}
        found = []
        for consent in await self._consents.for_customer(customer_id):
            if consent.partner_id not in partners:
                partners[consent.partner_id] = await self._onboarding.partner(consent.partner_id)
            found.append(self._given(consent, partners[consent.partner_id]))
        return found

    async def one_given(self, browser: Browser, consent_id: str) -> Given:
        """One consent of the signed-in customer; ``NotFound`` for anybody else's."""
        customer_id, _ = _signed_in(browser)
        consent = await self._consents.fetch_for_customer(consent_id, customer_id)
        return self._given(consent, await self._onboarding.partner(consent.partner_id))

    async def revoke(self, browser: Browser, consent_id: str) -> None:
        """Takes the consent back, from the next call on; ``NotFound`` for anybody else's."""
        customer_id, _ = _signed_in(browser)
        await self._consents.revoke(consent_id, customer_id, self._clock.now())

    def now(self) -> datetime:
        """The instant that a page's standings are told as of."""
        return self._clock.now()

    async def sweep(self) -> None:
        """Forgets sessions and flows that are over; run it from time to time."""
        await self._sessions.sweep(self._clock.now())

    async def _mark_answered(self, flow: Flow) -> None:
        # The decision is durable already, so the customer must reach the partner with it; a lost
        # mark only makes a late click less well explained.
        with suppress(errors.GatewayError):
            await self._sessions.answered(flow.flow_id, self._clock.now())

    def _given(self, consent: Consent, partner: Partner | None) -> Given:
        return Given(consent, partner, self._entries(consent.authorization_details))

    def _entries(self, details: tuple[dict[str, object], ...]) -> tuple[Entry, ...]:
        entries = []
        for raw in details:
            detail = msgspec.convert(raw, PackageOrderDetail)
            package = self._catalogue.find(detail.package, detail.version)
            entries.append(Entry(raw, detail, package))
        return tuple(entries)


def _signed_in(browser: Browser) -> tuple[str, datetime]:
    if browser.customer_id is None or browser.signed_in_at is None:
        raise errors.PageExpired
    return browser.customer_id, browser.signed_in_at


def _notice(asked: Asked, given: list[Entry], language: Language) -> Notice:
    packages = {entry.package.code: entry.package for entry in given if entry.package is not None}
    return Notice(
        purpose=" ".join(f"{package.code}@{package.version}" for package in packages.values()),
        recipient=asked.partner.name,
        shared=tuple(kind for p in packages.values() for kind in p.shared_with_partner),
        never_shared=tuple(kind for p in packages.values() for kind in p.never_shared),
        disclosures=tuple(note.digest for p in packages.values() for note in p.disclosures),
        declined=tuple(entry.choice for entry in asked.entries if entry not in given),
        language=language,
    )
