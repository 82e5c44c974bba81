"""Views: a package as one partner may sell it, or as the public may read it."""

from collections.abc import Collection, Mapping
from datetime import date

from msgspec.structs import replace

from gateway.products.applied_terms import with_terms
from gateway.products.component_files import ComponentEntry
from gateway.products.component_types import ComponentTypes
from gateway.products.offer_files import CommissionEntry
from gateway.products.package_files import PackageFile
from gateway.products.standing import Standing
from gateway.products.terms_files import TermsFile

REFERRED = ("refer",)


def sold_by(
    package: PackageFile,
    standing: Standing,
    terms: TermsFile | None,
    types: ComponentTypes,
    on: date,
    *,
    as_listed: bool = False,
) -> PackageFile | None:
    """What the partner may sell of the package on the bank's day; ``None`` for nothing.

    Its terms are applied, LICENSED has become EMBED or REFER by its licences (CN-INS-01), and what
    is the bank's alone, withheld, or credit for a partner off the list (CN-LOAN-05) is gone, with
    whatever draws on it. A package that would lose a required component is not sold at all. Of a
    referred component neither price nor plan is left: the bank's own pages tell them. With
    ``as_listed`` credit stays, for whoever must say why it is refused.
    """
    if not is_visible(package, terms):
        return None
    gone = set(terms.withheld if terms else ())
    if not as_listed:
        gone |= unlisted(package, standing, types)
    view = with_terms(terms, package) if terms else package
    held = standing.licences_on(on)
    return _without(licensed(view, held), gone, held)


def is_visible(package: PackageFile, terms: TermsFile | None) -> bool:
    """Whether the partner with these terms is shown the package; by invitation terms are needed."""
    return package.visibility != "invited" if terms is None else terms.visible


def unlisted(package: PackageFile, standing: Standing, types: ComponentTypes) -> frozenset[str]:
    """The components that the partner may not sell before it is on the bank's list."""
    if standing.listed:
        return frozenset()
    return frozenset(
        part.id
        for part in package.offered
        if types.find(part.type) is not None and types.family(part.type).listed_only
    )


def licensed(package: PackageFile, held: Collection[str]) -> PackageFile:
    """The package with every LICENSED component embedded or referred, by the licences held."""
    return replace(
        package,
        component=tuple(_licensed(part, held) for part in package.component),
    )


def public(package: PackageFile) -> PackageFile | None:
    """What everybody may read: boundaries as the file says them, and no commission."""
    if package.visibility != "public":
        return None
    return _without(replace(package, commission=()), (), ())


def _licensed(part: ComponentEntry, held: Collection[str]) -> ComponentEntry:
    if part.boundary != "LICENSED":
        return part
    if part.licence in held:
        return replace(part, boundary="EMBED")
    return replace(part, boundary="REFER", actions=REFERRED, parameter=())


def _without(
    package: PackageFile, gone: Collection[str], held: Collection[str]
) -> PackageFile | None:
    left: dict[str, ComponentEntry] = {}
    for part in package.offered:
        if part.id not in gone and (part.draws_on is None or part.draws_on in left):
            left[part.id] = part
        elif part.required:
            return None
    if not left:
        return None
    embedded = {name for name, part in left.items() if part.boundary == "EMBED"}
    return replace(
        package,
        component=tuple(left.values()),
        price=tuple(entry for entry in package.price if entry.component in {None, *embedded}),
        plan=tuple(entry for entry in package.plan if entry.component in embedded),
        consent=tuple(entry for entry in package.consent if _concerns(entry.components, left)),
        cooling_off=tuple(
            entry for entry in package.cooling_off if _concerns(entry.components, left)
        ),
        benefit=tuple(entry for entry in package.benefit if entry.component in {None, *left}),
        tile=tuple(entry for entry in package.tile if left.keys() >= set(entry.components)),
        commission=_earned(package.commission, left, held),
    )


def _earned(
    entries: Collection[CommissionEntry],
    left: Mapping[str, ComponentEntry],
    held: Collection[str],
) -> tuple[CommissionEntry, ...]:
    """What the partner earns: for a component that a licence of its own pays for, only that."""
    open_to = [entry for entry in entries if entry.requires is None or entry.requires in held]
    paid = {name for entry in open_to if entry.requires for name in entry.components}
    earned = []
    for entry in open_to:
        names = tuple(
            name
            for name in entry.components
            if name in left and (entry.requires is not None or name not in paid)
        )
        if names:
            earned.append(replace(entry, components=names))
    return tuple(earned)


def _concerns(components: Collection[str], left: Mapping[str, ComponentEntry]) -> bool:
    return not components or any(name in left for name in components)
