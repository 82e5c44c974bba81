"""What a customer allowed, on their own page: seen, narrowed, paused, resumed and taken back."""

from typing import Any

import msgspec

from contracts import errors
from contracts.v1.consents import AccountInformationDetail, PackageOrderDetail
from gateway.consents.service import AgreedText, Consent, Consents
from gateway.hosted.asked import Entry
from gateway.hosted.factor import TWO_FACTOR
from gateway.hosted.factor_store import ConfirmationRow
from gateway.hosted.language import Language
from gateway.hosted.second_factors import Answer, SecondFactors
from gateway.hosted.sessions import Browser, signed_in
from gateway.kit import ids
from gateway.kit.clock import Clock
from gateway.oauth.service import carried_details, withheld_scopes
from gateway.onboarding.service import Onboarding, Partner
from gateway.products.service import Catalogue


class Given(msgspec.Struct, frozen=True):
    """A consent on file with what the register and the catalogue say about it.

    ``entries`` are what it allows in effect: nothing is named that no scope reaches any more.
    """

    consent: Consent
    partner: Partner | None
    entries: tuple[Entry, ...]

    @property
    def removable(self) -> tuple[Entry, ...]:
        """The parts that can go by themselves: optional ones, while another part remains."""
        optional = tuple(entry for entry in self.entries if not entry.required)
        return optional if len(self.entries) > 1 else ()

    @property
    def removable_scope(self) -> tuple[str, ...]:
        """The rights that can go by themselves: any, while another remains."""
        scope = tuple(self.consent.scope.split())
        return scope if len(scope) > 1 else ()


class OwnConsents:
    """Every change takes effect on the very next call; anybody else's consent is ``NotFound``."""

    def __init__(
        self,
        consents: Consents,
        onboarding: Onboarding,
        catalogue: Catalogue,
        factors: SecondFactors,
        clock: Clock,
    ) -> None:
        self._factors = factors
        self._consents = consents
        self._onboarding = onboarding
        self._catalogue = catalogue
        self._clock = clock

    async def all(self, browser: Browser) -> list[Given]:
        """The signed-in customer's consents, the newest first."""
        customer_id, _ = signed_in(browser)
        partners: dict[str, Partner | None] = {}
        found = []
        for consent in await self._consents.for_customer(customer_id):
            if consent.partner_id not in partners:
                partners[consent.partner_id] = await self._onboarding.partner(consent.partner_id)
            found.append(self._given(consent, partners[consent.partner_id]))
        return found

    async def one(self, browser: Browser, consent_id: str) -> Given:
        """One consent of the signed-in customer."""
        customer_id, _ = signed_in(browser)
        consent = await self._consents.fetch_for_customer(consent_id, customer_id)
        return self._given(consent, await self._onboarding.partner(consent.partner_id))

    async def texts(self, given: Given) -> list[AgreedText]:
        """What its customer read before they gave a consent, as it stood on the page."""
        return await self._consents.read_for(given.consent.consent_id)

    async def revoke(self, browser: Browser, consent_id: str) -> None:
        """Takes the consent back for good."""
        customer_id, _ = signed_in(browser)
        await self._consents.revoke(consent_id, customer_id, self._clock.now())

    async def pause(self, browser: Browser, consent_id: str) -> None:
        """Stops everything under the consent until it is resumed."""
        customer_id, _ = signed_in(browser)
        await self._consents.pause(consent_id, customer_id, self._clock.now())

    async def resume(
        self, browser: Browser, consent_id: str, language: Language
    ) -> ConfirmationRow | None:
        """Lets a paused consent go on as it was, in a session that proved two factors.

        In any other it returns the confirmation that must come first: what gives more than there
        is now needs as much as an approval did. Raises ``AccessDenied`` for a customer who has no
        second factor.
        """
        customer_id, _ = signed_in(browser)
        if browser.confirmed.acr == TWO_FACTOR:
            await self._consents.resume(consent_id, customer_id, self._clock.now())
            return None
        return await self._factors.start(
            browser,
            customer_id,
            "consent.resume",
            subject=consent_id,
            content_digest=ids.digest(consent_id),
            language=language,
            at=self._clock.now(),
        )

    async def confirm_resuming(
        self, browser: Browser, row: ConfirmationRow, answer: Answer
    ) -> None:
        """Resumes what was confirmed; ``SignInFailed`` for a wrong answer of any kind."""
        at = self._clock.now()
        await self._factors.prove(
            browser, row, answer, to="spent", effect=lambda _unit, _confirmed: None, at=at
        )
        await self._consents.resume(row.subject, row.customer_id, at)

    async def remove(self, browser: Browser, consent_id: str, *, part: str, right: str) -> None:
        """Takes one optional part, or one right, out of the consent, for good.

        What is out already stays out and is no error; ``InvalidField`` for what cannot go alone.
        """
        customer_id, _ = signed_in(browser)
        given = await self.one(browser, consent_id)
        scope = frozenset(given.consent.scope.split())
        if (right in scope and right not in given.removable_scope) or (
            part in {entry.choice for entry in given.entries}
            and part not in {entry.choice for entry in given.removable}
        ):
            raise errors.InvalidField("This cannot be taken out alone; the consent can be ended.")
        on_file = self._entries(given.consent.authorization_details)
        had = [entry.raw for entry in on_file]
        left = tuple(entry.raw for entry in on_file if entry.choice != part)
        scope = scope - {right} - withheld_scopes(had, left)
        await self._consents.narrow(
            consent_id,
            customer_id,
            scope=scope,
            # Never emptied: without any details a scope reaches as far as it can.
            authorization_details=carried_details(left, scope) or left,
            at=self._clock.now(),
        )

    async def asked(
        self, details: tuple[dict[str, Any], ...], partner_id: str
    ) -> tuple[Entry, ...]:
        """Authorization details with the packages they name, as their partner sells them now."""
        entries = []
        for raw in details:
            detail = _read(raw)
            package = None
            if isinstance(detail, PackageOrderDetail):
                package = await self._catalogue.find_for(detail.package, detail.version, partner_id)
            entries.append(Entry(raw, detail, package, self._catalogue.types))
        return tuple(entries)

    def _entries(self, details: tuple[dict[str, Any], ...]) -> tuple[Entry, ...]:
        """Authorization details of a consent on file, with the packages they name."""
        entries = []
        for raw in details:
            detail = _read(raw)
            package = None
            if isinstance(detail, PackageOrderDetail):
                package = self._catalogue.find(detail.package, detail.version)
            entries.append(Entry(raw, detail, package, self._catalogue.types))
        return tuple(entries)

    def _given(self, consent: Consent, partner: Partner | None) -> Given:
        scope = frozenset(consent.scope.split())
        in_effect = carried_details(consent.authorization_details, scope)
        return Given(consent, partner, self._entries(in_effect))


def _read(raw: dict[str, Any]) -> PackageOrderDetail | AccountInformationDetail:
    return msgspec.convert(raw, PackageOrderDetail | AccountInformationDetail)
