"""The second factor: offered, asked for and judged; a wrong one is never named."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from contracts import errors
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.hosted.codes import CodeMessage, CodeMessenger, sweep_messages
from gateway.hosted.confirmations import LIFETIME, TRIES_MOST, Confirmations, Spent, challenge_of
from gateway.hosted.factor import BY_CODE, Confirmed, by_passkey
from gateway.hosted.factor_store import ConfirmationRow, ConfirmationStatus, PasskeyRow, Purpose
from gateway.hosted.language import Language
from gateway.hosted.lockout import LockedOut, Lockout
from gateway.hosted.passkeys import PasskeyRefused, Passkeys, Used
from gateway.hosted.sessions import Browser


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the page may offer for one confirmation."""

    passkey_options: str
    code_sent: bool
    can_send: bool
    # The code itself, in a sandbox only.
    on_page: str | None


class Answer(msgspec.Struct, frozen=True):
    """What the customer gave: a code, or the JSON of a passkey's answer."""

    code: str = ""
    passkey: str = ""

    def __repr__(self) -> str:
        return "Answer()"


class _Refused(Exception):
    """The answer proves nothing; ``fault`` is for the audit only."""

    def __init__(self, fault: str, credential_id: str = "", *, counts: bool = True) -> None:
        super().__init__(fault)
        self.fault = fault
        self.credential_id = credential_id
        self.counts = counts


class SecondFactors:
    """Passkeys and one-time codes behind one question."""

    def __init__(
        self,
        database: Database,
        confirmations: Confirmations,
        passkeys: Passkeys,
        lockout: Lockout,
        audit: Audit,
        messenger: CodeMessenger | None,
    ) -> None:
        """Without a ``messenger`` no codes are offered."""
        self._database = database
        self._confirmations = confirmations
        self._passkeys = passkeys
        self._lockout = lockout
        self._audit = audit
        self._messenger = messenger

    async def has_any(self, customer_id: str) -> bool:
        """Whether the customer could confirm anything at all."""
        return self._messenger is not None or bool(await self._passkeys.of(customer_id))

    async def start(
        self,
        browser: Browser,
        customer_id: str,
        purpose: Purpose,
        *,
        subject: str = "",
        content: str = "{}",
        content_digest: str = "",
        recipient: str = "",
        language: Language,
        at: datetime,
    ) -> ConfirmationRow:
        """Opens a confirmation, and sends a code right away to a customer without a passkey.

        Raises ``AccessDenied`` for a customer who has no second factor at all.
        """
        if not await self.has_any(customer_id):
            raise errors.AccessDenied
        row = await self._confirmations.open(
            browser,
            customer_id,
            purpose,
            subject=subject,
            content=content,
            content_digest=content_digest,
            at=at,
        )
        if not await self._passkeys.of(customer_id):
            await self.send(browser, row, recipient=recipient, language=language, at=at)
        return row

    async def send(
        self,
        browser: Browser,
        row: ConfirmationRow,
        *,
        recipient: str,
        language: Language,
        at: datetime,
    ) -> None:
        """Sends a fresh code; ``NotFound`` where none can be sent, ``TooManyRequests`` too often.

        A message that could not be brought raises ``Unavailable``; asking again sends another.
        """
        if self._messenger is None:
            raise errors.NotFound
        code = await self._confirmations.put_code(browser, row, at)
        message = CodeMessage(
            row.confirmation_id, row.customer_id, code, row.purpose, recipient, language
        )
        await self._messenger.send(message, at)

    async def offer(self, row: ConfirmationRow) -> Offer:
        """What this confirmation's customer can answer with."""
        passkeys = await self._passkeys.of(row.customer_id)
        options = ""
        if passkeys:
            options = self._passkeys.request_options(challenge_of(row), passkeys)
        shown = None
        if self._messenger is not None and row.code_digest is not None:
            shown = await self._messenger.on_page(row.confirmation_id)
        return Offer(
            passkey_options=options,
            code_sent=row.code_digest is not None,
            can_send=self._messenger is not None,
            on_page=shown,
        )

    async def prove(
        self,
        browser: Browser,
        row: ConfirmationRow,
        answer: Answer,
        *,
        to: ConfirmationStatus,
        effect: Callable[[Unit, Confirmed], None],
        at: datetime,
    ) -> Confirmed:
        """Judges the answer; what it confirms happens with ``effect``, in the same unit.

        Raises ``SignInFailed`` alike for whatever was wrong, a lock included, and ``PageExpired``
        when the confirmation was used or replaced meanwhile.
        """
        try:
            if row.tries >= TRIES_MOST:
                raise _Refused("too_many_tries")
            if not answer.passkey and not self._confirmations.is_code(browser, row, answer.code):
                raise _Refused("wrong_code")
            used = await self._used(row, answer) if answer.passkey else None
            confirmed = BY_CODE if used is None else by_passkey(used.passkey.method)
            unit = self._success(row, used, confirmed, to, at)
            effect(unit, confirmed)
            await self._database.commit(unit)
        except Spent:
            raise errors.PageExpired from None
        except PasskeyRefused as refused:
            await self._refuse(row, _Refused(refused.fault, refused.credential_id), at)
        except LockedOut:
            await self._refuse(row, _Refused("locked", counts=False), at)
        except _Refused as refused:
            await self._refuse(row, refused, at)
        else:
            return confirmed
        raise errors.SignInFailed

    async def _used(self, row: ConfirmationRow, answer: Answer) -> Used:
        passkeys: list[PasskeyRow] = await self._passkeys.of(row.customer_id)
        return self._passkeys.verify(answer.passkey, challenge_of(row), passkeys)

    def _success(
        self,
        row: ConfirmationRow,
        used: Used | None,
        confirmed: Confirmed,
        to: ConfirmationStatus,
        at: datetime,
    ) -> Unit:
        unit = Unit("hosted.second_factor")
        self._lockout.succeed(unit, self._lockout.key(row.customer_id, ""), "second", at)
        detail: dict[str, Any] = {"amr": list(confirmed.amr), "approved": row.content_digest}
        self._confirmations.close(unit, row, to, at, by_code=used is None)
        if used is not None:
            self._passkeys.use(unit, used, at)
            detail["credential_id"] = used.passkey.credential_id
        self._record(unit, row, "allow", detail, at)
        return unit

    async def _refuse(self, row: ConfirmationRow, refused: _Refused, at: datetime) -> None:
        record = Unit("hosted.second_factor_refused")
        if refused.counts:
            await self._lockout.fail(self._lockout.key(row.customer_id, ""), "second", at, record)
        else:
            await self._lockout.pretend(at)
        self._confirmations.spend_attempt(record, row)
        detail = {"fault": refused.fault}
        if refused.credential_id:
            detail["credential_id"] = refused.credential_id
        self._record(record, row, "deny", detail, at)
        await self._database.commit(record)

    def _record(
        self,
        unit: Unit,
        row: ConfirmationRow,
        decision: str,
        detail: dict[str, Any],
        at: datetime,
    ) -> None:
        self._audit.append(
            unit,
            action="second_factor.check",
            actor=f"customer:{row.customer_id}",
            subject=row.customer_id,
            resource=row.confirmation_id,
            decision=decision,
            rules=("EU-SCA-03",) if row.purpose == "approve" else (),
            detail={"purpose": row.purpose} | detail,
            at=at,
        )

    async def sweep(self, at: datetime) -> None:
        """Forgets confirmations, messages and counts that are over."""
        await self._confirmations.sweep(at)
        await sweep_messages(self._database, at - LIFETIME)
        await self._lockout.sweep(at)
