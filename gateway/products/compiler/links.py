"""Links: every table of a package speaks of components that are there, and of each thing once."""

from collections.abc import Iterable, Iterator

from gateway.products.compiler.problems import CATALOGUE, Context, Problem
from gateway.products.package_files import PackageFile


def check_links(package: PackageFile, context: Context) -> Iterator[Problem]:
    """References to components that are not there, codes that stand twice, dates that are over."""
    known = {entry.id for entry in package.component}
    for path, named in _references(package):
        for name in named:
            if name not in known:
                yield Problem(
                    path,
                    CATALOGUE,
                    f"There is no component {name}.",
                    "Name a component of this file, or add it.",
                )
    for path, codes in _codes(package):
        for code in sorted({code for code in codes if codes.count(code) > 1}):
            yield Problem(
                path, CATALOGUE, f"{code} stands twice.", "Give each one a name of its own."
            )
    if package.valid_until is not None and package.valid_until < package.valid_from:
        yield Problem(
            "$.valid_until",
            CATALOGUE,
            "The package is over before it begins.",
            "Write a last day that is not before valid_from.",
        )


def _references(package: PackageFile) -> Iterator[tuple[str, Iterable[str]]]:
    for index, price in enumerate(package.price):
        yield f"$.price[{index}].component", _one(price.component)
    for index, plan in enumerate(package.plan):
        yield f"$.plan[{index}].component", (plan.component,)
    for index, commission in enumerate(package.commission):
        yield f"$.commission[{index}].components", commission.components
    for index, cooling in enumerate(package.cooling_off):
        yield f"$.cooling_off[{index}].components", cooling.components
    for index, benefit in enumerate(package.benefit):
        yield f"$.benefit[{index}].component", _one(benefit.component)
    for index, consent in enumerate(package.consent):
        yield f"$.consent[{index}].components", consent.components
    for index, tile in enumerate(package.tile):
        yield f"$.tile[{index}].components", tile.components
        yield f"$.tile[{index}].preselected", tile.preselected


def _codes(package: PackageFile) -> Iterator[tuple[str, list[str]]]:
    yield "$.plan", [entry.code for entry in package.plan]
    yield "$.benefit", [entry.code for entry in package.benefit]
    yield "$.tile", [entry.code for entry in package.tile]
    yield "$.eligibility.condition", [entry.code for entry in package.eligibility.condition]


def _one(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)
