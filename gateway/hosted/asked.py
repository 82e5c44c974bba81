"""What a partner asks for, turned from authorization_details into sentences a customer reads."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from contracts.v1.consents import AccountInformationDetail, PackageOrderDetail
from contracts.v1.packages import Component, Package
from gateway.hosted.language import Language, money, pick
from gateway.hosted.texts import Texts

_AMOUNTS = ("top_up", "per_debit_cap", "daily_cap")
# How a tick box and a consent's record name the entry about accounts, of which there is one.
_ACCOUNTS = "account-information"
# The kinds of data it can name, in the words that a package's notice uses.
_READABLE = {"limits": "account_limits", "balance": "purse_balance_band"}


class Fact(msgspec.Struct, frozen=True):
    """A label and its value, both ready to read."""

    label: str
    value: str


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


class Note(msgspec.Struct, frozen=True):
    """A disclosure: its first sentence, and the rest behind a fold when there is any."""

    lead: str
    rest: str


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """One package as asked for: everything the customer must see before agreeing."""

    code: str
    title: str
    version: str
    parts: tuple[Part, ...]
    prices: tuple[Fact, ...]
    notes: tuple[Note, ...]
    shared: tuple[str, ...]
    never_shared: tuple[str, ...]


class Entry(msgspec.Struct, frozen=True):
    """One authorization detail with the package it names; ``None`` when that is not on file."""

    raw: dict[str, Any]
    detail: PackageOrderDetail | AccountInformationDetail
    package: Package | None

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
    kinds = _kinds(entry.shared, texts, language)
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
        prices=(),
        notes=(),
        shared=kinds,
        never_shared=(),
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
            prices=(),
            notes=(),
            shared=(),
            never_shared=(),
        )
    return Bundle(
        code=package.code,
        title=pick(package.title, language),
        version=package.version,
        parts=parts,
        prices=tuple(
            Fact(
                pick(price.title, language),
                money(price.amount, language)
                if price.amount.minor_units
                else texts.say(language, "consent.free", amount=money(price.amount, language)),
            )
            for price in package.prices
        ),
        notes=tuple(_note(pick(note.text, language)) for note in package.disclosures),
        shared=_kinds(package.shared_with_partner, texts, language),
        never_shared=_kinds(package.never_shared, texts, language),
    )


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
            Fact(pick(limit.title, language), money(limit.amount, language))
            for limit in component.limits
        ),
    )


def _note(text: str) -> Note:
    for mark in ("。", ". "):
        lead, found, rest = text.partition(mark)
        if found and rest.strip():
            return Note(lead + mark.strip(), rest.strip())
    return Note(text, "")


def _kinds(kinds: Iterable[str], texts: Texts, language: Language) -> tuple[str, ...]:
    return tuple(texts.say_or(language, f"data.{kind}", kind) for kind in kinds)
