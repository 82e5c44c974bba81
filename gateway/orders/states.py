"""The lives of an order and of a line: the moves each may make, and the event each announces."""

from typing import Final

from contracts.v1.orders import LineStatus, OrderStatus

ORDER_BEGINS: Final = "order.received"
ORDER_MOVES: Final[dict[tuple[OrderStatus, OrderStatus], str | None]] = {
    ("received", "activating"): None,
    ("activating", "active"): "order.active",
    ("activating", "compensating"): "order.compensating",
    ("compensating", "cancelled"): "order.cancelled",
}
# An order rests here; issue 5 gives ``active`` its further life.
ORDER_RESTS: Final[frozenset[OrderStatus]] = frozenset(("active", "cancelled"))

# ``unknown`` has one way out: the outcome is learnt first, and only then judged.
# ``compensating`` to ``failed``: the bank refused to undo, so people must look at it.
# ``pending`` to ``compensated``: the order was cancelled before the line's turn came.
LINE_MOVES: Final[dict[tuple[LineStatus, LineStatus], str | None]] = {
    ("pending", "activating"): None,
    ("pending", "referred"): "order.line_referred",
    ("pending", "declined"): "order.line_failed",
    ("pending", "compensated"): "order.line_compensated",
    ("activating", "active"): "order.line_active",
    ("activating", "unknown"): None,
    ("activating", "declined"): "order.line_failed",
    ("activating", "failed"): "order.line_failed",
    ("activating", "compensating"): None,
    ("unknown", "activating"): None,
    ("active", "compensating"): None,
    ("referred", "compensated"): "order.line_compensated",
    ("compensating", "compensated"): "order.line_compensated",
    ("compensating", "failed"): "order.line_failed",
}


class MoveForbidden(Exception):
    """A move that is in no table: a bug, never a caller's doing."""


def order_event(from_: OrderStatus, to: OrderStatus) -> str | None:
    """The event that an order's move announces; ``MoveForbidden`` for one not in the table."""
    if (from_, to) not in ORDER_MOVES:
        raise MoveForbidden(f"an order does not go from {from_} to {to}")
    return ORDER_MOVES[from_, to]


def line_event(from_: LineStatus, to: LineStatus) -> str | None:
    """The event that a line's move announces; ``MoveForbidden`` for one not in the table."""
    if (from_, to) not in LINE_MOVES:
        raise MoveForbidden(f"a line does not go from {from_} to {to}")
    return LINE_MOVES[from_, to]
