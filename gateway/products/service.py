"""The catalogue service: what is on sale, in which words, and what may be asked of it."""

from collections.abc import Sequence
from datetime import date
from importlib.resources import files
from typing import Any

import msgspec

from contracts.errors import InvalidAuthorizationDetails, NotFound
from contracts.v1.consents import PackageOrderDetail
from contracts.v1.money import Money
from contracts.v1.packages import (
    Component,
    Disclosure,
    Limit,
    Package,
    PackageList,
    PackageSummary,
    Price,
)
from gateway.kit.clock import Clock, bank_day
from gateway.products.details import CURRENCY, check_entries, read_entry, refused
from gateway.products.package_files import (
    Boundary,
    ComponentEntry,
    Eligibility,
    LimitEntry,
    PackageFile,
    UnreadablePackage,
    decode_package,
    looser_limits,
)
from gateway.rules.service import RulePack


class PlannedLine(msgspec.Struct, frozen=True):
    """A component as orders need it; ``draws_on`` names the component that holds its money."""

    component: str
    type: str
    boundary: Boundary
    required: bool
    draws_on: str | None


class Plan(msgspec.Struct, frozen=True):
    """Who may take a package, and its lines in the order in which they are activated."""

    eligibility: Eligibility
    lines: tuple[PlannedLine, ...]


# How many requests that passed are remembered for a day, and up to which length.
_REMEMBERED_MOST = 1024
_REMEMBERED_BYTES = 4096


class _Shelf(msgspec.Struct, frozen=True):
    """One day's sale: what is newest, by code, and what was asked and may be asked again."""

    day: date
    newest: dict[str, tuple[Package, PackageSummary]]
    passed: dict[bytes, tuple[PackageOrderDetail, ...]]


class Catalogue:
    """Every published version of every package; built once, never changing while it runs."""

    def __init__(self, packages: Sequence[PackageFile], rules: RulePack, clock: Clock) -> None:
        """``clock`` is the bank's business time.

        Raises ``UnreadablePackage`` for a version that stands twice or whose limits are looser
        than the rules of today, or of its first day if that is to come.
        """
        self._clock = clock
        self._by_version: dict[tuple[str, str], PackageFile] = {}
        self._promised: dict[tuple[str, str], Package] = {}
        self._shelf: _Shelf | None = None
        today = self._today()
        for package in packages:
            key = (package.code, package.version)
            name = " ".join(key)
            if key in self._by_version:
                raise UnreadablePackage(f"{name}: this version stands twice")
            on = max(today, package.valid_from)
            problems = looser_limits(package, rules, on)
            if problems:
                raise UnreadablePackage(f"{name}: {'; '.join(problems)}")
            self._by_version[key] = package
            self._promised[key] = promised(package, rules, on)

    def list(self, scenario: str | None = None) -> PackageList:
        """The newest version on sale of each package, in order of their codes."""
        newest = self._today_on_sale().newest.values()
        return PackageList(
            [
                summary
                for package, summary in newest
                if scenario is None or scenario in package.scenarios
            ]
        )

    def read(self, code: str) -> Package:
        """The newest version on sale; ``NotFound`` when there is none."""
        found = self._today_on_sale().newest.get(code)
        if found is None:
            raise NotFound("There is no such package.")
        return found[0]

    def find(self, code: str, version: str) -> Package | None:
        """A published version, also one no longer on sale: customers keep what they signed."""
        package = self._published(code, version)
        return None if package is None else self._promised[(code, version)]

    def plan(self, code: str, version: str) -> Plan | None:
        """What orders need to activate a published version."""
        package = self._published(code, version)
        if package is None:
            return None
        return Plan(
            package.eligibility,
            tuple(
                PlannedLine(part.id, part.type, part.boundary, part.required, part.draws_on)
                for part in package.offered
            ),
        )

    def check_details(self, details: Sequence[dict[str, Any]]) -> tuple[PackageOrderDetail, ...]:
        """The entries of an authorization request as one order of one package on sale.

        Raises ``InvalidAuthorizationDetails`` for the whole request (RFC 9396 section 5): unknown
        type, member, package, version or component, a component twice, a required one missing,
        an action or amount it does not take, an amount above the package's limit.
        """
        shelf = self._today_on_sale()
        # Partners ask for the same again and again, and the whole judgement hangs on the text and
        # the day alone.
        text = msgspec.json.encode(details)
        entries = shelf.passed.get(text)
        if entries is None:
            entries = self._judge(details, shelf.day)
            if len(text) <= _REMEMBERED_BYTES:
                if len(shelf.passed) == _REMEMBERED_MOST:
                    shelf.passed.clear()
                shelf.passed[text] = entries
        return entries

    def _judge(
        self, details: Sequence[dict[str, Any]], today: date
    ) -> tuple[PackageOrderDetail, ...]:
        entries = tuple(read_entry(place, entry) for place, entry in enumerate(details))
        if not entries:
            raise InvalidAuthorizationDetails("There is no entry.")
        first = entries[0]
        for place, entry in enumerate(entries):
            if (entry.package, entry.version) != (first.package, first.version):
                raise refused(place, "one request asks for one version of one package.")
        package = self._by_version.get((first.package, first.version))
        if package is None or not package.on_sale(today):
            raise refused(0, "this version of the package is not on sale.")
        check_entries(package, entries)
        return entries

    def _today(self) -> date:
        return bank_day(self._clock.now())

    def _published(self, code: str, version: str) -> PackageFile | None:
        package = self._by_version.get((code, version))
        return package if package is not None and package.status == "published" else None

    def _today_on_sale(self) -> _Shelf:
        today = self._today()
        shelf = self._shelf
        if shelf is None or shelf.day != today:
            shelf = self._shelf = _Shelf(today, self._newest(today), {})
        return shelf

    def _newest(self, today: date) -> dict[str, tuple[Package, PackageSummary]]:
        """The newest version on sale of each package, in order of their codes."""
        by_code: dict[str, PackageFile] = {}
        on_sale = (package for package in self._by_version.values() if package.on_sale(today))
        for package in sorted(on_sale, key=_release):
            by_code[package.code] = package
        promises = (
            self._promised[(code, package.version)] for code, package in sorted(by_code.items())
        )
        return {package.code: (package, _summary(package)) for package in promises}


