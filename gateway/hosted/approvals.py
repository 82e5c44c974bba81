"""An approval: what was ticked on which page, the digest of it all, and the notice that is kept."""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from gateway.consents.service import Notice, ShownText
from gateway.hosted.asked import Entry, by_package, chosen
from gateway.hosted.offered import asked_consents
from gateway.oauth.service import AuthorizationRequest
from gateway.onboarding.service import Partner


class Ticked(msgspec.Struct, frozen=True):
    """What a customer ticked, and the page they did it on (``Served.shown_id``)."""

    components: frozenset[str]
    consents: frozenset[str]
    shown_id: str


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer approves; only what was asked for is in it, in the order of the page."""

    shown_id: str
    given: tuple[Entry, ...]
    consents: tuple[str, ...]

    @property
    def kept(self) -> str:
        """As a confirmation keeps it until the second factor is proved."""
        components = sorted(entry.choice for entry in self.given)
        return msgspec.json.encode(_Kept(self.shown_id, components, self.consents)).decode()


class _Kept(msgspec.Struct, frozen=True):
    shown_id: str
    components: list[str]
    consents: tuple[str, ...]


def choice(entries: Iterable[Entry], ticked: Ticked) -> Choice:
    """The needed entries and consents, and those optional ones that were ticked."""
    given = tuple(chosen(entries, ticked.components))
    asked = consents_of(given)
    return Choice(
        shown_id=ticked.shown_id,
        given=given,
        consents=tuple(
            name for name, required in asked.items() if required or name in ticked.consents
        ),
    )


def choice_kept(entries: Iterable[Entry], content: str) -> Choice:
    """The choice that a confirmation keeps, made of the entries as they are by now."""
    kept = msgspec.json.decode(content, type=_Kept)
    ticked = Ticked(frozenset(kept.components), frozenset(kept.consents), kept.shown_id)
    return choice(entries, ticked)


def consents_of(entries: Iterable[Entry]) -> dict[str, bool]:
    """The consents that the packages ask for with these entries, and whether they need them."""
    return {
        f"{package.code}.{asked.kind}": asked.required
        for package, components in by_package(entries)
        for asked in asked_consents(package, components)
    }


def approved_digest(request: AuthorizationRequest, request_uri: str, made: Choice) -> str:
    """All that an approval is: to whom, for what, in which amounts, on which page (EU-SCA-03)."""
    approved: dict[str, Any] = {
        "client_id": request.client_id,
        "partner_id": request.partner_id,
        "request_uri": request_uri,
        "redirect_uri": request.redirect_uri,
        "scope": sorted(request.scope),
        "authorization_details": [entry.raw for entry in made.given],
        "consents": made.consents,
        "shown_id": made.shown_id,
    }
    return hashlib.sha256(msgspec.json.encode(approved, order="sorted")).hexdigest()


def notice(
    partner: Partner,
    entries: Iterable[Entry],
    made: Choice,
    read: Iterable[ShownText],
    language: str,
) -> Notice:
    """What was put before the customer of a consent, as evidence."""
    packages = {entry.package.code: entry.package for entry in made.given if entry.package}
    return Notice(
        purpose=" ".join(f"{package.code}@{package.version}" for package in packages.values()),
        recipient=partner.name,
        shared=(
            *(kind for p in packages.values() for kind in p.shared_with_partner),
            *(kind for entry in made.given for kind in entry.shared),
        ),
        never_shared=tuple(kind for p in packages.values() for kind in p.never_shared),
        disclosures=tuple(text.digest for text in read),
        declined=tuple(entry.choice for entry in entries if entry not in made.given),
        consents=made.consents,
        consents_declined=tuple(
            name for name in consents_of(made.given) if name not in made.consents
        ),
        language=language,
    )
