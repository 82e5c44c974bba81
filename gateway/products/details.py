"""What an authorization request may ask of a package: every entry, and all of them together."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from contracts.errors import InvalidAuthorizationDetails
from contracts.v1.consents import PackageOrderDetail
from contracts.v1.money import Money
from gateway.products.component_files import ComponentEntry, ParameterEntry
from gateway.products.package_files import PackageFile

CURRENCY = "CNY"
_MONEY_MEMBERS = ("top_up", "per_debit_cap", "daily_cap")
# RFC 6749 section 5.2 allows only these characters in an error description.
_UNSPEAKABLE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e]")


def read_entry(place: int, entry: Mapping[str, Any]) -> PackageOrderDetail:
    """One entry, strictly: unknown types and members, wrong kinds and sizes are refused."""
    try:
        return msgspec.convert(entry, PackageOrderDetail)
    except msgspec.ValidationError as error:
        raise refused(place, str(error)) from None


def refused(place: int, why: str) -> InvalidAuthorizationDetails:
    """The refusal of the whole request because of one entry (RFC 9396 section 5)."""
    said = _UNSPEAKABLE.sub("?", why)[:200]
    return InvalidAuthorizationDetails(f"authorization_details[{place}]: {said}")


def check_entries(package: PackageFile, entries: Sequence[PackageOrderDetail]) -> None:
    """Raises ``InvalidAuthorizationDetails`` unless the entries make one order of the package."""
    parts = {part.id: part for part in package.offered}
    asked: set[str] = set()
    for place, entry in enumerate(entries):
        part = parts.get(entry.component)
        if part is None:
            raise refused(place, "the package has no such component.")
        if entry.component in asked:
            raise refused(place, "the component is asked for twice.")
        asked.add(entry.component)
        _check_entry(place, entry, part)
        _check_quote(place, entry, part, package)
    for part in package.offered:
        if part.required and part.id not in asked:
            raise InvalidAuthorizationDetails(f"The required component {part.id} is missing.")
        if part.id in asked and part.draws_on is not None and part.draws_on not in asked:
            raise InvalidAuthorizationDetails(f"{part.id} needs the component {part.draws_on}.")


def _check_quote(
    place: int, entry: PackageOrderDetail, part: ComponentEntry, package: PackageFile
) -> None:
    """What is repaid by a plan is asked for by quote; nobody here knows whether it still holds."""
    has_plan = any(plan.component == part.id for plan in package.plan)
    wanted = has_plan and part.boundary != "REFER"
    named = (entry.quote, entry.plan, entry.amount)
    if wanted and None in named:
        raise refused(place, "the component is asked for by quote, plan and amount.")
    if not wanted and named != (None, None, None):
        raise refused(place, "the component takes no quote, plan or amount.")


def _check_entry(place: int, entry: PackageOrderDetail, part: ComponentEntry) -> None:
    if len(set(entry.actions)) < len(entry.actions) or not set(entry.actions) <= set(part.actions):
        raise refused(place, f"the component takes these actions: {', '.join(part.actions)}.")
    given = {
        name: amount for name in _MONEY_MEMBERS if (amount := getattr(entry, name)) is not None
    }
    allowed = {parameter.name: parameter for parameter in part.parameter}
    for name in given:
        if name not in allowed:
            raise refused(place, f"the component takes no {name}.")
    for parameter in part.parameter:
        _check_amount(place, given, parameter, part)


def _check_amount(
    place: int, given: Mapping[str, Money], parameter: ParameterEntry, part: ComponentEntry
) -> None:
    amount = given.get(parameter.name)
    if amount is None:
        if parameter.required:
            raise refused(place, f"{parameter.name} is missing.")
        return
    if amount.currency != CURRENCY:
        raise refused(place, f"{parameter.name} must be in {CURRENCY}.")
    if amount.minor_units < parameter.minimum:
        raise refused(place, f"{parameter.name} must be at least {parameter.minimum}.")
    most = next(limit.minor_units for limit in part.limit if limit.code == parameter.limit)
    if most is not None and amount.minor_units > most:
        raise refused(place, f"{parameter.name} is above the package's limit of {most}.")
    roof = given.get(parameter.at_most) if parameter.at_most is not None else None
    if roof is not None and amount.minor_units > roof.minor_units:
        raise refused(place, f"{parameter.name} is above {parameter.at_most}.")
