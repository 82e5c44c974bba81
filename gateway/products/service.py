"""The catalogue service: what is on sale through whom, in which words, and what may be asked."""

from collections.abc import Hashable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from contracts.errors import InvalidAuthorizationDetails, NotFound
from contracts.v1.consents import PackageOrderDetail
from contracts.v1.packages import Package, PackageList
from gateway.database import Database
from gateway.kit.clock import Clock, bank_day
from gateway.kit.memory import Memory
from gateway.products import views
from gateway.products.compiler.check import Context, Problem, compile_package
from gateway.products.component_files import Boundary
from gateway.products.component_types import ComponentTypes, load_types
from gateway.products.details import check_entries, read_entry, refused
from gateway.products.disclosure_kinds import load_disclosure_kinds
from gateway.products.life_cycles import load_shared
from gateway.products.package_files import (
    Eligibility,
    PackageFile,
    UnreadablePackage,
    decode_package,
)
from gateway.products.promises import promised, summary
from gateway.products.publication import NotPublishable, Publication, PublishedChanged
from gateway.products.qualification.missing import load_missing
from gateway.products.qualification.service import Qualifications
from gateway.products.quotes.naming import NamedQuotes
from gateway.products.quotes.service import Quotes
from gateway.products.quotes.shelf import Shelved
from gateway.products.reading import DisclosureRules, Reading
from gateway.products.standing import PartnerRegister, Standing, Unproved
from gateway.products.stock import key_of, newest_first, restocked, stock_of
from gateway.products.terms_files import decode_terms
from gateway.rules.service import RuleBook

__all__ = [
    "Catalogue",
    "ComponentTypes",
    "DisclosureRules",
    "NamedQuotes",
    "NotPublishable",
    "Offer",
    "PartnerRegister",
    "Plan",
    "PlannedLine",
    "Publication",
    "PublishedChanged",
    "Qualifications",
    "Quotes",
    "Reading",
    "Standing",
    "UnreadablePackage",
    "decode_package",
    "decode_terms",
    "load_disclosure_kinds",
    "load_missing",
    "load_package_files",
    "load_packages",
    "load_types",
    "newest_first",
    "promised",
]

# Whoever asks for what is not there makes the store be read again, at most this often.
_LOOK_AGAIN: Final = timedelta(seconds=1)
_OFFERS_MOST: Final = 2_000
# How many authorization details that passed are remembered, and up to which length.
_PASSED_MOST: Final = 1_024
_PASSED_BYTES: Final = 4_096


class PlannedLine(msgspec.Struct, frozen=True):
    """A component as orders need it; ``draws_on`` names the component that holds its money."""

    component: str
    type: str
    boundary: Boundary
    required: bool
    draws_on: str | None


class Plan(msgspec.Struct, frozen=True):
    """Who may take a package, and its lines in the order in which they are activated.

    ``unlisted`` are the components that this partner may not sell, not being on the bank's list.
    """

    eligibility: Eligibility
    lines: tuple[PlannedLine, ...]
    unlisted: frozenset[str] = frozenset()


class Offer(msgspec.Struct, frozen=True):
    """A package as one partner, or the public, reads it now.

    ``package`` is the published file with everything taken out that is not theirs to sell.
    """

    package: PackageFile
    promised: Package


