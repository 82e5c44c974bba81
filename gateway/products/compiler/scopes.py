"""Scopes: a package opens what its parts need, and nothing else (CN-PIPL-01)."""

from collections.abc import Iterator

from gateway.products.compiler.problems import CATALOGUE, Context, Problem, offered
from gateway.products.package_files import PackageFile

_NECESSARY = "CN-PIPL-01"
_NEVER = "CN-PFI-02"


def check_scopes(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Scopes that nobody knows, that no part needs, and parts without any of theirs."""
    families = {part.family.code: part.family for part in offered(package, context)}
    granted = {scope for family in families.values() for scope in family.scopes}
    for index, scope in enumerate(package.scopes):
        path = f"$.scopes[{index}]"
        found = context.types.scopes.get(scope)
        if found is None:
            yield Problem(
                path,
                CATALOGUE,
                f"There is no scope {scope}.",
                "Use a scope of gateway/products/component_types.toml.",
            )
        elif found.data_class == "C3":
            yield Problem(
                path,
                _NEVER,
                f"The scope {scope} opens what authenticates a customer, which never leaves the "
                "bank.",
                "Take the scope out.",
            )
        elif not (found.usual or scope in granted or (found.benefits and package.benefit)):
            yield Problem(
                path,
                _NECESSARY,
                f"No component of the package needs the scope {scope}.",
                "Take the scope out, or add the component that needs it.",
            )
    for part in offered(package, context):
        needed = part.family.needs_scope
        if needed and not set(needed) & set(package.scopes):
            yield Problem(
                "$.scopes",
                CATALOGUE,
                f"{part.entry.id} ({part.type.title}) cannot be used with these scopes.",
                f"Add one of these: {', '.join(needed)}.",
            )
