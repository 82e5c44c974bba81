"""One-time codes: six digits for one purpose, delivered by whoever can, never kept as they are."""

import hmac
import secrets
from datetime import datetime
from typing import Final, Protocol

import msgspec

from gateway.database import Database, Unit, sweep_out
from gateway.hosted import factor_store as store
from gateway.hosted.language import Language
from gateway.kit.vault import Vault

_DIGITS: Final = 6
_SEALED_FOR: Final = "sandbox-message"


class CodeMessage(msgspec.Struct, frozen=True):
    """What goes to a customer's telephone: the code, and for what it is (EU-SCA-03)."""

    confirmation_id: str
    customer_id: str
    code: str
    purpose: store.Purpose
    # The partner that an approval is for; empty for the bank's own pages.
    recipient: str
    language: Language

    def __repr__(self) -> str:
        return f"CodeMessage({self.confirmation_id})"


class CodeMessenger(Protocol):
    """Brings a code to a telephone that the bank knows to be the customer's."""

    async def send(self, message: CodeMessage, at: datetime) -> None:
        """Sends it, or raises ``Unavailable``; the pages say what the customer does then."""
        ...

    async def on_page(self, confirmation_id: str) -> str | None:
        """The code where it never leaves the house; ``None`` anywhere but in a sandbox."""
        ...


class SandboxMessenger:
    """Keeps messages, sealed, instead of sending them; the page shows what would have come."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def send(self, message: CodeMessage, at: datetime) -> None:
        """Keeps the newest code of a confirmation."""
        unit = Unit("sandbox.message")
        unit.add(
            store.KEEP_MESSAGE,
            confirmation_id=message.confirmation_id,
            code_sealed=self._vault.seal(message.code.encode(), purpose=_SEALED_FOR),
            at=at,
        )
        await self._database.commit(unit)

    async def on_page(self, confirmation_id: str) -> str | None:
        """The code that was kept."""
        row = await self._database.find(store.FIND_MESSAGE, confirmation_id=confirmation_id)
        if row is None:
            return None
        return self._vault.open(row.code_sealed, purpose=_SEALED_FOR).decode()


async def sweep_messages(database: Database, before: datetime) -> None:
    """Forgets what a sandbox kept before then."""
    await sweep_out(database, store.SWEEP_MESSAGES, before=before)


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}"


def keyed_digest(code: str, *, key: str, bound_to: tuple[str, ...]) -> str:
    """How a code is kept: a digest under a key that is not in the database.

    A plain hash of a million possible codes would be the code itself. ``key`` is the browser's
    own secret, ``bound_to`` the customer, purpose and digest of what it confirms.
    """
    text = "\n".join((*bound_to, code)).encode("utf-8", "surrogatepass")
    return hmac.digest(key.encode(), text, "sha256").hex()
