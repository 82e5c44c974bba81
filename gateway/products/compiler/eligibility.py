"""Eligibility: how young a customer of each part may be."""

from collections.abc import Iterator

from gateway.products.compiler.problems import CATALOGUE, Context, Problem, offered
from gateway.products.component_types import Figure
from gateway.products.package_files import PackageFile

_YOUNGEST = Figure(rule="TS-AGE-01", parameter="age_min")
_CHILD = Figure(rule="CN-PIPL-05", parameter="minor_age")
_SENSITIVE = "sensitive"


def check_eligibility(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Ages below what the parts allow; businesses have no age."""
    wanted = package.eligibility
    if wanted.party == "business":
        return
    if wanted.age_max is not None and wanted.age_max < wanted.age_min:
        yield Problem(
            "$.eligibility.age_max",
            CATALOGUE,
            "Nobody is old enough and young enough for the package.",
            "Write an age_max that is not below age_min.",
        )
    on = context.on(package)
    figures = {part.family.age_min: part for part in offered(package, context)}
    for figure, part in ((_YOUNGEST, None), *figures.items()):
        least = None if figure is None else context.figure(figure, on)
        if figure is None or least is None or wanted.age_min >= least:
            continue
        what = "The package" if part is None else f"{part.entry.id} ({part.type.title})"
        yield Problem(
            "$.eligibility.age_min",
            figure.rule,
            f"{what} is for customers of {least} years and more, not of {wanted.age_min}.",
            f"Write age_min = {least} or more.",
        )
    child = context.figure(_CHILD, on)
    asked = any(entry.kind == _SENSITIVE and entry.required for entry in package.consent)
    if child is not None and wanted.age_min < child and not asked:
        yield Problem(
            "$.eligibility.age_min",
            _CHILD.rule,
            f"What is known of children below {child} is sensitive, and no guardian is asked.",
            f'Write age_min = {child}, or require a consent with kind = "{_SENSITIVE}".',
        )
