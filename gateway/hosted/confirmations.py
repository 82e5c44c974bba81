"""Confirmations: what exactly a customer confirms with a second factor, once and soon.

Dynamic linking (EU-SCA-03): a confirmation is bound to the browser, the customer, the purpose and
a digest of all that is approved; codes and passkey challenges are derived from these, so none of
them confirms anything else, and a change of the smallest part needs a new one.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final

from contracts import errors
from gateway.database import Database, Unit, sweep_out
from gateway.hosted import factor_store as store
from gateway.hosted.codes import keyed_digest, new_code
from gateway.hosted.factor_store import ConfirmationRow, ConfirmationStatus, Purpose
from gateway.hosted.sessions import Browser
from gateway.kit import ids

LIFETIME: Final = timedelta(minutes=5)
TRIES_MOST: Final = 5
# How many codes a customer is sent in ten minutes at most, over all their browsers.
CODES_MOST: Final = 10
_CODES_WITHIN: Final = timedelta(minutes=10)


class Spent(Exception):
    """The confirmation was used, replaced or tried too often meanwhile."""


class Confirmations:
    """Opens, finds and closes confirmations; proves nothing itself."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self,
        browser: Browser,
        customer_id: str,
        purpose: Purpose,
        *,
        subject: str = "",
        content: str = "{}",
        content_digest: str = "",
        at: datetime,
    ) -> ConfirmationRow:
        """A new confirmation; what this browser had open of the same subject is void."""
        row = ConfirmationRow(
            confirmation_id=ids.new_id("cfm"),
            session_digest=browser.digest,
            customer_id=customer_id,
            purpose=purpose,
            status="pending",
            subject=subject,
            content=content,
            content_digest=content_digest,
            nonce=ids.new_secret(),
            tries=0,
            code_digest=None,
            codes_sent=0,
            created_at=at,
            expires_at=at + LIFETIME,
        )
        unit = Unit("hosted.confirmation", locks=(f"customer:{customer_id}",))
        unit.add(
            store.VOID_OTHERS,
            expect=None,
            session_digest=browser.digest,
            purpose=purpose,
            subject=subject,
        )
        self._insert(unit, row)
        await self._database.commit(unit)
        return row

    def _insert(self, unit: Unit, row: ConfirmationRow) -> None:
        unit.add(
            store.INSERT_CONFIRMATION,
            confirmation_id=row.confirmation_id,
            session_digest=row.session_digest,
            customer_id=row.customer_id,
            purpose=row.purpose,
            subject=row.subject,
            content=row.content,
            content_digest=row.content_digest,
            nonce=row.nonce,
            at=row.created_at,
            expires_at=row.expires_at,
        )

    async def find(
        self,
        browser: Browser,
        confirmation_id: str,
        at: datetime,
        status: ConfirmationStatus = "pending",
    ) -> ConfirmationRow:
        """This browser's confirmation while it can be used, else ``PageExpired``."""
        row = await self._database.find(store.FIND_CONFIRMATION, confirmation_id=confirmation_id)
        if row is None or not hmac.compare_digest(row.session_digest, browser.digest):
            raise errors.PageExpired
        if row.customer_id != browser.customer_id or row.status != status or at >= row.expires_at:
            raise errors.PageExpired
        return row

    async def put_code(self, browser: Browser, row: ConfirmationRow, at: datetime) -> str:
        """A fresh code for the confirmation; the one before it is worth nothing any more.

        Raises ``TooManyRequests`` for a customer who was sent too many.
        """
        code = new_code()
        unit = Unit("hosted.code", locks=(f"customer:{row.customer_id}",))
        unit.add(
            store.PUT_CODE,
            otherwise=errors.TooManyRequests().with_headers(Retry_After="60"),
            confirmation_id=row.confirmation_id,
            customer_id=row.customer_id,
            code_digest=_code_digest(browser, row, code),
            codes_most=CODES_MOST,
            since=at - _CODES_WITHIN,
            at=at,
        )
        await self._database.commit(unit)
        return code

    def is_code(self, browser: Browser, row: ConfirmationRow, code: str) -> bool:
        """Whether the code is the one that was sent last, compared in constant time."""
        digest = _code_digest(browser, row, code)
        return hmac.compare_digest(digest, row.code_digest or "-")

    def close(
        self,
        unit: Unit,
        row: ConfirmationRow,
        to: ConfirmationStatus,
        at: datetime,
        *,
        by_code: bool,
    ) -> None:
        """Adds to ``unit`` that the code, or else the passkey's challenge, is used.

        Of many at once one wins, else ``Spent``.
        """
        # What was judged must still stand there, and only that: a new code leaves a challenge be,
        # and a wrong guess a code.
        judged = {"code_digest": row.code_digest} if by_code else {"nonce_before": row.nonce}
        unit.add(
            store.CONFIRM_BY_CODE if by_code else store.CONFIRM_BY_PASSKEY,
            otherwise=Spent,
            **judged,
            confirmation_id=row.confirmation_id,
            nonce=ids.new_secret(),
            tries_most=TRIES_MOST,
            to=to,
            at=at,
        )

    def spend_attempt(self, unit: Unit, row: ConfirmationRow) -> None:
        """Adds a failed attempt: the challenge is used up, and one of the tries."""
        unit.add(
            store.SPEND_ATTEMPT,
            expect=None,
            confirmation_id=row.confirmation_id,
            nonce=ids.new_secret(),
        )

    def spend_confirmed(self, unit: Unit, row: ConfirmationRow, at: datetime) -> None:
        """Adds that what was confirmed is done now; ``PageExpired`` when it was done before."""
        unit.add(
            store.SPEND_CONFIRMED,
            otherwise=errors.PageExpired,
            confirmation_id=row.confirmation_id,
            nonce=row.nonce,
            at=at,
        )

    def move(self, unit: Unit, row: ConfirmationRow, browser: Browser) -> None:
        """Adds that the confirmation is this browser's, which has just got a new secret."""
        unit.add(store.MOVE_CONFIRMATION, confirmation_id=row.confirmation_id, to=browser.digest)

    async def renew_challenge(self, row: ConfirmationRow) -> None:
        """Uses up the challenge of a registration that failed."""
        unit = Unit("hosted.challenge")
        unit.add(
            store.RENEW_NONCE,
            expect=None,
            confirmation_id=row.confirmation_id,
            nonce=ids.new_secret(),
        )
        await self._database.commit(unit)

    async def sweep(self, at: datetime) -> None:
        """Forgets confirmations that are over and count for nothing any more."""
        await sweep_out(self._database, store.SWEEP_CONFIRMATIONS, before=at - _CODES_WITHIN)


def challenge_of(row: ConfirmationRow) -> bytes:
    """The challenge for a passkey: what it signs says what was approved."""
    text = "\n".join((row.purpose, row.customer_id, row.content_digest, row.nonce))
    return hashlib.sha256(text.encode()).digest()


def _code_digest(browser: Browser, row: ConfirmationRow, code: str) -> str:
    bound_to = (row.confirmation_id, row.customer_id, row.purpose, row.content_digest)
    return keyed_digest(code, key=browser.secret, bound_to=bound_to)
