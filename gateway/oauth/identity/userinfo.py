"""The userinfo endpoint (OpenID Connect Core section 5.3): `sub`, and what was asked beside it."""

from typing import Any, Final

from contracts import errors
from gateway.database import Database
from gateway.kit.caller import Caller
from gateway.oauth import store
from gateway.oauth.identity.assurance import reported
from gateway.oauth.identity.claims import kept_claims

USERINFO_PATH: Final = "/oauth/userinfo"


class Userinfo:
    """Tells a client with a customer's token whom it is about."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claims(self, caller: Caller) -> dict[str, Any]:
        """The claims for the token that the guard has let in.

        `sub` is that of the ID token. `acr` and `auth_time` come only when the `claims` parameter
        asked for them here; the bank gives out nothing else about a person by this way.
        """
        row = None
        if caller.token_digest is not None:
            row = await self._database.find(
                store.FIND_ACCESS_TOKEN, token_digest=caller.token_digest
            )
        if row is None or row.subject is None:
            raise errors.InvalidToken("The access token stands for no customer.")
        kept = kept_claims(row.claims)
        claims: dict[str, Any] = {"sub": row.subject}
        if "acr" in kept.userinfo:
            claims["acr"] = reported(row.acr, kept.acr)
        if "auth_time" in kept.userinfo and row.authenticated_at is not None:
            claims["auth_time"] = int(row.authenticated_at.timestamp())
        return claims
