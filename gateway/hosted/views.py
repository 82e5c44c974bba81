"""What the pages of signing in, deciding and confirming show, in the reader's language."""

from urllib.parse import urlsplit

import msgspec
from litestar.response.base import ASGIResponse

from contracts.errors import DisclosureReadTime, GatewayError
from gateway.hosted.asked import bundles
from gateway.hosted.desk import Visit, address
from gateway.hosted.language import Language, day
from gateway.hosted.offered import Fact
from gateway.hosted.pages import Pages
from gateway.hosted.rights import purpose_shown, rights_shown
from gateway.hosted.service import Asked, ConfirmationRow, Hosted, PasskeyRow
from gateway.hosted.texts import Texts
from gateway.onboarding.service import Partner

HINT_LONGEST = 128


class PartnerShown(msgspec.Struct, frozen=True):
    """A partner as the register has it: the name in the reader's language, and the mark."""

    name: str
    mark: str


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
            # Who the partner thinks is coming; a wrong guess is typed over and proves nothing.
            hint=((asked.request.login_hint if asked else None) or "")[:HINT_LONGEST],
            again=bool(visit.browser.customer_id),
            failed=failed,
            minutes=str(self._hosted.lock_minutes),
            idle=visit.browser.idle_out,
        )

    async def consent(
        self, visit: Visit, asked: Asked, refusal: GatewayError | None = None
    ) -> ASGIResponse:
        """Everything asked for, before anything is agreed; ``refusal`` says why it is shown anew.

        That the page is shown is recorded: nobody can approve what they were not shown.
        """
        language = visit.language(asked.request.ui_locales)
        partner = partner_shown(asked.partner, language)
        texts, until = self._pages.texts, self._hosted.now() + self._hosted.lifetime
        shown = bundles(asked.entries, texts, language, payee=partner.name)
        served = await self._hosted.serve(visit.browser, asked, language)
        can_approve = await self._hosted.can_approve(visit.browser, asked)
        return self._pages.page(
            "consent",
            language,
            here=address("/consent", visit.flow_id),
            status=200 if refusal is None else refusal.status,
            served=served,
            problem=_problem(refusal),
            returns_to=asked.request.redirect_uri,
            idle_to=address("/sign-in", visit.flow_id),
            cookies=visit.cookies,
            csrf=visit.browser.csrf,
            flow_id=visit.flow_id,
            partner=partner,
            customer=await customer_name(self._hosted, visit, language),
            bundles=shown,
            purpose=(
                Fact(
                    texts.say(language, "consents.purpose"),
                    purpose_shown(shown, texts, language),
                ),
                Fact(
                    texts.say(language, "rights.period"),
                    texts.say(language, "consents.active", day=day(until, language)),
                ),
            ),
            rights=rights_shown(
                asked.request.scope, asked.entries, texts, language, undecided=True
            ),
            until=day(until, language),
            days=str(self._hosted.lifetime.days),
            return_host=urlsplit(asked.request.redirect_uri).hostname or "",
            has_factors=can_approve,
            can_approve=can_approve and served.complete,
        )

    async def confirm(
        self, visit: Visit, row: ConfirmationRow, asked: Asked | None, *, failed: bool
    ) -> ASGIResponse:
        """The second factor; for an approval with everything that it approves once more."""
        language = visit.language(asked.request.ui_locales if asked else ())
        partner = partner_shown(asked.partner, language) if asked else None
        given = self._hosted.chosen(asked, row).given if asked else ()
        texts = self._pages.texts
        offer = await self._hosted.factors.offer(row)
        purpose = row.purpose.replace(".", "_")
        named = partner.name if partner else ""
        leaving = await self._hosted.passkeys.leaving(row)
        label = leaving.label if leaving else ""
        message = ""
        if offer.on_page is not None:
            message = texts.say(language, f"message.{purpose}", code=offer.on_page, partner=named)
        return self._pages.page(
            "confirm",
            language,
            here=visit.here,
            status=403 if failed else 200,
            returns_to=asked.request.redirect_uri if asked else "",
            idle_to=address("/sign-in", visit.flow_id),
            cookies=visit.cookies,
            csrf=visit.browser.csrf,
            customer=await customer_name(self._hosted, visit, language),
            title=texts.say(language, f"confirm.{purpose}_title", partner=named, label=label),
            lead=texts.say(language, f"confirm.{purpose}_lead", partner=named),
            purpose=row.purpose,
            history=passkey_history(leaving, texts, language) if leaving else "",
            partner=partner,
            bundles=bundles(given, texts, language, payee=named),
            query=visit.here.partition("?")[2],
            back=_back(visit, row),
            offer=offer,
            message=message,
            failed=failed,
            minutes=str(self._hosted.lock_minutes),
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


async def customer_name(hosted: Hosted, visit: Visit, language: Language) -> str:
    """How the bank calls whoever is signed in."""
    customer = await hosted.customer(visit.browser)
    if customer is None:
        return ""
    return customer.name_zh if language == "zh-CN" else customer.name_en


def passkey_history(passkey: PasskeyRow, texts: Texts, language: Language) -> str:
    """When a passkey was added and last used, which tells it from others of its name."""
    added, used_at = passkey.created_at, passkey.last_used_at
    used = texts.say(language, "passkeys.unused")
    if used_at is not None:
        used = texts.say(language, "passkeys.used", day=day(used_at, language))
    return f"{texts.say(language, 'passkeys.created', day=day(added, language))} · {used}"


def partner_shown(partner: Partner | None, language: Language, recorded: str = "") -> PartnerShown:
    """A partner as shown; one that left the register keeps the name the consent recorded."""
    if partner is None:
        return PartnerShown(recorded, "")
    return PartnerShown(partner.name_zh if language == "zh-CN" else partner.name, partner.mark)


def _problem(refusal: GatewayError | None) -> str:
    """The words for a page that had to be shown anew."""
    if refusal is None:
        return ""
    return "too_soon" if isinstance(refusal, DisclosureReadTime) else "stale"


def _back(visit: Visit, row: ConfirmationRow) -> str:
    """Where a customer goes who does not confirm."""
    if row.purpose == "approve":
        return address("/consent", visit.flow_id)
    return "/consents" if row.purpose == "consent.resume" else "/passkeys"
