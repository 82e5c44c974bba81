"""Reading before agreeing: what stands on a request's page, since when, and whether long enough.

The server keeps when it served a page, for each flow, customer, language and content. An approval
names the page it was given on, so nobody agrees to anything that has changed since, nor sooner than
the texts must have been on the screen (CN-LOAN-07).
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

import msgspec

from contracts import errors
from contracts.v1.packages import Package
from gateway.consents.service import ShownText
from gateway.database import Database, Unit, sweep_out
from gateway.hosted import store
from gateway.hosted.asked import Entry, by_package
from gateway.hosted.language import Language
from gateway.kit import ids
from gateway.kit.clock import bank_day
from gateway.products.service import DisclosureRules, Reading

# No page lives longer than the longest session.
_KEPT: Final = timedelta(hours=1)


class Served(msgspec.Struct, frozen=True):
    """A page as served: the name its form sends back, and how long its reader must still wait.

    ``seconds`` is the whole time; one that is not ``complete`` lacks a text that the law asks for.
    """

    shown_id: str
    seconds: int
    seconds_left: int
    complete: bool


class Readings:
    """Remembers pages and judges approvals by them."""

    def __init__(self, database: Database, disclosures: DisclosureRules) -> None:
        self._database = database
        self._disclosures = disclosures

    async def serve(
        self,
        flow_id: str,
        customer_id: str,
        entries: Sequence[Entry],
        language: Language,
        at: datetime,
    ) -> Served:
        """Records that the page is shown at ``at``; the same page again counts from the first."""
        content_digest = self._content_digest(entries, at)
        shown_id = ids.digest(f"{flow_id}:{customer_id}:{language}:{content_digest}")
        unit = Unit("hosted.shown")
        unit.add(
            store.INSERT_SHOWN,
            expect=None,
            shown_id=shown_id,
            flow_id=flow_id,
            customer_id=customer_id,
            language=language,
            content_digest=content_digest,
            at=at,
        )
        slot = unit.ask(store.FIND_SHOWN, shown_id=shown_id)
        (row,) = (await self._database.commit(unit))[slot]
        readings = [reading for _, reading in self._readings(entries, at)]
        seconds = _seconds(readings)
        return Served(
            shown_id=shown_id,
            seconds=seconds,
            seconds_left=_left(seconds, row.shown_at, at),
            complete=not any(reading.lacking for reading in readings),
        )

    async def judge(
        self,
        flow_id: str,
        customer_id: str,
        entries: Sequence[Entry],
        shown_id: str,
        at: datetime,
    ) -> store.ShownRow:
        """The page that an approval at ``at`` was given on.

        Raises ``DisclosureStale`` where it was never shown, says something else by now or lacks
        what must be read, and ``DisclosureReadTime`` where it was not shown for long enough.
        """
        row = await self._database.find(store.FIND_SHOWN, shown_id=shown_id)
        if row is None or (row.flow_id, row.customer_id) != (flow_id, customer_id):
            raise errors.DisclosureStale
        if row.content_digest != self._content_digest(entries, at):
            raise errors.DisclosureStale
        readings = [reading for _, reading in self._readings(entries, at)]
        if any(reading.lacking for reading in readings):
            raise errors.DisclosureStale
        left = _left(_seconds(readings), row.shown_at, at)
        if left:
            raise errors.DisclosureReadTime(seconds_left=left)
        return row

    def rules(self, entries: Iterable[Entry], at: datetime) -> tuple[str, ...]:
        """The rules that ask for a text about any of the entries."""
        asked = (reading.rules for _, reading in self._readings(entries, at))
        return tuple(sorted({rule for rules in asked for rule in rules}))

    def agreed(
        self, entries: Iterable[Entry], row: store.ShownRow, at: datetime
    ) -> tuple[ShownText, ...]:
        """The texts about what is approved, as they stood on the page."""
        return tuple(
            text
            for package, reading in self._readings(entries, at)
            for text in texts_shown(package, reading, row.language, row.shown_at)
        )

    async def sweep(self, at: datetime) -> None:
        """Forgets pages that nobody can approve any more."""
        await sweep_out(self._database, store.SWEEP_SHOWN, before=at - _KEPT)

    def _readings(self, entries: Iterable[Entry], at: datetime) -> list[tuple[Package, Reading]]:
        on = bank_day(at)
        return [
            (package, self._disclosures.reading(package, components, on=on))
            for package, components in by_package(entries)
        ]

    def _content_digest(self, entries: Sequence[Entry], at: datetime) -> str:
        """All that the page says and that the rules ask of it, of which nothing may change."""
        content: list[Any] = [entry.raw for entry in entries]
        for package, reading in self._readings(entries, at):
            # What the bank pays the partner is not on the page.
            content.append(msgspec.structs.replace(package, commissions=[]))
            content.append([(text.disclosure.code, text.seconds) for text in reading.texts])
            content.append([(lack.kind, lack.component) for lack in reading.lacking])
        return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def texts_shown(
    package: Package, reading: Reading, language: str, shown_at: datetime
) -> tuple[ShownText, ...]:
    """The texts of a reading as they stand on a page in that language."""
    return tuple(
        ShownText(
            package=package.code,
            version=package.version,
            code=text.disclosure.code,
            disclosure_version=text.disclosure.version,
            kind=text.disclosure.kind,
            digest=text.disclosure.digest,
            language=language,
            text=text.disclosure.text,
            shown_at=shown_at,
            rules=text.rules,
        )
        for text in reading.texts
    )


def _seconds(readings: Iterable[Reading]) -> int:
    return max((reading.seconds for reading in readings), default=0)


def _left(seconds: int, shown_at: datetime, at: datetime) -> int:
    """Whole seconds until a page was there for ``seconds``; never less than none."""
    return max(0, ceil(seconds - (at - shown_at).total_seconds()))
