"""Browsers: the one cookie, who is signed in behind it, and the requests its tabs have open."""

import hmac
import re
from datetime import datetime, timedelta
from typing import Final

import msgspec

from contracts import errors
from gateway.database import Database, Unit, sweep_out
from gateway.hosted import store
from gateway.hosted.factor import BY_PASSCODE, Confirmed
from gateway.kit import ids
from gateway.kit.vault import Vault

# EU-SCA-02: five idle minutes end a page; and no page lives longer than a working session.
IDLE: Final = timedelta(minutes=5)
LONGEST: Final = timedelta(hours=1)
# Flows are kept a little longer than their request, so a late click is told what happened.
KEPT_AFTER_END: Final = timedelta(hours=1)
# What a flow's request_uri is sealed for.
REQUEST_URI: Final = "request-uri"
# The shape of ``ids.new_secret``.
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class Browser(msgspec.Struct, frozen=True):
    """One browser as its cookie tells; ``idle_out`` when its sign-in has just run out."""

    secret: str
    fresh: bool = False
    customer_id: str | None = None
    signed_in_at: datetime | None = None
    confirmed: Confirmed = BY_PASSCODE
    idle_out: bool = False

    @property
    def digest(self) -> str:
        """How the browser is known at rest."""
        return ids.digest(self.secret)

    @property
    def csrf(self) -> str:
        """The token its forms carry: derived, so a copy of the database holds none of them."""
        return ids.digest(f"csrf:{self.secret}")

    def check_csrf(self, given: str) -> None:
        """Raises ``PageExpired`` unless the form came from a page this browser was shown."""
        if self.fresh or not hmac.compare_digest(self.csrf.encode(), given.encode()):
            raise errors.PageExpired

    def __repr__(self) -> str:
        return f"Browser({self.customer_id})"


class Flow(msgspec.Struct, frozen=True):
    """A partner's request in one browser, with the handle that opens it."""

    flow_id: str
    client_id: str
    request_uri: str
    answered: bool

    def __repr__(self) -> str:
        return f"Flow({self.flow_id})"


class Sessions:
    """Remembers browsers; no method tells a stranger's session or flow from one that is not."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def recognise(self, cookie: str, at: datetime) -> Browser:
        """The browser behind a cookie, kept signed in by being seen; a new one for anything else.

        A cookie of a strange shape is not taken over: the browser gets a value of ours.
        """
        if not _SECRET.fullmatch(cookie):
            return Browser(ids.new_secret(), fresh=True)
        browser = Browser(cookie)
        row = await self._database.find(store.FIND_SESSION, session_digest=browser.digest)
        if row is None:
            return browser
        if at - row.seen_at >= IDLE or at - row.signed_in_at >= LONGEST:
            return Browser(cookie, idle_out=True)
        unit = Unit("hosted.seen")
        unit.add(store.TOUCH_SESSION, expect=None, session_digest=browser.digest, at=at)
        await self._database.commit(unit)
        return Browser(
            cookie,
            customer_id=row.customer_id,
            signed_in_at=row.signed_in_at,
            confirmed=_confirmed(row),
        )

    async def open_flow(
        self,
        browser: Browser,
        *,
        client_id: str,
        request_uri: str,
        expires_at: datetime,
        at: datetime,
    ) -> str:
        """Remembers a request for this browser and returns the flow's id for its pages."""
        flow_id = ids.new_id("flw")
        unit = Unit("hosted.open_flow")
        unit.add(
            store.INSERT_FLOW,
            flow_id=flow_id,
            session_digest=browser.digest,
            client_id=client_id,
            request_uri_sealed=self._vault.seal(request_uri.encode(), purpose=REQUEST_URI),
            at=at,
            expires_at=expires_at,
        )
        await self._database.commit(unit)
        return flow_id

    async def flow(self, browser: Browser, flow_id: str) -> Flow:
        """The flow, or ``InvalidRequestUri`` when this browser has none of that id."""
        row = await self._database.find(
            store.FIND_FLOW, flow_id=flow_id, session_digest=browser.digest
        )
        if row is None:
            raise errors.InvalidRequestUri
        return Flow(
            flow_id=row.flow_id,
            client_id=row.client_id,
            request_uri=self._vault.open(row.request_uri_sealed, purpose=REQUEST_URI).decode(),
            answered=row.answered_at is not None,
        )

    def sign_in(self, unit: Unit, browser: Browser, customer_id: str, at: datetime) -> Browser:
        """Adds a signed-in session under a new secret to ``unit``; open flows move along.

        The old value is worth nothing afterwards, so one planted before sign-in gains nobody
        a session.
        """
        renewed = Browser(ids.new_secret(), customer_id=customer_id, signed_in_at=at)
        unit.add(store.DELETE_SESSION, expect=None, session_digest=browser.digest)
        self._remember(unit, browser, renewed, at)
        return renewed

    def strengthen(
        self, unit: Unit, browser: Browser, confirmed: Confirmed, at: datetime
    ) -> Browser:
        """Adds to ``unit`` that the signed-in customer proved more; under a new secret too."""
        renewed = msgspec.structs.replace(browser, secret=ids.new_secret(), confirmed=confirmed)
        # A session that was ended meanwhile stays ended.
        unit.add(store.DELETE_SESSION, otherwise=errors.PageExpired, session_digest=browser.digest)
        self._remember(unit, browser, renewed, at)
        return renewed

    def _remember(self, unit: Unit, browser: Browser, renewed: Browser, at: datetime) -> None:
        unit.add(
            store.INSERT_SESSION,
            session_digest=renewed.digest,
            customer_id=renewed.customer_id,
            signed_in_at=renewed.signed_in_at,
            acr=renewed.confirmed.acr,
            amr=" ".join(renewed.confirmed.amr),
            at=at,
        )
        unit.add(store.MOVE_FLOWS, expect=None, from_=browser.digest, to=renewed.digest)

    def sign_out(self, unit: Unit, browser: Browser) -> None:
        """Adds the end of the browser's session to ``unit``."""
        unit.add(store.DELETE_SESSION, expect=None, session_digest=browser.digest)

    async def answered(self, flow_id: str, at: datetime) -> None:
        """Marks a flow as decided, so that going back tells so instead of failing."""
        unit = Unit("hosted.answered")
        unit.add(store.ANSWER_FLOW, expect=None, flow_id=flow_id, at=at)
        await self._database.commit(unit)

    async def sweep(self, at: datetime) -> None:
        """Forgets what can open nothing any more; run it from time to time."""
        await sweep_out(self._database, store.SWEEP_SESSIONS, before=at - LONGEST)
        await sweep_out(self._database, store.SWEEP_FLOWS, before=at - KEPT_AFTER_END)


def _confirmed(row: store.SessionRow) -> Confirmed:
    """What a session proved; one from before this was kept proved the passcode."""
    if row.acr is None or row.amr is None:
        return BY_PASSCODE
    return Confirmed(row.acr, tuple(row.amr.split()))


def signed_in(browser: Browser) -> tuple[str, datetime]:
    """Who is signed in and since when; ``PageExpired`` when nobody is."""
    if browser.customer_id is None or browser.signed_in_at is None:
        raise errors.PageExpired
    return browser.customer_id, browser.signed_in_at