def load_packages() -> tuple[PackageFile, ...]:
    """The packages that ship with the gateway; ``UnreadablePackage`` stops the start."""
    folder = files("gateway.products").joinpath("packages")
    shipped = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".toml")),
        key=lambda entry: entry.name,
    )
    return tuple(decode_package(entry.read_bytes(), entry.name) for entry in shipped)


def promised(package: PackageFile, rules: RulePack, on: date) -> Package:
    """The package as its contract shows it; what is the bank's alone is left out."""
    return Package(
        code=package.code,
        version=package.version,
        title=package.title.localised(),
        scenarios=list(package.scenarios),
        digest=package.digest,
        components=[_component(part, rules, on) for part in package.offered],
        prices=[
            Price(price.code, price.title.localised(), Money(price.minor_units, CURRENCY))
            for price in package.price
        ],
        disclosures=_disclosures(package),
        scopes=list(package.scopes),
        shared_with_partner=list(package.shared_with_partner),
        never_shared=list(package.never_shared),
    )


def _component(part: ComponentEntry, rules: RulePack, on: date) -> Component:
    if part.boundary == "BANK_ONLY":
        raise ValueError(f"{part.id} is the bank's alone")
    return Component(
        component=part.id,
        type=part.type,
        boundary=part.boundary,
        required=part.required,
        title=part.title.localised(),
        summary=part.summary.localised(),
        actions=list(part.actions),
        limits=[_limit(limit, rules, on) for limit in part.limit],
    )


def _limit(limit: LimitEntry, rules: RulePack, on: date) -> Limit:
    row = rules.row(limit.rule, limit.parameter, on=on)
    return Limit(
        code=limit.code,
        title=limit.title.localised(),
        amount=Money(limit.minor_units, CURRENCY),
        # Our own caps are no law; the contract calls them what they are.
        rule="design" if row.confidence == "design" else limit.rule,
        period=limit.period,
    )


def _disclosures(package: PackageFile) -> list[Disclosure]:
    # Texts about what a partner may not offer stay in the bank, too.
    offered = {part.id for part in package.offered}
    return [
        Disclosure(text.code, text.version, text.text.localised(), text.digest)
        for text in package.disclosure
        if offered.intersection(text.components)
    ]


def _summary(package: Package) -> PackageSummary:
    return PackageSummary(
        package.code, package.version, package.title, package.scenarios, package.digest
    )


def _release(package: PackageFile) -> tuple[int, ...]:
    return tuple(int(number) for number in package.version.split("."))
