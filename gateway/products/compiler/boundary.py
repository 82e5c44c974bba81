"""The sales boundary: how far from the bank's own pages the law lets each part be sold."""

from collections.abc import Iterator

from gateway.products.compiler.problems import CATALOGUE, Context, Part, Problem, parts
from gateway.products.package_files import PackageFile

# From the widest to the narrowest: a part may always be kept closer to the bank.
_WIDEST_FIRST = ("EMBED", "LICENSED", "REFER", "BANK_ONLY")
_SAID = {
    "EMBED": "inside a partner's own app",
    "LICENSED": "inside the app of a partner with the licence, and on the bank's pages otherwise",
    "REFER": "on the bank's own pages, to which a partner may lead",
    "BANK_ONLY": "by the bank alone, and nowhere on a partner's side",
}


def check_boundaries(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Types that nobody knows, boundaries that are too wide, licences and the list of partners."""
    for index, entry in enumerate(package.component):
        if context.types.find(entry.type) is None:
            yield Problem(
                f"$.component[{index}].type",
                CATALOGUE,
                f"There is no component type {entry.type}.",
                "Use a type of gateway/products/component_types.toml, or add one there.",
            )
    for part in parts(package, context):
        yield from _too_wide(part)
        yield from _licence(part)
        yield from _standing(part, context)


def _too_wide(part: Part) -> Iterator[Problem]:
    entry, widest = part.entry, part.family.boundary
    if _WIDEST_FIRST.index(entry.boundary) < _WIDEST_FIRST.index(widest):
        yield Problem(
            f"{part.path}.boundary",
            part.family.boundary_rule,
            f"{entry.id} ({part.type.title}) is {entry.boundary}, but may be sold only "
            f"{_SAID[widest]}.",
            f'Write boundary = "{widest}", or take the component out.',
        )
    if entry.required and part.offered and part.family.optional_rule is not None:
        yield Problem(
            f"{part.path}.required",
            part.family.optional_rule,
            f"{entry.id} ({part.type.title}) is required, so the rest cannot be had without it.",
            "Write required = false: customers decide about it separately.",
        )


def _licence(part: Part) -> Iterator[Problem]:
    entry, needed = part.entry, part.family.licence
    path = f"{part.path}.licence"
    if entry.boundary != "LICENSED":
        if entry.licence is not None:
            yield Problem(
                path,
                CATALOGUE,
                f"{entry.id} names a licence, which only LICENSED components depend on.",
                "Take the licence out.",
            )
    elif needed is not None and entry.licence != needed:
        yield Problem(
            path,
            part.family.boundary_rule,
            f"{entry.id} ({part.type.title}) may be embedded by holders of {needed} alone.",
            f'Write licence = "{needed}".',
        )
    elif entry.licence is None:
        yield Problem(
            path, CATALOGUE, f"{entry.id} is LICENSED without a licence.", "Name the licence."
        )


def _standing(part: Part, context: Context) -> Iterator[Problem]:
    if part.offered and part.family.listed_only and context.listed is False:
        yield Problem(
            part.path,
            "CN-LOAN-05",
            f"{part.entry.id} ({part.type.title}) is credit, and the partner is not on the bank's "
            "published list.",
            "Put the partner on the list first, or leave the component out.",
        )
