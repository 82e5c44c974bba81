"""Cooling off: days that the law gives, and days that are only promised."""

from collections.abc import Iterator
from datetime import date

from gateway.products.compiler.problems import CATALOGUE, Context, Part, Problem, offered
from gateway.products.component_types import Figure
from gateway.products.offer_files import CoolingOff
from gateway.products.package_files import PackageFile

_DAYS = "days"


def check_cooling_off(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Fewer days than the law gives, and entries that contradict themselves."""
    on = context.on(package)
    for index, entry in enumerate(package.cooling_off):
        yield from _entry(f"$.cooling_off[{index}]", entry, context, on)
    for part in offered(package, context):
        figure = part.family.cooling_off
        days = None if figure is None else context.figure(figure, on)
        if figure is not None and days is not None and not _given(package, part, figure):
            yield Problem(
                "$.cooling_off",
                figure.rule,
                f"The law lets customers go back on {part.entry.id} ({part.type.title}) for {days} "
                "days, and the package does not say so.",
                f'Add a cooling_off with days = {days}, kind = "statutory" and '
                f'rule = "{figure.rule}".',
            )


def _entry(path: str, entry: CoolingOff, context: Context, on: date) -> Iterator[Problem]:
    if (entry.kind == "none") != (entry.days == 0):
        yield Problem(
            f"{path}.days",
            CATALOGUE,
            f"{entry.days} days of cooling off cannot be of the kind {entry.kind}.",
            'Write days and a kind that belong together: 0 days are "none".',
        )
    if (entry.kind == "statutory") != (entry.rule is not None):
        yield Problem(
            f"{path}.rule",
            CATALOGUE,
            "A statutory cooling off names its rule, and no other does.",
            "Name the rule that gives the days, or write another kind.",
        )
    if entry.rule is None:
        return
    least = context.figure(Figure(rule=entry.rule, parameter=_DAYS), on)
    if least is None:
        yield Problem(
            f"{path}.rule",
            CATALOGUE,
            f"{entry.rule} gives no days of cooling off on {on}.",
            "Name a rule that does, or write another kind.",
        )
    elif entry.days < least:
        yield Problem(
            f"{path}.days",
            entry.rule,
            f"{entry.days} days are fewer than the {least} of the law.",
            f"Write days = {least} or more.",
        )


def _given(package: PackageFile, part: Part, figure: Figure) -> bool:
    return any(
        entry.rule == figure.rule and (not entry.components or part.entry.id in entry.components)
        for entry in package.cooling_off
    )
