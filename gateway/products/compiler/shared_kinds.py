"""Kinds of data: what may pass between partner and bank, and what must be said never to."""

from collections.abc import Iterator

from gateway.products.compiler.problems import CATALOGUE, Context, Problem, offered
from gateway.products.component_types import DataKind
from gateway.products.package_files import PackageFile

_LISTS = ("to_partner", "never", "from_partner", "through_bureau", "forbidden")
_TAKEN = ("from_partner", "through_bureau")
_NECESSARY = "CN-PIPL-01"
_SENSITIVE = "CN-PIPL-05"
_BUREAU = "CN-CRED-01"
# C3 authenticates: it is not given away, and partners neither collect nor pass it on.
_AUTHENTICATES = {
    "to_partner": "CN-PFI-02",
    "from_partner": "CN-API-10",
    "through_bureau": "CN-API-10",
}


def check_kinds(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Unknown kinds, kinds that may not pass this way, and kinds that must be listed."""
    credit = any(part.family.credit for part in offered(package, context))
    for where in _LISTS:
        for index, name in enumerate(getattr(package.data, where)):
            path = f"$.data.{where}[{index}]"
            kind = context.types.data.get(name)
            if kind is None:
                yield Problem(
                    path,
                    CATALOGUE,
                    f"There is no kind of data called {name}.",
                    "Use a kind of gateway/products/component_types.toml, or add one there.",
                )
            else:
                yield from _passing(path, where, kind, credit=credit)
    for name in sorted(set(package.data.to_partner) & set(package.data.never)):
        yield Problem(
            "$.data.never",
            _NECESSARY,
            f"{name} is given to the partner and never given to it.",
            "Keep it in one of the two lists.",
        )
    yield from _unlisted(package, context)


def _passing(path: str, where: str, kind: DataKind, *, credit: bool) -> Iterator[Problem]:
    title = kind.title.en
    if kind.data_class == "C3" and where in _AUTHENTICATES:
        yield Problem(
            path,
            _AUTHENTICATES[where],
            f"{kind.code} ({title}) authenticates the customer and passes between nobody.",
            "Take it out, and list it under never.",
        )
    if kind.denied and where in (*_TAKEN, "to_partner"):
        yield Problem(
            path,
            _SENSITIVE,
            f"{kind.code} ({title}) is sensitive and must not pass between partner and bank.",
            "Take it out, and list it under forbidden.",
        )
    elif credit and where == "from_partner" and not kind.credit_input:
        yield Problem(
            path,
            _BUREAU,
            f"{kind.code} ({title}) tells about a borrower, and a partner may not say it directly.",
            "List it under through_bureau: it comes from a licensed credit bureau, or not at all.",
        )


def _unlisted(package: PackageFile, context: Context) -> Iterator[Problem]:
    never, forbidden = set(package.data.never), set(package.data.forbidden)
    for part in offered(package, context):
        for name in part.family.never_shared:
            if name not in never:
                yield _must_list("never", name, _NECESSARY, part.entry.id, context)
                never.add(name)
        for name in part.family.forbidden:
            if name not in forbidden:
                yield _must_list("forbidden", name, _SENSITIVE, part.entry.id, context)
                forbidden.add(name)


def _must_list(where: str, name: str, rule: str, component: str, context: Context) -> Problem:
    title = context.types.data[name].title.en
    return Problem(
        f"$.data.{where}",
        rule,
        f"With {component}, the package must say that {name} ({title}) is {where}"
        f"{' shared' if where == 'never' else ''}.",
        f'Add "{name}" to {where}.',
    )
