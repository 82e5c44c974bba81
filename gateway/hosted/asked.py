"""What a partner asks for, turned from authorization_details into sentences a customer reads."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from contracts.v1.consents import AccountInformationDetail, PackageOrderDetail
from contracts.v1.packages import Component, Package
from gateway.hosted import offered
from gateway.hosted.language import Language, money, pick
from gateway.hosted.offered import ConsentAsked, Fact, Note
from gateway.hosted.texts import Texts
from gateway.products.service import ComponentTypes

_AMOUNTS = ("amount", "top_up", "per_debit_cap", "daily_cap")
# How a tick box and a consent's record name the entry about accounts, of which there is one.
_ACCOUNTS = "account-information"
# The kinds of data it can name, in the words that a package's notice uses.
_READABLE = {"limits": "account_limits", "balance": "purse_balance_band"}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One component as shown; ``choice`` is what its tick box sends."""

    choice: str
    title: str
    summary: str
    required: bool
    boundary: str
    actions: tuple[str, ...]
    amounts: tuple[Fact, ...]
    limits: tuple[Fact, ...]


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """One package as asked for: everything the customer must see before agreeing."""

    code: str
    title: str
    version: str
    parts: tuple[Part, ...]
    prices: tuple[Fact, ...] = ()
    plans: tuple[Fact, ...] = ()
    notes: tuple[Note, ...] = ()
    consents: tuple[ConsentAsked, ...] = ()
    shared: tuple[str, ...] = ()
    never_shared: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Note, ...]:
        """The texts that stand with the price, before everything else."""
        return tuple(note for note in self.notes if note.prominent)

    @property
    def other_notes(self) -> tuple[Note, ...]:
        """The rest of the texts."""
        return tuple(note for note in self.notes if not note.prominent)


class Entry(msgspec.Struct, frozen=True):
    """One authorization detail with the package it names; ``None`` when that is not on file."""

    raw: dict[str, Any]
    detail: PackageOrderDetail | AccountInformationDetail
    package: Package | None
    types: ComponentTypes | None = None

    @property
    def tier(self) -> str | None:
        """The tier of the account that the named component opens; ``None`` without one."""
        part = self.component
        found = None if part is None or self.types is None else self.types.find(part.type)
        return None if found is None or found.kind != "account" else found.tier

    @property
    def component(self) -> Component | None:
        """The component the entry names."""
        if self.package is None or isinstance(self.detail, AccountInformationDetail):
            return None
        named = (
            part for part in self.package.components if part.component == self.detail.component
        )
        return next(named, None)

    @property
    def shared(self) -> tuple[str, ...]:
        """The kinds of data that the entry by itself lets the partner read."""
        if isinstance(self.detail, AccountInformationDetail):
            return tuple(_READABLE[kind] for kind in self.detail.datatypes)
        return ()

    @property
    def required(self) -> bool:
        """Whether the package is worth nothing without it; the unknown is never optional."""
        if isinstance(self.detail, AccountInformationDetail):
            return False
        return self.component is None or self.component.required

    @property
    def choice(self) -> str:
        """How a tick box names this entry: components of two packages may share an id."""
        if isinstance(self.detail, AccountInformationDetail):
            return _ACCOUNTS
        return f"{self.detail.package}.{self.detail.component}"


def by_package(entries: Iterable[Entry]) -> list[tuple[Package, frozenset[str]]]:
    """The packages that entries name, each with its components among them."""
    packages: dict[tuple[str, str], Package] = {}
    components: dict[tuple[str, str], set[str]] = {}
    for entry in entries:
        if entry.package is not None and entry.component is not None:
            key = (entry.package.code, entry.package.version)
            packages[key] = entry.package
            components.setdefault(key, set()).add(entry.component.component)
    return [(package, frozenset(components[key])) for key, package in packages.items()]


