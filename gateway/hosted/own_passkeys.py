"""A customer's own passkeys: listed, added and removed, each change with a second factor."""

from datetime import datetime
from typing import Final

import msgspec

from contracts import errors
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.hosted.confirmations import Confirmations, challenge_of
from gateway.hosted.factor import Confirmed
from gateway.hosted.factor_store import ConfirmationRow, PasskeyRow
from gateway.hosted.language import Language
from gateway.hosted.passkeys import LABEL_LONGEST, PasskeyRefused, Passkeys, new_person_id
from gateway.hosted.second_factors import Answer, SecondFactors
from gateway.hosted.sessions import Browser, Sessions, signed_in
from gateway.kit.clock import Clock

_LABEL_OTHERWISE: Final = "Passkey"


class _Person(msgspec.Struct, frozen=True):
    """By which name an authenticator will know the customer."""

    person_id: str


class OwnPasskeys:
    """Adding takes a second factor, or a code from a customer who has no passkey yet."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        confirmations: Confirmations,
        factors: SecondFactors,
        passkeys: Passkeys,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._confirmations = confirmations
        self._factors = factors
        self._passkeys = passkeys
        self._audit = audit
        self._clock = clock

    @property
    def offered(self) -> bool:
        """Whether there can be passkeys at this address at all."""
        return self._passkeys.offered

    async def all(self, browser: Browser) -> list[PasskeyRow]:
        """The signed-in customer's passkeys, the oldest first."""
        customer_id, _ = signed_in(browser)
        return await self._passkeys.of(customer_id)

    async def leaving(self, row: ConfirmationRow) -> PasskeyRow | None:
        """The passkey whose removal is confirmed, ``None`` where none is.

        Raises ``PageExpired`` for one that has gone meanwhile.
        """
        if row.purpose != "passkey.remove":
            return None
        for passkey in await self._passkeys.of(row.customer_id):
            if passkey.credential_id == row.subject:
                return passkey
        raise errors.PageExpired

    async def start_adding(self, browser: Browser, language: Language) -> ConfirmationRow:
        """The confirmation that must come first; ``NotFound`` where there are no passkeys."""
        customer_id, _ = signed_in(browser)
        if not self.offered:
            raise errors.NotFound
        known = await self._passkeys.of(customer_id)
        person = _Person(known[0].person_id if known else new_person_id())
        return await self._factors.start(
            browser,
            customer_id,
            "passkey.add",
            content=msgspec.json.encode(person).decode(),
            language=language,
            at=self._clock.now(),
        )

    async def confirm_adding(
        self, browser: Browser, row: ConfirmationRow, answer: Answer
    ) -> Browser:
        """Opens the ceremony for what is left of the confirmation's five minutes.

        The session has both factors from here on, under a new secret: with its passkey the
        customer would be asked for them at once.
        """
        at = self._clock.now()
        renewed: list[Browser] = []

        def strengthen(unit: Unit, confirmed: Confirmed) -> None:
            renewed.append(self._sessions.strengthen(unit, browser, confirmed, at))
            self._confirmations.move(unit, row, renewed[0])

        await self._factors.prove(browser, row, answer, to="confirmed", effect=strengthen, at=at)
        return renewed[0]

    async def creation_options(self, browser: Browser, confirmation_id: str, name: str) -> str:
        """What the browser needs for the ceremony; ``PageExpired`` unless it was confirmed."""
        row = await self._confirmed(browser, confirmation_id)
        return self._passkeys.creation_options(
            challenge_of(row),
            person_id=_person(row),
            name=name,
            others=await self._passkeys.of(row.customer_id),
        )

    async def add(self, browser: Browser, confirmation_id: str, answer: str, label: str) -> None:
        """Keeps the passkey that the browser made.

        Raises ``SignInFailed`` for an answer that does not verify, whose challenge is then used
        up, and ``Conflict`` for a passkey that is known or one too many.
        """
        at = self._clock.now()
        row = await self._confirmed(browser, confirmation_id)
        try:
            registered = self._passkeys.register(answer, challenge_of(row))
        except PasskeyRefused:
            await self._confirmations.renew_challenge(row)
            raise errors.SignInFailed from None
        unit = Unit("hosted.add_passkey", locks=(f"customer:{row.customer_id}",))
        self._confirmations.spend_confirmed(unit, row, at)
        self._passkeys.keep(
            unit,
            registered,
            customer_id=row.customer_id,
            person_id=_person(row),
            label=_label(label),
            at=at,
        )
        self._record(unit, "passkey.add", row.customer_id, registered.credential_id, at)
        await self._database.commit(unit)

    async def start_removing(
        self, browser: Browser, credential_id: str, language: Language
    ) -> ConfirmationRow:
        """The confirmation that must come first; ``NotFound`` for a passkey that is not theirs."""
        customer_id, _ = signed_in(browser)
        if credential_id not in {one.credential_id for one in await self.all(browser)}:
            raise errors.NotFound
        return await self._factors.start(
            browser,
            customer_id,
            "passkey.remove",
            subject=credential_id,
            language=language,
            at=self._clock.now(),
        )

    async def confirm_removing(
        self, browser: Browser, row: ConfirmationRow, answer: Answer
    ) -> None:
        """Removes the passkey in the very unit that uses the second factor up."""
        at = self._clock.now()

        def remove(unit: Unit, _confirmed: object) -> None:
            self._passkeys.remove(unit, row.subject, row.customer_id)
            self._record(unit, "passkey.remove", row.customer_id, row.subject, at)

        await self._factors.prove(browser, row, answer, to="spent", effect=remove, at=at)

    async def _confirmed(self, browser: Browser, confirmation_id: str) -> ConfirmationRow:
        row = await self._confirmations.find(
            browser, confirmation_id, self._clock.now(), status="confirmed"
        )
        if row.purpose != "passkey.add":
            raise errors.PageExpired
        return row

    def _record(
        self, unit: Unit, action: str, customer_id: str, credential_id: str, at: datetime
    ) -> None:
        self._audit.append(
            unit,
            action=action,
            actor=f"customer:{customer_id}",
            subject=customer_id,
            resource=credential_id,
            at=at,
        )


def _label(given: str) -> str:
    """One line that can be shown and stored; control characters fall."""
    words = " ".join(given.split())
    return "".join(filter(str.isprintable, words))[:LABEL_LONGEST] or _LABEL_OTHERWISE


def _person(row: ConfirmationRow) -> str:
    return msgspec.json.decode(row.content, type=_Person).person_id
