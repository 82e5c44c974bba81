"""Fees at the draw: what the customer pays at once makes the credit dearer than its rate."""

from collections.abc import Sequence
from decimal import Decimal

from gateway.products.cost.spreading import EXACT, whole
from gateway.products.offer_files import PlanEntry, PriceEntry

DRAWN = "drawn_principal"
_BORNE_BY_CUSTOMER = frozenset(("customer", "borrower"))


def fees_at_draw(prices: Sequence[PriceEntry], plan: PlanEntry, principal: int) -> int:
    """What a customer pays when drawing ``principal`` under the plan, in minor units.

    A price of the customer's counts when it is taken of the ``drawn_principal``, or is an amount
    of the plan's own component that nothing else is said about. What depends on later events,
    such as a price of what is overdue, does not.
    """
    return sum(
        _fee(price, principal)
        for price in prices
        if price.payer in _BORNE_BY_CUSTOMER and _is_due(price, plan)
    )


def _is_due(price: PriceEntry, plan: PlanEntry) -> bool:
    if price.of == DRAWN:
        return price.component in (None, plan.component)
    return price.of is None and price.component == plan.component


def _fee(price: PriceEntry, principal: int) -> int:
    least = price.minor_units or 0
    if price.rate is None:
        return least
    return max(least, whole(EXACT.multiply(Decimal(principal), Decimal(price.rate))))
