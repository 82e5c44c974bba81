"""The door of the OAuth room: tokens, pushed requests, and everything around them.

Each call loads the rows it needs, lets Authlib's grants decide without I/O, and commits one unit
that holds the spent `jti`s, the consumed code, the tokens and the audit record.
"""

import logging
from datetime import timedelta
from functools import partial
from typing import Any, Final

from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database, sweep_out
from gateway.kit.caller import Caller
from gateway.kit.clock import Clock
from gateway.kit.jose import CompactReader
from gateway.kit.vault import Vault
from gateway.oauth import store
from gateway.oauth.a2_methods import A2Methods
from gateway.oauth.account_information import carried_details, withheld_scopes
from gateway.oauth.addresses import Addresses
from gateway.oauth.answers import AuthorizationAnswers
from gateway.oauth.approval import Approval, AuthorizationRequest, Authorizations
from gateway.oauth.assessed_levels import AssessedLevels
from gateway.oauth.certificates import CertificateReader
from gateway.oauth.clients import RegisteredClients
from gateway.oauth.details_types import DetailsTypes, PackageJudge
from gateway.oauth.discovery import server_metadata
from gateway.oauth.handles import GrantHandles
from gateway.oauth.holdings import Holdings
from gateway.oauth.id_tokens import IdTokens
from gateway.oauth.identity.assurance import ONE_FACTOR, TWO_FACTOR
from gateway.oauth.identity.userinfo import Userinfo
from gateway.oauth.intake import Intake
from gateway.oauth.issuing import Issuing
from gateway.oauth.keys import SigningKeys
from gateway.oauth.message_signatures import MessageSignatures, a2_integrity
from gateway.oauth.money_factors import check_money_factors
from gateway.oauth.named_quotes import NO_QUOTES, QuoteJudge
from gateway.oauth.nonces import Demand, Nonces
from gateway.oauth.pushing import Pushing
from gateway.oauth.request_objects import RequestObjects
from gateway.oauth.requests import FormRequest
from gateway.oauth.server import Collaborators
from gateway.oauth.subjects import Subjects
from gateway.onboarding.service import Onboarding
from gateway.rules.service import RuleBook, load_book

__all__ = [
    "ONE_FACTOR",
    "TWO_FACTOR",
    "Approval",
    "AuthorizationRequest",
    "Authorizations",
    "GrantHandles",
    "OAuth",
    "SigningKeys",
    "carried_details",
    "check_money_factors",
    "withheld_scopes",
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
        catalogue: PackageJudge,
        audit: Audit,
        vault: Vault,
        clock: Clock,
        *,
        issuer: str,
        mtls: str = "",
        nonces: Demand = "offered",
        rules: RuleBook | None = None,
        quotes: QuoteJudge = NO_QUOTES,
    ) -> None:
        """``mtls`` is where the mutual-TLS addresses start, empty where there are none.

        Without ``rules`` those that shipped hold; without ``quotes`` none can be named."""
        self.issuer = issuer
        details_types = DetailsTypes(catalogue)
        self.mtls = mtls
        self.certificates = CertificateReader()
        self.nonces = Nonces(database, vault, audit, demand=nonces)
        self.keys = SigningKeys(database, vault, audit, clock)
        self.subjects = Subjects(database, vault)
        self.handles = GrantHandles(database, onboarding, consents, audit, clock)
        clients = RegisteredClients(onboarding, clock)
        rules = rules or load_book()
        self.assessed_levels = AssessedLevels(rules)
        self.signatures = MessageSignatures(
            database, clients, self.keys, clock, integrity=partial(a2_integrity, rules)
        )
        self.authorizations = Authorizations(
            database,
            clients,
            consents,
            details_types,
            self.subjects,
            audit,
            clock,
            AuthorizationAnswers(self.keys, clock, issuer=issuer),
            issuer=issuer,
            quotes=quotes,
        )
        self._database = database
        self._clock = clock
        self._userinfo = Userinfo(database)
        endpoints = self._endpoints(clients, details_types, rules, audit, quotes)
        self._pushing, self._issuing, self._holdings = endpoints

    def _endpoints(
        self,
        clients: RegisteredClients,
        details_types: DetailsTypes,
        rules: RuleBook,
        audit: Audit,
        quotes: QuoteJudge,
    ) -> tuple[Pushing, Issuing, Holdings]:
        """The endpoints that take forms, on one reader of tokens and one intake."""
        # At DEBUG Authlib logs the tokens it issues; nobody's log level may bring that out.
        logging.getLogger("authlib").setLevel(logging.INFO)
        reader = CompactReader()
        addresses = Addresses(self.issuer, self.mtls)
        collaborators = Collaborators(
            self.issuer,
            reader,
            RequestObjects(),
            details_types,
            addresses,
            self.nonces,
            A2Methods(rules),
            self.assessed_levels,
        )
        database = self._database
        intake = Intake(database, clients, reader, addresses, self.nonces, self._clock)
        id_tokens = IdTokens(self.keys, reader, issuer=self.issuer)
        return (
            Pushing(database, intake, collaborators, id_tokens, quotes),
            Issuing(database, intake, collaborators, id_tokens, audit),
            Holdings(database, intake, collaborators, self.keys, audit),
        )

    async def ensure(self) -> None:
        """Makes signing keys, pairwise salt and nonce key on first start; call once at start-up."""
        at = self._clock.now()
        await self.keys.ensure(at)
        await self.subjects.ensure(at)
        await self.nonces.ensure(at)

    def metadata(self) -> dict[str, Any]:
        """The server metadata (RFC 8414)."""
        return server_metadata(self.issuer, self.mtls)

    async def userinfo(self, caller: Caller) -> dict[str, Any]:
        """The claims of the customer behind a token (OpenID Connect Core section 5.3)."""
        return await self._userinfo.claims(caller)

    async def jwks(self) -> dict[str, Any]:
        """The server's public keys."""
        return await self.keys.jwks(self._clock.now())

    async def push(self, arrival: FormRequest) -> dict[str, Any]:
        """Stores an authorization request (RFC 9126) and returns `request_uri`, `expires_in`."""
        return await self._pushing.push(arrival)

    def nonce(self) -> str:
        """The DPoP nonce that goes with an answer of the server (RFC 9449 section 8.2)."""
        return self.nonces.current("as", self._clock.now())

    async def token(self, arrival: FormRequest) -> dict[str, Any]:
        """Issues tokens by the grant the form names; raises the tree's ``OAuthRefused``.

        A refused request uses up nothing, except that a code which comes a second time from its
        own client ends the tokens of the first.
        """
        return await self._issuing.token(arrival)

    async def revoke(self, arrival: FormRequest) -> None:
        """Ends a token or handle of the client (RFC 7009); succeeds also when there was none."""
        await self._holdings.revoke(arrival)

    async def introspect(self, arrival: FormRequest) -> dict[str, Any] | str:
        """What a token stands for (RFC 7662), or `active: false`.

        A text is a signed answer (RFC 9701): the caller asked for one, or is registered for it.
        """
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
