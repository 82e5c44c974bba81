"""When a failed delivery is tried again: schedules as numbers, with jitter and Retry-After."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# Standard Webhooks 1.0.0 gives these waits as its example: ten attempts in about three days.
STANDARD_RETRY_SECONDS = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
# Spreads the retries of an endpoint that was down, so that they do not fell it again.
JITTER_SHARE = 0.2
LONGEST_WAIT = timedelta(hours=24)


def next_due(
    schedule: tuple[int, ...],
    attempts: int,
    now: datetime,
    retry_after: timedelta | None,
    chance: float,
) -> datetime | None:
    """When to try again after `attempts` failures, or `None` when the schedule is spent.

    `chance` is a random number from 0 to 1. Never earlier than the schedule or the endpoint's own
    Retry-After says, except that nobody is waited for longer than a day.
    """
    if attempts > len(schedule):
        return None
    wait = timedelta(seconds=schedule[attempts - 1] * (1 + JITTER_SHARE * chance))
    if retry_after is not None:
        wait = max(wait, retry_after * (1 + JITTER_SHARE * chance))
    return now + min(wait, LONGEST_WAIT * (1 + JITTER_SHARE))


def read_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """The wait that a Retry-After header asks for (RFC 9110 section 10.2.3), if it is readable."""
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), int(LONGEST_WAIT.total_seconds())))
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(timedelta(0), min(until - now, LONGEST_WAIT))
