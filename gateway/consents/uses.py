"""When each consent was last used: noted in memory, written in batches by a job."""

from datetime import datetime, timedelta
from typing import Final

from gateway.consents import store
from gateway.database import Database, Unit

# What a customer reads is the day; a minute is far finer than that and costs next to nothing.
APART: Final = timedelta(minutes=1)
_REMEMBERED_MOST: Final = 100_000
_BATCH: Final = 500


class LastUses:
    """The uses that this process has seen since it last wrote.

    One write for each consent a minute, on all processes together. What a crash loses is at most
    the last minute's uses; nothing is decided by them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, datetime] = {}

    def note(self, consent_id: str, at: datetime) -> None:
        """Remembers a use; beyond a bound of consents at once it is let go."""
        if consent_id in self._seen or len(self._seen) < _REMEMBERED_MOST:
            self._seen[consent_id] = at

    async def flush(self) -> None:
        """Writes what was noted; run it once a minute. What cannot be written is noted again."""
        seen, self._seen = self._seen, {}
        left = list(seen.items())
        try:
            while left:
                unit = Unit("consent.note_uses")
                for consent_id, at in left[:_BATCH]:
                    unit.add(
                        store.NOTE_USE, expect=None, consent_id=consent_id, at=at, before=at - APART
                    )
                await self._database.commit(unit)
                del left[:_BATCH]
        finally:
            for consent_id, at in left:
                self._seen.setdefault(consent_id, at)
