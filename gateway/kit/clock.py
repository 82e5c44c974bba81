"""Time as a collaborator: system time for protocols, and the bank's own day."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol

# The bank's natural day for limits is China Standard Time, which has no daylight saving.
BANK_ZONE = timezone(timedelta(hours=8), "UTC+8")


class Clock(Protocol):
    """Whoever tells the time; tests and the sandbox bank bring their own."""

    def now(self) -> datetime:
        """The present as an aware UTC datetime."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present as an aware UTC datetime."""
        return datetime.now(UTC)


def bank_day(at: datetime) -> date:
    """The bank's calendar day that holds the instant ``at``."""
    return at.astimezone(BANK_ZONE).date()