def bundles(
    entries: Sequence[Entry], texts: Texts, language: Language, *, payee: str
) -> tuple[Bundle, ...]:
    """The entries grouped by package, in the order the partner sent them, accounts at the end.

    ``payee`` is the partner's name: orders record every mandate in the partner's favour.
    """
    grouped: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        if isinstance(entry.detail, PackageOrderDetail):
            of = (entry.detail.package, entry.detail.version)
            grouped.setdefault(of, []).append(entry)
    return (
        *(_bundle(group, texts, language, payee) for group in grouped.values()),
        *(_accounts(entry, texts, language) for entry in entries if entry.shared),
    )


def chosen(entries: Iterable[Entry], ticked: frozenset[str]) -> list[Entry]:
    """What is approved: every needed entry and the ticked optional ones, as they were asked."""
    return [entry for entry in entries if entry.required or entry.choice in ticked]


def _accounts(entry: Entry, texts: Texts, language: Language) -> Bundle:
    kinds = offered.kinds(entry.shared, texts, language)
    part = Part(
        choice=entry.choice,
        title=texts.say(language, "asked.accounts"),
        summary=texts.say(language, "asked.accounts_summary"),
        required=entry.required,
        boundary="",
        actions=kinds,
        amounts=(),
        limits=(),
    )
    return Bundle(
        code="",
        title=part.title,
        version="",
        parts=(part,),
        shared=kinds,
    )


def _bundle(group: list[Entry], texts: Texts, language: Language, payee: str) -> Bundle:
    first = group[0]
    package = first.package
    assert isinstance(first.detail, PackageOrderDetail), "only these were grouped"
    parts = tuple(_part(entry, texts, language, payee) for entry in group)
    if package is None:
        return Bundle(
            code=first.detail.package,
            title=first.detail.package,
            version=first.detail.version,
            parts=parts,
        )
    components = {entry.component.component for entry in group if entry.component is not None}
    return Bundle(
        code=package.code,
        title=pick(package.title, language),
        version=package.version,
        parts=parts,
        prices=offered.prices(package, texts, language),
        plans=offered.plans(package, _plans(group), texts, language),
        notes=tuple(
            offered.note(text.kind, text.version, text.digest, text.text, texts, language)
            for text in package.disclosures
            if components.intersection(text.components)
        ),
        consents=offered.consents(package, components, language),
        shared=offered.kinds(package.shared_with_partner, texts, language),
        never_shared=offered.kinds(package.never_shared, texts, language),
    )


def _plans(group: Iterable[Entry]) -> dict[str, str | None]:
    """The components of the entries, each with the plan that it is asked for under, if any."""
    return {
        entry.detail.component: entry.detail.plan
        for entry in group
        if isinstance(entry.detail, PackageOrderDetail)
    }


def _part(entry: Entry, texts: Texts, language: Language, payee: str) -> Part:
    component = entry.component
    assert isinstance(entry.detail, PackageOrderDetail), "only these were grouped"
    amounts = tuple(
        Fact(texts.say(language, f"asked.{name}"), money(amount, language))
        for name in _AMOUNTS
        if (amount := getattr(entry.detail, name)) is not None
    )
    if "mandate" in entry.detail.actions:
        amounts = (Fact(texts.say(language, "asked.payee"), payee), *amounts)
    actions = tuple(
        texts.say_or(language, f"action.{action}", action) for action in entry.detail.actions
    )
    if component is None:
        return Part(
            choice=entry.choice,
            title=entry.detail.component,
            summary="",
            required=True,
            boundary="",
            actions=actions,
            amounts=amounts,
            limits=(),
        )
    return Part(
        choice=entry.choice,
        title=pick(component.title, language),
        summary=pick(component.summary, language),
        required=component.required,
        boundary=texts.say(language, f"boundary.{component.boundary}"),
        actions=actions,
        amounts=amounts,
        limits=tuple(
            Fact(pick(limit.title, language), offered.bound(limit, texts, language))
            for limit in component.limits
        ),
    )
