"""Key sets at addresses: fetched seldom, kept shortly, and never faster for being asked more."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from gateway.kit.http import ForbiddenAddress, Sender, Unreachable
from gateway.kit.jose import PublicKey
from gateway.onboarding.jwks import UnreadableSet, read_set

# A key that left its set is dead after this long, a new one lives at the latest (OIDC Core 10.1.1).
FRESH_FOR: Final = timedelta(seconds=60)
# Nobody makes us fetch one address more often than this, whatever kids they name.
APART: Final = timedelta(seconds=5)
# How much longer the last good set serves while its address does not answer.
SPARE: Final = timedelta(minutes=10)
TIMEOUT_SECONDS: Final = 3.0
REMEMBERED: Final = 2048

Wanted = Callable[[tuple[PublicKey, ...]], bool]
journal = structlog.get_logger("tessera.key_sets")


class _Kept:
    """What is known of one owner's set; `fetched_at` is when the good keys were asked for."""

    __slots__ = ("fetched_at", "keys", "tried_at", "under_way", "url")

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: tuple[PublicKey, ...] = ()
        self.fetched_at: datetime | None = None
        self.tried_at: datetime | None = None
        self.under_way: asyncio.Task[None] | None = None


class KeySets:
    """The key sets of clients and issuers that publish theirs; each process keeps its own."""

    def __init__(self, sender: Sender | None) -> None:
        """Without a sender nothing is fetched and every set is empty."""
        self._sender = sender
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    async def keys(
        self, owner: str, url: str, at: datetime, wanted: Wanted | None = None
    ) -> tuple[PublicKey, ...]:
        """The owner's keys at ``at``; empty when there is no set recent enough to trust.

        ``wanted`` tells whether the known keys hold the one that is looked for; where they do not,
        the set is fetched anew, unless that was tried just now.
        """
        kept = self._kept.get(owner)
        if kept is None or kept.url != url:
            kept = self._kept[owner] = _Kept(url)
            if len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)
        self._kept.move_to_end(owner)
        stale = kept.fetched_at is None or at - kept.fetched_at >= FRESH_FOR
        if stale or (wanted is not None and not wanted(kept.keys)):
            await self._fetch(kept, at)
        if kept.fetched_at is None or at - kept.fetched_at >= FRESH_FOR + SPARE:
            return ()
        return kept.keys

    def _fetch(self, kept: _Kept, at: datetime) -> Awaitable[None]:
        task = kept.under_way
        if task is None:
            if kept.tried_at is not None and at - kept.tried_at < APART:
                return _nothing()
            kept.tried_at = at
            task = kept.under_way = asyncio.create_task(self._ask(kept, at))
        # Whoever waits may be cancelled; the fetch belongs to all who wait for it.
        return asyncio.shield(task)

    async def _ask(self, kept: _Kept, at: datetime) -> None:
        try:
            if self._sender is None:
                return
            answer = await self._sender.get(
                kept.url, TIMEOUT_SECONDS, accept="application/jwk-set+json, application/json"
            )
            if answer.status != 200:
                raise UnreadableSet(f"status {answer.status}")
            kept.keys, kept.fetched_at = read_set(answer.body), at
        except (ForbiddenAddress, Unreachable, UnreadableSet) as error:
            journal.warning("key_set.not_fetched", url=kept.url, reason=str(error))
        finally:
            kept.under_way = None


async def _nothing() -> None:
    return None
