"""Signing in: the passcode at the bank, the count of failures, and the second factor on top."""

from datetime import datetime
from typing import Final

import msgspec
import structlog

from contracts import errors
from gateway.audit.service import Audit
from gateway.corebank.port import CoreBank
from gateway.database import Database, Unit
from gateway.hosted.attempts import SignInAttempts
from gateway.hosted.factor import TWO_FACTOR, Confirmed
from gateway.hosted.factor_store import ConfirmationRow
from gateway.hosted.language import Language
from gateway.hosted.lockout import LockedOut, Lockout
from gateway.hosted.passkeys import Passkeys
from gateway.hosted.second_factors import Answer, SecondFactors
from gateway.hosted.sessions import Browser, Sessions, signed_in
from gateway.kit.clock import Clock

journal = structlog.get_logger("tessera.hosted")

# Longer entries are nobody's name or passcode and are not worth hashing.
ENTRY_LONGEST: Final = 128


class _WayOn(msgspec.Struct, frozen=True):
    """Where a sign-in leads once the second factor is proved; a path of these pages."""

    to: str = "/consents"


class SignIns:
    """Lets customers in; whatever was wrong, and a lock too, is refused in the same words."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        bank: CoreBank,
        lockout: Lockout,
        factors: SecondFactors,
        passkeys: Passkeys,
        audit: Audit,
        clock: Clock,
        attempts: SignInAttempts,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._bank = bank
        self._lockout = lockout
        self._factors = factors
        self._passkeys = passkeys
        self._audit = audit
        self._clock = clock
        self._attempts = attempts

    async def sign_in(
        self, browser: Browser, login: str, passcode: str, *, network: str = ""
    ) -> Browser:
        """The browser signed in, under a new secret; ``network`` is what ``network_of`` says.

        Raises ``TooManyRequests`` before any work for what is tried too often, and
        ``SignInFailed`` alike for whatever was wrong. A known customer's sign-ins are audited
        with either outcome, an unknown login is journalled; what was typed is kept nowhere.
        """
        at = self._clock.now()
        self._attempts.admit(login, at, browser=browser.digest, network=network)
        if not (0 < len(login) <= ENTRY_LONGEST and 0 < len(passcode) <= ENTRY_LONGEST):
            journal.info("sign_in.implausible")
            raise errors.SignInFailed
        customer = await self._bank.sign_in(login, passcode)
        owner = await self._bank.login_owner(login)
        key = self._lockout.key(owner, login)
        if customer is None:
            await self._refuse_sign_in(key, owner, at, counts=True)
            raise errors.SignInFailed
        unit = Unit("hosted.sign_in")
        self._lockout.succeed(unit, key, "passcode", at)
        renewed = self._sessions.sign_in(unit, browser, customer.customer_id, at)
        self._audit.append(
            unit,
            action="customer.sign_in",
            actor=f"customer:{customer.customer_id}",
            subject=customer.customer_id,
            decision="allow",
            at=at,
        )
        try:
            await self._database.commit(unit)
        except LockedOut:
            await self._refuse_sign_in(key, owner, at, counts=False)
            raise errors.SignInFailed from None
        return renewed

    async def _refuse_sign_in(
        self, key: str, customer_id: str | None, at: datetime, *, counts: bool
    ) -> None:
        record = Unit("hosted.sign_in_refused")
        if counts:
            await self._lockout.fail(key, "passcode", at, record)
        else:
            await self._lockout.pretend(at)
        if customer_id is None:
            journal.info("sign_in.unknown")
            # As much to make durable as a record, so that the time of the answer tells nothing.
            await self._lockout.pretend(at)
            return
        self._audit.append(
            record,
            action="customer.sign_in",
            actor="customer:unknown",
            subject=customer_id,
            decision="deny",
            at=at,
        )
        await self._database.commit(record)

    async def start_second_factor(
        self, browser: Browser, language: Language, to: str = "/consents"
    ) -> ConfirmationRow | None:
        """The confirmation that must come before the customer's own pages, and leads on to ``to``.

        ``None`` for a session that proved both factors, and for a customer without a passkey.
        """
        customer_id, _ = signed_in(browser)
        if browser.confirmed.acr == TWO_FACTOR or not await self._passkeys.of(customer_id):
            return None
        return await self._factors.start(
            browser,
            customer_id,
            "sign_in",
            content=msgspec.json.encode(_WayOn(to)).decode(),
            language=language,
            at=self._clock.now(),
        )

    def way_on(self, row: ConfirmationRow) -> str:
        """Where the customer wanted to go before they were asked."""
        return msgspec.json.decode(row.content, type=_WayOn).to

    async def complete(self, browser: Browser, row: ConfirmationRow, answer: Answer) -> Browser:
        """The browser with both factors, under a new secret."""
        at = self._clock.now()
        renewed: list[Browser] = []

        def strengthen(unit: Unit, confirmed: Confirmed) -> None:
            renewed.append(self._sessions.strengthen(unit, browser, confirmed, at))

        await self._factors.prove(browser, row, answer, to="spent", effect=strengthen, at=at)
        return renewed[0]
