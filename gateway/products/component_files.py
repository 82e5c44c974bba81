"""Components as package files write them: what a part is, and the bounds it keeps."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.names import Id
from gateway.products.words import Entry, Fen, Name, Rate, Text, TypeCode

# The money members of an authorization_details entry (contracts.v1.consents) and the actions
# that orders know how to carry out; the lists grow with the code behind them.
ParameterName = Literal["top_up", "per_debit_cap", "daily_cap"]
Boundary = Literal["EMBED", "REFER", "LICENSED", "BANK_ONLY"]
Period = Literal["each", "day", "month", "year", "balance", "total"]


class LimitEntry(Entry, frozen=True):
    """A bound, and the parameter of the rule that it may not be looser than.

    Exactly one of ``minor_units`` (fen, or the hundredth of ``currency``), ``count`` (of
    ``unit``) and ``rate`` is given. ``sense`` tells which way is looser: a ``most`` may not be
    above the rule's figure, a ``least`` not below it.
    """

    code: Name
    title: Text
    period: Period
    rule: str
    parameter: Name
    minor_units: Fen | None = None
    count: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None
    rate: Rate | None = None
    unit: Name = "fen"
    currency: Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")] = "CNY"
    sense: Literal["most", "least"] = "most"


class ParameterEntry(Entry, frozen=True):
    """An amount that a request may name for a component.

    It is at most the component's ``limit``, and at most the request's own ``at_most`` amount.
    """

    name: ParameterName
    required: bool
    limit: Name
    minimum: Fen = 1
    at_most: ParameterName | None = None


class ComponentEntry(Entry, frozen=True):
    """A part of a package; ``draws_on`` is the component whose account its money comes from.

    ``preselected`` would tick it for the customer, which CN-FCP-02 forbids for every part that is
    not required; it exists so that a file which says so is refused with the rule's name.
    """

    id: Id
    type: TypeCode
    boundary: Boundary
    required: bool
    actions: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1)]
    title: Text
    summary: Text
    licence: Name | None = None
    preselected: bool = False
    draws_on: Id | None = None
    limit: tuple[LimitEntry, ...] = ()
    parameter: tuple[ParameterEntry, ...] = ()
