"""Pairwise subjects: every sector knows the same customer by another name, for good."""

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import Final

import msgspec

from gateway.database import Database, Query, SealedColumn, Statement, Unit
from gateway.kit.jose import encode_base64url
from gateway.kit.vault import Vault

PAIRWISE_SALT: Final = "pairwise-salt"
_SALT: Final = "pairwise_salt"
_SALT_BYTES: Final = 32


class SecretRow(msgspec.Struct, frozen=True):
    """A sealed secret."""

    sealed: str


# Of every secret in the table: other files keep theirs there too.
SEALED: Final = SealedColumn("oauth_secret", "sealed", "name")
_FIND = Query("select sealed from oauth_secret where name = :name", SecretRow)
_INSERT = Statement(
    "insert into oauth_secret (name, sealed, created_at) values (:name, :sealed, :created_at)"
    " on conflict (name) do nothing"
)


class Subjects:
    """Derives subjects (OpenID Connect Core section 8.1) with a salt that is sealed at rest.

    The salt never changes: a new one would give every customer a new name at every partner.
    """

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._salt = b""

    async def ensure(self, at: datetime) -> None:
        """Makes the salt once for all processes, then keeps it in memory."""
        unit = Unit("oauth.pairwise_salt")
        sealed = self._vault.seal(secrets.token_bytes(_SALT_BYTES), purpose=PAIRWISE_SALT)
        unit.add(_INSERT, expect=None, name=_SALT, sealed=sealed, created_at=at)
        await self._database.commit(unit)
        row = await self._database.find(_FIND, name=_SALT)
        assert row is not None, "the row was written above if it was missing"
        self._salt = self._vault.open(row.sealed, purpose=PAIRWISE_SALT)

    def pairwise(self, customer_id: str, sector: str) -> str:
        """The customer's name in a sector; cannot be turned back or compared across sectors."""
        if not self._salt:
            raise RuntimeError("ensure() comes first")
        text = f"{sector}\n{customer_id}".encode()
        return encode_base64url(hmac.digest(self._salt, text, hashlib.sha256))
