"""Lines: what an order consists of, by the package's plan and within the customer's consent."""

from collections.abc import Sequence

import msgspec

from contracts import errors
from contracts.v1.consents import PackageOrderDetail
from gateway.kit import ids
from gateway.orders.store import LineRow
from gateway.products.service import Plan


def planned(order_id: str, plan: Plan, details: Sequence[PackageOrderDetail]) -> list[LineRow]:
    """One line per component of the consent, in the package's order of activation.

    Raises ``ConsentMismatch`` for a consent that does not make one order of the package: the
    catalogue saw to that when it was asked for, so it is another consent than was asked for.
    """
    agreed = {detail.component: detail for detail in details}
    known = {part.component for part in plan.lines}
    if len(agreed) < len(details) or not agreed.keys() <= known:
        raise errors.ConsentMismatch("The consent is not for this package.")
    lines = []
    for position, part in enumerate(plan.lines):
        detail = agreed.get(part.component)
        if detail is None:
            if part.required:
                raise errors.ConsentMismatch("The consent lacks a required component.")
            continue
        if part.boundary == "BANK_ONLY":
            raise errors.ConsentMismatch("The consent is not for this package.")
        lines.append(
            LineRow(
                line_id=ids.new_id("lin"),
                order_id=order_id,
                position=position,
                component=part.component,
                type=part.type,
                boundary=part.boundary,
                need="required" if part.required else "optional",
                terms=msgspec.json.encode(detail).decode(),
                funded_by=part.draws_on,
                status="pending",
            )
        )
    return lines
