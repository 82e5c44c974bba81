"""The door of the OAuth room: tokens, pushed requests, and everything around them.

Each call loads the rows it needs, lets Authlib's grants decide without I/O, and commits one unit
that holds the spent `jti`s, the consumed code, the tokens and the audit record.
"""

import logging
from datetime import timedelta
from typing import Any, Final

from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database, sweep_out
from gateway.kit.clock import Clock
from gateway.kit.jose import CompactReader
from gateway.kit.vault import Vault
from gateway.oauth import store
from gateway.oauth.addresses import Addresses
from gateway.oauth.approval import Approval, AuthorizationRequest, Authorizations
from gateway.oauth.clients import RegisteredClients
from gateway.oauth.details import DetailsChecker
from gateway.oauth.discovery import server_metadata
from gateway.oauth.handles import GrantHandles
from gateway.oauth.holdings import Holdings
from gateway.oauth.intake import Intake
from gateway.oauth.issuing import Issuing
from gateway.oauth.keys import SigningKeys
from gateway.oauth.pushing import Pushing
from gateway.oauth.requests import FormRequest
from gateway.oauth.server import Collaborators
from gateway.oauth.subjects import Subjects
from gateway.onboarding.service import Onboarding

__all__ = [
    "Approval",
    "AuthorizationRequest",
    "Authorizations",
    "GrantHandles",
    "OAuth",
    "SigningKeys",
]

# A spent row is kept a while after its end: a late second use of a code still revokes.
KEPT_AFTER_END: Final = timedelta(days=1)
# Another process may accept for a little longer, by its own clock.
CLOCK_SKEW: Final = timedelta(minutes=1)


class OAuth:
    """The authorization server; one a process, safe to call concurrently."""

    def __init__(
        self,
        database: Database,
        onboarding: Onboarding,
        consents: Consents,
        catalogue: DetailsChecker,
        audit: Audit,
        vault: Vault,
        clock: Clock,
        *,
        issuer: str,
        mtls: str = "",
    ) -> None:
        """``mtls`` is the start of the mutual-TLS addresses, empty where there are none."""
        self.issuer = issuer
        addresses = Addresses(issuer, mtls)
        self.keys = SigningKeys(database, vault, audit)
        self.subjects = Subjects(database, vault)
        self.handles = GrantHandles(database, onboarding, consents, audit, clock)
        clients = RegisteredClients(onboarding)
        self.authorizations = Authorizations(
            database,
            clients,
            consents,
            catalogue,
            self.subjects,
            audit,
            clock,
            issuer=issuer,
        )
        self._database = database
        self._clock = clock
        reader = CompactReader()
        collaborators = Collaborators(issuer, reader, catalogue)
        intake = Intake(database, clients, reader, addresses, clock)
        self._pushing = Pushing(database, intake, collaborators)
        self._issuing = Issuing(database, intake, collaborators, audit)
        self._holdings = Holdings(database, intake, collaborators, audit)
        # At DEBUG Authlib logs the tokens it issues; nobody's log level may bring that out.
        logging.getLogger("authlib").setLevel(logging.INFO)

    async def ensure(self) -> None:
        """Makes the signing keys and the pairwise salt on first start; call once at start-up."""
        at = self._clock.now()
        await self.keys.ensure(at)
        await self.subjects.ensure(at)

    def metadata(self) -> dict[str, Any]:
        """The server metadata (RFC 8414)."""
        return server_metadata(self.issuer)

    async def jwks(self) -> dict[str, Any]:
        """The server's public keys."""
        return await self.keys.jwks(self._clock.now())

    async def push(self, arrival: FormRequest) -> dict[str, Any]:
        """Stores an authorization request (RFC 9126) and returns `request_uri`, `expires_in`."""
        return await self._pushing.push(arrival)

    async def token(self, arrival: FormRequest) -> dict[str, Any]:
        """Issues tokens by the grant the form names; raises the tree's ``OAuthRefused``.

        A refused request uses up nothing, except that a code which comes a second time from its
        own client ends the tokens of the first.
        """
        return await self._issuing.token(arrival)

    async def revoke(self, arrival: FormRequest) -> None:
        """Ends a token or handle of the client (RFC 7009); succeeds also when there was none."""
        await self._holdings.revoke(arrival)

    async def introspect(self, arrival: FormRequest) -> dict[str, Any]:
        """What a token stands for (RFC 7662), or `active: false`."""
        return await self._holdings.introspect(arrival)

    async def sweep(self) -> None:
        """Forgets what can neither be used nor abused any more; run it from time to time."""
        now = self._clock.now()
        await sweep_out(self._database, store.SWEEP_REPLAYS, before=now - CLOCK_SKEW)
        for query in (
            store.SWEEP_PUSHED,
            store.SWEEP_CODES,
            store.SWEEP_ACCESS_TOKENS,
            store.SWEEP_HANDLES,
        ):
            await sweep_out(self._database, query, before=now - KEPT_AFTER_END)
