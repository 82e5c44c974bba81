"""What each page shows: the service's answers, put into the reader's language."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar.response.base import ASGIResponse

from gateway.consents.service import is_live
from gateway.hosted.asked import Bundle, bundles
from gateway.hosted.desk import Visit, address
from gateway.hosted.language import Language, day
from gateway.hosted.pages import Pages
from gateway.hosted.service import Asked, Given, Hosted
from gateway.onboarding.service import Partner


class PartnerShown(msgspec.Struct, frozen=True):
    """A partner as the register has it: the name in the reader's language, and the mark."""

    name: str
    mark: str


class ConsentShown(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the customer's list."""

    consent_id: str
    partner: PartnerShown
    live: bool
    since: str
    standing: str
    bundles: tuple[Bundle, ...]
    rights: tuple[str, ...]


class Views:
    """One method a page."""

    def __init__(self, hosted: Hosted, pages: Pages) -> None:
        self._hosted = hosted
        self._pages = pages

    def sign_in(self, visit: Visit, asked: Asked | None, *, failed: bool) -> ASGIResponse:
        """The form; after a failure it says so without naming what was wrong."""
        language = visit.language(asked.request.ui_locales if asked else ())
        return self._pages.page(
            "sign_in",
            language,
            here=address("/sign-in", visit.flow_id),
            # Refused, but there is no challenge to answer, so not a 401 (RFC 9110, 15.5.2).
            status=403 if failed else 200,
            returns_to=asked.request.redirect_uri if asked else "",
            cookies=visit.cookies,
            csrf=visit.browser.csrf,
            flow_id=visit.flow_id,
            partner=partner_shown(asked.partner, language) if asked else None,
            failed=failed,
            idle=visit.browser.idle_out,
        )

    async def consent(self, visit: Visit, asked: Asked) -> ASGIResponse:
        """Everything asked for, before anything is agreed."""
        language = visit.language(asked.request.ui_locales)
        partner = partner_shown(asked.partner, language)
        now = self._hosted.now()
        return self._pages.page(
            "consent",
            language,
            here=visit.here,
            returns_to=asked.request.redirect_uri,
            idle_to=address("/sign-in", visit.flow_id),
            cookies=visit.cookies,
            csrf=visit.browser.csrf,
            flow_id=visit.flow_id,
            partner=partner,
            customer=await self._customer_name(visit, language),
            bundles=bundles(asked.entries, self._pages.texts, language, payee=partner.name),
            rights=self._rights(asked.request.scope, language),
            until=day(now + self._hosted.lifetime, language),
            days=str(self._hosted.lifetime.days),
            return_host=urlsplit(asked.request.redirect_uri).hostname or "",
            simulated=self._hosted.simulated_factor,
            can_approve=self._hosted.can_approve,
        )

    def done(self, visit: Visit) -> ASGIResponse:
        """Nothing is left to do here."""
        return self._pages.page(
            "done",
            visit.language(),
            here=visit.here,
            cookies=visit.cookies,
            answered=bool(visit.flow_id),
        )

    def referral(self, visit: Visit) -> ASGIResponse:
        """A component that is sold on the bank's side only."""
        return self._pages.page(
            "referral", visit.language(), here=visit.path, cookies=visit.cookies
        )

    async def consents(self, visit: Visit) -> ASGIResponse:
        """All the customer allowed, the live ones first."""
        language = visit.language()
        now = self._hosted.now()
        rows = [
            self._shown(given, language, now) for given in await self._hosted.given(visit.browser)
        ]
        ended = visit.query.one("ended")
        return self._pages.page(
            "consents",
            language,
            here="/consents",
            idle_to="/sign-in",
            cookies=visit.cookies,
            csrf=visit.browser.csrf,
            customer=await self._customer_name(visit, language),
            live=[row for row in rows if row.live],
            over=[row for row in rows if not row.live],
            ended=next((row for row in rows if row.consent_id == ended and not row.live), None),
        )

    async def revoke(self, visit: Visit, given: Given) -> ASGIResponse:
        """The second tap."""
        language = visit.language()
        row = self._shown(given, language, self._hosted.now())
        if not row.live:
            return self._pages.redirect(f"/consents?ended={row.consent_id}", *visit.cookies)
        return self._pages.page(
            "revoke",
            language,
            here=visit.path,
            idle_to="/sign-in",
            cookies=visit.cookies,
            csrf=visit.browser.csrf,
            customer=await self._customer_name(visit, language),
            consent=row,
        )

    async def _customer_name(self, visit: Visit, language: Language) -> str:
        customer = await self._hosted.customer(visit.browser)
        if customer is None:
            return ""
        return customer.name_zh if language == "zh-CN" else customer.name_en

    def _rights(self, scope: tuple[str, ...], language: Language) -> tuple[str, ...]:
        return tuple(self._pages.texts.say(language, f"scope.{name}") for name in scope)

    def _shown(self, given: Given, language: Language, now: datetime) -> ConsentShown:
        consent = given.consent
        partner = partner_shown(given.partner, language, consent.notice.recipient)
        return ConsentShown(
            consent_id=consent.consent_id,
            partner=partner,
            live=is_live(consent, now),
            since=self._say(language, "consents.since", consent.created_at),
            standing=self._standing(given, language, now),
            bundles=bundles(given.entries, self._pages.texts, language, payee=partner.name),
            rights=self._rights(tuple(consent.scope.split()), language),
        )

    def _standing(self, given: Given, language: Language, now: datetime) -> str:
        consent = given.consent
        status: Any = consent.status_at(now)
        if status == "revoked" and consent.revoked_at is not None:
            return self._say(language, f"consents.revoked_{consent.revoked_by}", consent.revoked_at)
        return self._say(language, f"consents.{status}", consent.expires_at)

    def _say(self, language: Language, key: str, at: datetime) -> str:
        return self._pages.texts.say(language, key, day=day(at, language))


def partner_shown(partner: Partner | None, language: Language, recorded: str = "") -> PartnerShown:
    """A partner as shown; one that left the register keeps the name the consent recorded."""
    if partner is None:
        return PartnerShown(recorded, "")
    return PartnerShown(partner.name_zh if language == "zh-CN" else partner.name, partner.mark)
