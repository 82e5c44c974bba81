"""Limits: stated where a type needs them, and never looser than the rule they quote."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from gateway.products.compiler.problems import CATALOGUE, Context, Part, Problem, number, offered
from gateway.products.component_files import LimitEntry
from gateway.products.component_types import NeededLimit
from gateway.products.package_files import PackageFile

# The unit of a rule's figure when the limit is money of this currency.
_MONEY = {"CNY": "fen", "USD": "usd_cents"}
_RATE = "rate"


def check_limits(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Limits that are missing, that quote what is no figure, or that are looser than it."""
    on = context.on(package)
    for index, entry in enumerate(package.component):
        for place, limit in enumerate(entry.limit):
            path = f"$.component[{index}].limit[{place}]"
            yield from _limit(path, limit, context, on)
    for part in offered(package, context):
        for needed in part.type.limit:
            if not needed.scenarios or set(needed.scenarios) & set(package.scenarios):
                yield from _needed(part, needed)


def measure(limit: LimitEntry) -> tuple[Decimal, str] | None:
    """What a limit allows and in which unit; nothing when it says none, or more than one."""
    given = [
        (Decimal(value), unit)
        for value, unit in (
            (limit.minor_units, _MONEY.get(limit.currency, limit.currency)),
            (limit.count, limit.unit),
            (limit.rate, _RATE),
        )
        if value is not None
    ]
    return given[0] if len(given) == 1 else None


def looser(limit: LimitEntry, value: Decimal, than: Decimal) -> bool:
    """Whether a value of the limit allows more than another one does."""
    return value > than if limit.sense == "most" else value < than


def _limit(path: str, limit: LimitEntry, context: Context, on: date) -> Iterator[Problem]:
    stated = measure(limit)
    if stated is None:
        yield Problem(
            path,
            CATALOGUE,
            f"{limit.code} must say one bound.",
            "Write exactly one of minor_units, count (with its unit) and rate.",
        )
        return
    value, unit = stated
    row = context.row(limit.rule, limit.parameter, on)
    figure = None if row is None else number(row)
    if row is None or figure is None:
        yield Problem(
            f"{path}.rule",
            limit.rule,
            f"{limit.rule} sets no figure {limit.parameter} on {on}.",
            "Quote a rule and a parameter that are in force: see tessera rules list.",
        )
    elif row.unit != unit:
        yield Problem(
            path,
            limit.rule,
            f"{limit.code} is in {unit}, but {limit.rule} sets {limit.parameter} in {row.unit}.",
            f"State the limit in {row.unit}.",
        )
    elif looser(limit, value, figure):
        way, bound = ("above", "at most") if limit.sense == "most" else ("below", "at least")
        yield Problem(
            path,
            limit.rule,
            f"{limit.code} is {value} {unit}, {way} the rule's {figure}.",
            f"State {bound} {figure} {unit}.",
        )


def _needed(part: Part, needed: NeededLimit) -> Iterator[Problem]:
    for limit in part.entry.limit:
        quoted = (limit.code, limit.rule, limit.parameter, limit.period, limit.sense)
        if quoted == (needed.code, needed.rule, needed.parameter, needed.period, "most"):
            return
    yield Problem(
        f"{part.path}.limit",
        needed.rule,
        f"{part.entry.id} ({part.type.title}) does not state its limit {needed.code}.",
        f'Add a limit with code = "{needed.code}", period = "{needed.period}", '
        f'rule = "{needed.rule}" and parameter = "{needed.parameter}".',
    )
