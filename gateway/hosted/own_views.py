"""What the customer's own pages show: consents on file, and passkeys."""

from datetime import datetime
from typing import Any

import msgspec
from litestar.response.base import ASGIResponse

from gateway.consents.service import AgreedText, is_live
from gateway.hosted.asked import Bundle, bundles
from gateway.hosted.desk import Visit
from gateway.hosted.language import Language, day, known, moment
from gateway.hosted.offered import Fact, Note, note
from gateway.hosted.pages import Pages
from gateway.hosted.rights import Right, purpose_shown, rights_shown, shared_shown
from gateway.hosted.service import Given, Hosted
from gateway.hosted.views import PartnerShown, customer_name, partner_shown, passkey_history

# What the list can be told to say first, by a word in its address.
_NEWS = ("ended", "paused", "resumed", "narrowed")


class Removable(msgspec.Struct, frozen=True):
    """A part or a right that can go by itself: what its button sends, and what it says."""

    sends: str
    value: str
    title: str


class TextRead(msgspec.Struct, frozen=True):
    """A text that was read, in the language it was read in, and when."""

    note: Note
    language: Language
    when: str
    fingerprint: str


class ConsentShown(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the customer's list."""

    consent_id: str
    partner: PartnerShown
    live: bool
    paused: bool
    since: str
    standing: str
    facts: tuple[Fact, ...]
    bundles: tuple[Bundle, ...]
    shared: tuple[str, ...]
    rights: tuple[Right, ...]
    removable: tuple[Removable, ...]

    @property
    def over(self) -> bool:
        """Whether nothing can be changed about it any more."""
        return not (self.live or self.paused)


class OwnViews:
    """One method a page."""

    def __init__(self, hosted: Hosted, pages: Pages) -> None:
        self._hosted = hosted
        self._pages = pages

    def referral(self, visit: Visit) -> ASGIResponse:
        """A component that is sold on the bank's side only."""
        return self._pages.page(
            "referral", visit.language(), here=visit.path, cookies=visit.cookies
        )

    async def consents(self, visit: Visit) -> ASGIResponse:
        """All the customer allowed, the standing ones first."""
        language = visit.language()
        now = self._hosted.now()
        rows = [
            self._shown(given, language, now) for given in await self._hosted.own.all(visit.browser)
        ]
        return await self._page(
            "consents",
            visit,
            "/consents",
            standing=[row for row in rows if not row.over],
            over=[row for row in rows if row.over],
            news=self._news(visit, rows, language),
            passkeys=self._hosted.passkeys.offered,
        )

    async def texts(self, visit: Visit, given: Given) -> ASGIResponse:
        """The very texts that stood on the page of an approval, ended consents included."""
        language = visit.language()
        row = self._shown(given, language, self._hosted.now())
        agreed_to = frozenset(given.consent.notice.consents)
        return await self._page(
            "texts",
            visit,
            visit.path,
            consent=row,
            also=tuple(
                asked.purpose
                for bundle in row.bundles
                for asked in bundle.consents
                if asked.choice in agreed_to
            ),
            read=[self._read(text, language) for text in await self._hosted.own.texts(given)],
        )

    async def revoke(self, visit: Visit, given: Given) -> ASGIResponse:
        """The second tap."""
        row = self._shown(given, visit.language(), self._hosted.now())
        if row.over:
            return self._pages.redirect(f"/consents?ended={row.consent_id}", *visit.cookies)
        return await self._page("revoke", visit, visit.path, consent=row)

    async def narrow(self, visit: Visit, given: Given) -> ASGIResponse:
        """Everything that can be taken out by itself, a button each: the second tap."""
        row = self._shown(given, visit.language(), self._hosted.now())
        if row.over or not row.removable:
            return self._pages.redirect("/consents", *visit.cookies)
        return await self._page("narrow", visit, visit.path, consent=row)

    async def passkeys(self, visit: Visit) -> ASGIResponse:
        """The customer's passkeys."""
        language = visit.language()
        rows = [
            {
                "passkey": row.credential_id,
                "label": row.label,
                "history": passkey_history(row, self._pages.texts, language),
                "remove": self._pages.texts.say(language, "passkeys.remove", label=row.label),
            }
            for row in await self._hosted.passkeys.all(visit.browser)
        ]
        news = ""
        if visit.query.one("added"):
            news = self._pages.texts.say(language, "passkeys.added")
        elif visit.query.one("removed"):
            news = self._pages.texts.say(language, "passkeys.removed")
        return await self._page(
            "passkeys",
            visit,
            "/passkeys",
            rows=rows,
            offered=self._hosted.passkeys.offered,
            news=news,
        )

    async def new_passkey(self, visit: Visit, *, failed: bool) -> ASGIResponse:
        """The ceremony's page."""
        name = await customer_name(self._hosted, visit, visit.language())
        options = await self._hosted.passkeys.creation_options(
            visit.browser, visit.confirmation_id, name
        )
        return await self._page(
            "new_passkey",
            visit,
            visit.here,
            status=403 if failed else 200,
            options=options,
            query=visit.here.partition("?")[2],
            failed=failed,
        )

    async def _page(
        self, template: str, visit: Visit, here: str, *, status: int = 200, **shown: Any
    ) -> ASGIResponse:
        language = visit.language()
        return self._pages.page(
            template,
            language,
            here=here,
            status=status,
            idle_to="/sign-in",
            cookies=visit.cookies,
            csrf=visit.browser.csrf,
            customer=await customer_name(self._hosted, visit, language),
            **shown,
        )

    def _news(self, visit: Visit, rows: list[ConsentShown], language: Language) -> str:
        """What has just become of a consent of this customer's, when it is still so."""
        for news in _NEWS:
            row = next((one for one in rows if one.consent_id == visit.query.one(news)), None)
            if row is None:
                continue
            still = {"ended": row.over, "paused": row.paused, "resumed": row.live}
            if still.get(news, not row.over):
                return self._pages.texts.say(language, f"news.{news}", partner=row.partner.name)
        return ""

    def _shown(self, given: Given, language: Language, now: datetime) -> ConsentShown:
        consent = given.consent
        partner = partner_shown(given.partner, language, consent.notice.recipient)
        texts, scope = self._pages.texts, consent.scope.split()
        shown = bundles(given.entries, texts, language, payee=partner.name)
        return ConsentShown(
            consent_id=consent.consent_id,
            partner=partner,
            live=is_live(consent, now),
            paused=consent.status_at(now) == "paused",
            since=self._say(language, "consents.since", consent.created_at),
            standing=self._standing(given, language, now),
            facts=self._facts(given, shown, language),
            bundles=shown,
            shared=shared_shown(shown, scope, texts, language),
            rights=rights_shown(scope, given.entries, texts, language),
            removable=self._removable(given, shown, language),
        )

    def _read(self, text: AgreedText, language: Language) -> TextRead:
        texts = self._pages.texts
        read_in = known(text.language) or language
        return TextRead(
            note(text.kind, text.disclosure_version, text.digest, text.text, texts, read_in),
            read_in,
            texts.say(
                language,
                "read.agreed",
                shown=moment(text.shown_at, language),
                agreed=moment(text.agreed_at, language),
            ),
            texts.say(language, "read.fingerprint", digest=text.digest),
        )

    def _facts(
        self, given: Given, shown: tuple[Bundle, ...], language: Language
    ) -> tuple[Fact, ...]:
        texts, used_at = self._pages.texts, given.consent.last_used_at
        return (
            Fact(
                texts.say(language, "consents.purpose"),
                purpose_shown(shown, texts, language),
            ),
            Fact(
                texts.say(language, "consents.last_used"),
                day(used_at, language) if used_at else texts.say(language, "consents.never_used"),
            ),
        )

    def _removable(
        self, given: Given, shown: tuple[Bundle, ...], language: Language
    ) -> tuple[Removable, ...]:
        titles = {part.choice: part.title for bundle in shown for part in bundle.parts}
        return tuple(
            Removable("part", entry.choice, titles[entry.choice]) for entry in given.removable
        ) + tuple(
            Removable("right", name, self._pages.texts.say(language, f"scope.{name}"))
            for name in given.removable_scope
        )

    def _standing(self, given: Given, language: Language, now: datetime) -> str:
        consent = given.consent
        status: Any = consent.status_at(now)
        if status == "revoked" and consent.revoked_at is not None:
            return self._say(language, f"consents.revoked_{consent.revoked_by}", consent.revoked_at)
        return self._say(language, f"consents.{status}", consent.expires_at)

    def _say(self, language: Language, key: str, at: datetime) -> str:
        return self._pages.texts.say(language, key, day=day(at, language))
