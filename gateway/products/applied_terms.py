"""Applied terms: a package with the limits, prices and plans that one partner's terms give it."""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from gateway.products.component_files import ComponentEntry
from gateway.products.package_files import PackageFile
from gateway.products.terms_files import LimitTerm, PlanTerm, PriceTerm, TermsFile

Changed = TypeVar("Changed", bound=msgspec.Struct)
# What names the entry that a term changes, and is not itself changed.
_NAMES = frozenset(("component", "code"))


def with_terms(terms: TermsFile, package: PackageFile) -> PackageFile:
    """The package with what the terms change in it; whether they may is the compiler's question."""
    prices = {term.code: term for term in terms.price}
    plans = {term.code: term for term in terms.plan}
    limits = {(term.component, term.code): term for term in terms.limit}
    return replace(
        package,
        price=tuple(_changed(entry, prices.get(entry.code)) for entry in package.price),
        plan=tuple(_changed(entry, plans.get(entry.code)) for entry in package.plan),
        component=tuple(_component(entry, limits) for entry in package.component),
    )


def _component(
    entry: ComponentEntry, limits: Mapping[tuple[str, str], LimitTerm]
) -> ComponentEntry:
    return replace(
        entry,
        limit=tuple(_changed(limit, limits.get((entry.id, limit.code))) for limit in entry.limit),
    )


def _changed(entry: Changed, term: LimitTerm | PriceTerm | PlanTerm | None) -> Changed:
    given = {
        name: value
        for name in (() if term is None else term.__struct_fields__)
        if name not in _NAMES and (value := getattr(term, name)) is not None
    }
    return replace(entry, **given)