class Catalogue:
    """Every published version of every package, and what each partner may sell of it.

    Its whole stock is exchanged at once by ``refresh``; nothing in it ever changes.
    """

    def __init__(
        self,
        packages: Sequence[PackageFile],
        rules: RuleBook,
        clock: Clock,
        *,
        types: ComponentTypes | None = None,
        database: Database | None = None,
        register: PartnerRegister | None = None,
    ) -> None:
        """``packages`` are those that ship, ``clock`` is the bank's business time.

        Without a ``database`` nothing else is sold; without a ``register`` no partner holds a
        licence or is on the list. Raises ``UnreadablePackage`` for a version that stands twice.
        """
        self._rules = rules
        self._clock = clock
        self._types = types or load_types()
        self._life_cycle = load_shared()
        self._database = database
        self._register = register
        self._shipped = self._stock = stock_of(packages)
        self._read_at: datetime | None = None
        self._judged: Memory[Hashable, tuple[Problem, ...]] = Memory(_OFFERS_MOST)
        self._promised: Memory[Hashable, Package] = Memory(_OFFERS_MOST)
        self._offers: Memory[Hashable, Offer | None] = Memory(_OFFERS_MOST)
        # Partners ask for the same again and again.
        self._passed: Memory[Hashable, tuple[PackageOrderDetail, ...]] = Memory(_PASSED_MOST)

    @property
    def types(self) -> ComponentTypes:
        """The table of component types: by it orders know how to carry a part out."""
        return self._types

    async def refresh(self) -> None:
        """Reads what was published, withdrawn or agreed with partners since."""
        if self._database is None:
            return
        self._read_at = self._clock.now()
        stock = await restocked(self._database, self._shipped, self._stock)
        if stock != self._stock:
            self._stock = stock
            for memory in (self._promised, self._offers, self._passed):
                memory.clear()

    async def list(self, partner_id: str, scenario: str | None = None) -> PackageList:
        """What the partner may sell: the newest version of each package, in order of codes."""
        standing = await self._standing(partner_id)
        return _listed([self._offer(code, standing) for code in self._codes()], scenario)

    async def read(self, code: str, partner_id: str) -> Package:
        """The newest version that the partner may sell; ``NotFound`` when there is none."""
        return (await self.offer(code, partner_id)).promised

    async def offer(self, code: str, partner_id: str) -> Offer:
        """The same with the file's own view of it; ``NotFound`` when there is none."""
        standing = await self._standing(partner_id)
        return await self._found(code, standing)

    async def sold(self, code: str, partner_id: str, version: str | None = None) -> PackageFile:
        """The version, or the newest, as the partner may sell it; ``NotFound`` for none."""
        if version is None:
            return (await self.offer(code, partner_id)).package
        standing = await self._standing(partner_id)
        if (code, version) not in self._stock.packages:
            await self._looked_again()
        package = self._stock.packages.get((code, version))
        view = None if package is None else self._view(package, standing, as_listed=False)
        if view is None:
            raise NotFound("There is no such package.")
        return view

    def public_list(self, scenario: str | None = None) -> PackageList:
        """What everybody may read of, the newest version of each, in order of codes."""
        return _listed([self._offer(code, None) for code in self._codes()], scenario)

    async def public_read(self, code: str) -> Package:
        """The newest version that everybody may read; ``NotFound`` when there is none."""
        return (await self._found(code, None)).promised

    def find(self, code: str, version: str) -> Package | None:
        """A published version, also one no longer on sale: customers keep what they signed."""
        package = self._stock.packages.get((code, version))
        if package is None:
            return None
        today = self._today()
        place = (code, version, today, self._rules.version(on=today))
        return self._promised.recall(place, lambda: promised(package, self._rules, today))

    async def find_for(self, code: str, version: str, partner_id: str) -> Package | None:
        """The same as this partner sells it, on sale or not: with the prices of its terms."""
        package = self._stock.packages.get((code, version))
        if package is None:
            return None
        today, standing = self._today(), await self._standing(partner_id)
        terms = self._stock.terms.get((partner_id, code, version))
        view = views.sold_by(package, standing, terms, self._types, today, as_listed=True)
        return promised(view or package, self._rules, today, digest=package.digest)

    async def plan(self, code: str, version: str, partner_id: str) -> Plan | None:
        """What orders of the partner need to activate a published version, on sale or not."""
        package = self._stock.packages.get((code, version))
        if package is None and await self._looked_again():
            package = self._stock.packages.get((code, version))
        if package is None:
            return None
        standing = await self._standing(partner_id)
        mine = views.licensed(package, standing.licences_on(self._today()))
        return Plan(
            package.eligibility,
            tuple(
                PlannedLine(part.id, part.type, part.boundary, part.required, part.draws_on)
                for part in mine.offered
            ),
            views.unlisted(package, standing, self._types),
        )

    async def shelved(self, partner_id: str, code: str, version: str | None) -> Shelved:
        """A version on sale, or the newest, as quotes need it; ``NotFound`` for none.

        What only partners on the bank's list may sell stays in it, so that its refusal can say so.
        """
        standing = await self._standing(partner_id)
        for package in self._stock.versions(code):
            view = self._view(package, standing) if version in {None, package.version} else None
            if view is not None:
                unlisted = views.unlisted(package, standing, self._types)
                return Shelved(package=view, unlisted=unlisted, ceiling=self._ceiling())
        raise NotFound("There is no such package.")

    def check_details(
        self, details: Sequence[dict[str, Any]], standing: Standing
    ) -> tuple[PackageOrderDetail, ...]:
        """The entries of a partner's authorization request as one order of one package on sale.

        Raises ``InvalidAuthorizationDetails`` for the whole request (RFC 9396 section 5): unknown
        type, member, package, version or component, one that the partner may not sell, a component
        twice, a required one missing, an action or amount it does not take, an amount above the
        limit that holds for this partner.
        """
        text = msgspec.json.encode(details)
        if len(text) > _PASSED_BYTES:
            return self._judged_details(details, standing)
        place = (text, self._circumstances(standing, self._today()))
        return self._passed.recall(place, lambda: self._judged_details(details, standing))

    def _judged_details(
        self, details: Sequence[dict[str, Any]], standing: Standing
    ) -> tuple[PackageOrderDetail, ...]:
        entries = tuple(read_entry(place, entry) for place, entry in enumerate(details))
        if not entries:
            raise InvalidAuthorizationDetails("There is no entry.")
        first = entries[0]
        for place, entry in enumerate(entries):
            if (entry.package, entry.version) != (first.package, first.version):
                raise refused(place, "one request asks for one version of one package.")
        package = self._stock.packages.get((first.package, first.version))
        view = None if package is None else self._view(package, standing)
        if view is None:
            raise refused(0, "this version of the package is not on sale.")
        unlisted = views.unlisted(view, standing, self._types)
        for place, entry in enumerate(entries):
            if entry.component in unlisted:
                raise refused(
                    place,
                    "partner.not_listed: the component is credit, for partners on the bank's"
                    " published list (CN-LOAN-05).",
                )
        check_entries(view, entries)
        return entries

    def judgement(self, package: PackageFile) -> tuple[Problem, ...]:
        """What keeps the package from being sold today, or on its first day if that is to come."""
        today = self._today()
        place = (key_of(package), today, self._rules.version(on=today))
        return self._judged.recall(place, lambda: compile_package(package, self.context()))

    def context(self) -> Context:
        """What packages are judged by today."""
        return Context(
            types=self._types, shared=self._life_cycle, rules=self._rules, today=self._today()
        )

    def _on_sale(self, package: PackageFile) -> bool:
        return (
            package.on_sale(self._today())
            and key_of(package) not in self._stock.withdrawn
            and not self.judgement(package)
        )

    def _view(
        self, package: PackageFile, standing: Standing, *, as_listed: bool = True
    ) -> PackageFile | None:
        """What the partner sells of a version; ``as_listed`` keeps credit, listed or not."""
        if not self._on_sale(package):
            return None
        terms = self._stock.terms.get((standing.partner_id, *key_of(package)))
        return views.sold_by(
            package, standing, terms, self._types, self._today(), as_listed=as_listed
        )

    async def _found(self, code: str, standing: Standing | None) -> Offer:
        """The newest version for the partner, or for everybody; ``NotFound`` for none."""
        found = self._offer(code, standing)
        if found is None and await self._looked_again():
            found = self._offer(code, standing)
        if found is None:
            raise NotFound("There is no such package.")
        return found

    def _offer(self, code: str, standing: Standing | None) -> Offer | None:
        place = (code, self._circumstances(standing, self._today()))
        return self._offers.recall(place, lambda: self._made(code, standing))

    def _made(self, code: str, standing: Standing | None) -> Offer | None:
        for package in self._stock.versions(code):
            if standing is not None:
                view = self._view(package, standing, as_listed=False)
            else:
                view = views.public(package) if self._on_sale(package) else None
            if view is not None:
                shown = promised(view, self._rules, self._today(), digest=package.digest)
                return Offer(view, shown)
        return None

    def _circumstances(self, standing: Standing | None, today: date) -> Hashable:
        """All but the stock that a view of it hangs on."""
        who = standing and (standing.partner_id, standing.listed, standing.licences_on(today))
        return who, today, self._rules.version(on=today)

    def _codes(self) -> Sequence[str]:
        return sorted({code for code, _ in self._stock.packages})

    async def _standing(self, partner_id: str) -> Standing:
        found = await self._register.standing(partner_id) if self._register else None
        return found or Unproved(partner_id)

    async def _looked_again(self) -> bool:
        """Whether the store was read again because something was not found."""
        now = self._clock.now()
        if self._database is None or (self._read_at and now - self._read_at < _LOOK_AGAIN):
            return False
        await self.refresh()
        return True

    def _ceiling(self) -> Decimal:
        return self._rules.rate("CN-LOAN-06", "all_in_cap", on=self._today())

    def _today(self) -> date:
        return bank_day(self._clock.now())


def load_packages() -> tuple[PackageFile, ...]:
    """The packages that ship with the gateway; ``UnreadablePackage`` stops the start."""
    return tuple(package for package, _ in load_package_files())


@cache
def load_package_files() -> tuple[tuple[PackageFile, str], ...]:
    """The same, each with its text."""
    folder = files("gateway.products").joinpath("packages")
    shipped = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".toml")),
        key=lambda entry: entry.name,
    )
    return tuple(
        (decode_package(entry.read_bytes(), entry.name), entry.read_text("utf-8"))
        for entry in shipped
    )


def _listed(offers: Sequence[Offer | None], scenario: str | None) -> PackageList:
    return PackageList(
        [
            summary(offer.promised)
            for offer in offers
            if offer is not None and (scenario is None or scenario in offer.promised.scenarios)
        ]
    )
