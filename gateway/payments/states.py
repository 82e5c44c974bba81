"""The life of a payment: the moves it may make, and the event each one announces."""

from typing import Final

from contracts.v1.payments import PaymentStatus

MOVES: Final[dict[tuple[PaymentStatus, PaymentStatus], str | None]] = {
    ("received", "settled"): "payment.settled",
    ("received", "declined"): "payment.declined",
    ("received", "unknown"): None,
    ("unknown", "settled"): "payment.settled",
    ("unknown", "declined"): "payment.declined",
}
RESTS: Final[frozenset[PaymentStatus]] = frozenset(("settled", "declined"))


class MoveForbidden(Exception):
    """A move that is not in the table: a bug, never a caller's doing."""


def event_of(from_: PaymentStatus, to: PaymentStatus) -> str | None:
    """The event that a move announces; ``MoveForbidden`` for one not in the table."""
    if (from_, to) not in MOVES:
        raise MoveForbidden(f"a payment does not go from {from_} to {to}")
    return MOVES[from_, to]
