"""The life of a consent: the moves it may make, and the event each one announces."""

from datetime import datetime
from typing import Final, Literal

Status = Literal["active", "paused", "revoked", "expired"]

# ``expired`` is the clock's move: nobody writes it, so a late worker can never keep a consent
# alive. The stored status stays as it was and ``status_at`` tells what it means by then.
MOVES: Final[dict[tuple[Status, Status], str | None]] = {
    ("active", "paused"): "consent.paused",
    ("paused", "active"): "consent.resumed",
    ("active", "revoked"): "consent.revoked",
    ("paused", "revoked"): "consent.revoked",
    ("active", "expired"): None,
    ("paused", "expired"): None,
}
# Less of the same consent is no move: its status stays, and this is announced.
NARROWED: Final = "consent.narrowed"


def status_at(stored: Status, expires_at: datetime, at: datetime) -> Status:
    """What a stored status means at the instant ``at``; a consent ends at its expiry, not after."""
    if stored in ("active", "paused") and at >= expires_at:
        return "expired"
    return stored


def event_of(from_: Status, to: Status) -> str | None:
    """The event that a move announces; ``KeyError`` for a move that is not in the table."""
    return MOVES[from_, to]
