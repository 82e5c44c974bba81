"""The sealer: the one worker that links audit records into the chain and signs its head."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from contracts import errors
from gateway.audit import store
from gateway.audit.chain import AuditRecord, Head, Seal, extend
from gateway.audit.heads import HeadFile, digest_of
from gateway.database import Database, Stale, Unit
from gateway.kit.clock import Clock
from gateway.kit.ids import new_id
from gateway.kit.jose import JoseRefused, decode_base64url

Signer = Callable[[bytes], Awaitable[str]]

LEASE = timedelta(seconds=30)
LEASE_NAME = "seal"
SEAL_LOCK = "audit-seal"
BATCH_RECORDS = 100
PAUSE_SECONDS = 1.0
FAILURE_PAUSE_SECONDS = 5.0

journal = structlog.get_logger("tessera.audit")


class Sealer:
    """Seals waiting records in batches; run one in every process, a lease lets one work.

    The lease only saves work. What keeps the chain single is the unit: two sealers that extend
    the same head collide on `seq`, and one of them has not happened. A head is signed and
    appended after its links are durable; when a crash comes between, the next step makes up.
    """

    def __init__(self, database: Database, *, sign: Signer, heads: Path, clock: Clock) -> None:
        self._database = database
        self._sign = sign
        self._heads = HeadFile(heads)
        self._clock = clock
        self._holder = new_id("sealer")
        self._leased_until: datetime | None = None
        self._exported = False

    async def run(self, stop: asyncio.Event) -> None:
        """Seal until `stop` is set, then seal what is left and give the lease back."""
        while not stop.is_set():
            sealed = await self._outlived_step()
            if sealed == BATCH_RECORDS:
                continue
            pause = FAILURE_PAUSE_SECONDS if sealed is None else PAUSE_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        while await self._outlived_step():
            continue
        await self._release()

    async def step(self) -> int:
        """Seal one batch and export the head; returns how many records were sealed.

        Returns 0 when nothing waits or another sealer holds the lease.
        """
        if self._exported and not await self._waiting():
            return 0
        if not await self._take_lease():
            return 0
        records = await self._waiting()
        last = await self._database.find(store.FIND_LAST_SEAL)
        links = extend(last, records)
        if links:
            try:
                await self._database.commit(_sealing(links))
            except Stale:
                # Another sealer was quicker: this lease had run out.
                self._leased_until = None
                return 0
        newest = links[-1] if links else last
        self._exported = False
        if newest is not None:
            await self._export(newest)
        self._exported = True
        return len(links)

    async def _outlived_step(self) -> int | None:
        """A step whose failure is journalled, not raised; `None` is a failure."""
        try:
            return await self.step()
        except Exception as error:  # noqa: BLE001 - the sealer outlives every failure of a step
            journal.error("audit.seal_failed", exc_info=error)
            return None

    async def _waiting(self) -> list[AuditRecord]:
        return await self._database.all(store.FIND_PENDING, limit=BATCH_RECORDS)

    async def _take_lease(self) -> bool:
        now = self._clock.now()
        if self._leased_until is not None and now < self._leased_until - LEASE / 2:
            return True
        unit = Unit("audit.lease")
        unit.add(store.INSERT_LEASE, expect=None, name=LEASE_NAME, holder=self._holder, now=now)
        unit.add(store.TAKE_LEASE, name=LEASE_NAME, holder=self._holder, now=now, until=now + LEASE)
        try:
            await self._database.commit(unit)
        except Stale:
            self._leased_until = None
            return False
        self._leased_until = now + LEASE
        return True

    async def _release(self) -> None:
        if self._leased_until is None:
            return
        now = self._clock.now()
        unit = Unit("audit.release")
        unit.add(
            store.TAKE_LEASE, expect=None, name=LEASE_NAME, holder=self._holder, now=now, until=now
        )
        try:
            await self._database.commit(unit)
        except errors.GatewayError as error:
            journal.warning("audit.release_failed", exc_info=error)

    async def _export(self, newest: Seal) -> None:
        while True:
            before = await asyncio.to_thread(self._heads.last)
            if _stated_seq(before) >= newest.seq:
                return
            previous = digest_of(before)
            head = Head(newest.seq, newest.hash, self._clock.now(), previous)
            token = await self._sign(msgspec.json.encode(head))
            if await asyncio.to_thread(self._heads.append, token, previous):
                return


def _sealing(links: list[Seal]) -> Unit:
    unit = Unit("audit.seal", locks=(SEAL_LOCK,))
    for link in links:
        unit.add(store.INSERT_SEAL, **msgspec.structs.asdict(link))
    unit.add(store.DELETE_PENDING, expect=len(links), first=links[0].seq, last=links[-1].seq)
    return unit


def _stated_seq(token: str | None) -> int:
    """The seq that a head states, unverified: only to know what is written already."""
    if token is None:
        return 0
    try:
        return msgspec.json.decode(decode_base64url(token.split(".")[1]), type=Head).seq
    except (IndexError, JoseRefused, msgspec.MsgspecError):
        # A line that is no head is the auditor's finding; the chain goes on behind it.
        return 0
