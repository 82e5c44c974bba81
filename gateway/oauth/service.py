"""The door of the OAuth room: tokens, pushed requests, and everything around them.

Each call loads the rows it needs, lets Authlib's grants decide without I/O, and commits one unit
that holds the spent `jti`s, the consumed code, the tokens and the audit record.
"""

import logging
from datetime import timedelta
from typing import Any, Final

import msgspec
from authlib.oauth2 import OAuth2Error

from contracts import errors
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.database import Database, Stale, Unit, sweep_out
from gateway.kit.clock import Clock
from gateway.kit.ids import digest, new_secret
from gateway.kit.jose import CompactReader
from gateway.kit.vault import Vault
from gateway.oauth import store
from gateway.oauth.approval import (
    Approval,
    AuthorizationRequest,
    Authorizations,
    PushedParameters,
)
from gateway.oauth.assertions import read_assertion
from gateway.oauth.clients import AUTHENTICATION_METHOD, RegisteredClients
from gateway.oauth.details import DetailsChecker
from gateway.oauth.discovery import server_metadata
from gateway.oauth.endpoints.introspection import Introspection
from gateway.oauth.endpoints.revocation import Revocation
from gateway.oauth.handles import GrantHandles
from gateway.oauth.keys import SigningKeys
from gateway.oauth.refusals import refused
from gateway.oauth.replay import burn_assertion, burn_proof
from gateway.oauth.requests import PATHS, Endpoint, FormRequest
from gateway.oauth.scopes import CLIENT_SCOPES, join_scope
from gateway.oauth.server import Collaborators, PreloadedServer
from gateway.oauth.subjects import Subjects
from gateway.oauth.tokens import revoke_tokens_of_code
from gateway.oauth.work import ProtocolRequest, Work
from gateway.onboarding.service import Onboarding

__all__ = [
    "Approval",
    "AuthorizationRequest",
    "Authorizations",
    "GrantHandles",
    "OAuth",
    "SigningKeys",
]

REQUEST_URI_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
# FAPI 2.0 SP 5.3.2.2-12: under ten minutes, and long enough to sign in and read.
REQUEST_URI_SECONDS: Final = 540
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
    ) -> None:
        self.issuer = issuer
        self.keys = SigningKeys(database, vault, audit)
        self.subjects = Subjects(database, vault)
        self.handles = GrantHandles(database, onboarding, consents, audit, clock)
        self._clients = RegisteredClients(onboarding)
        self.authorizations = Authorizations(
            database,
            self._clients,
            consents,
            catalogue,
            self.subjects,
            audit,
            clock,
            issuer=issuer,
        )
        self._database = database
        self._audit = audit
        self._clock = clock
        self._collaborators = Collaborators(issuer, CompactReader(), catalogue)
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
        work = await self._load("par", arrival)
        server = PreloadedServer(work, self._collaborators)
        request = self._protocol_request(work)
        try:
            client = server.authenticate_client(request, [AUTHENTICATION_METHOD], "par")
        except OAuth2Error as error:
            raise refused(error) from error
        request_uri = REQUEST_URI_PREFIX + new_secret()
        form = arrival.form
        parameters = PushedParameters(
            response_type=form["response_type"],
            redirect_uri=form["redirect_uri"],
            scope=form["scope"],
            code_challenge=form["code_challenge"],
            code_challenge_method=form["code_challenge_method"],
            state=form.get("state"),
            ui_locales=form.get("ui_locales"),
            authorization_details=work.details or (),
        )
        # RFC 9449 section 10.1: the header binds the code as the parameter does.
        proved = None if work.proof is None else work.proof.jkt
        work.unit.add(
            store.INSERT_PUSHED,
            request_digest=digest(request_uri),
            client_id=client.client_id,
            parameters=msgspec.json.encode(parameters).decode(),
            dpop_jkt=form.get("dpop_jkt") or proved,
            created_at=work.at,
            expires_at=work.at + timedelta(seconds=REQUEST_URI_SECONDS),
        )
        await self._commit(work.unit)
        return {"request_uri": request_uri, "expires_in": REQUEST_URI_SECONDS}

    async def token(self, arrival: FormRequest) -> dict[str, Any]:
        """Issues tokens by the grant the form names; raises the tree's ``OAuthRefused``.

        A refused request uses up nothing, except that a code which comes a second time from its
        own client ends the tokens of the first.
        """
        if "grant_type" not in arrival.form:
            raise errors.OAuthRefused("The grant_type is missing.")
        work = await self._load("token", arrival)
        try:
            answer = self._decide(work)
            self._record_issue(work, answer)
            await self._commit_code(work)
        except errors.InvalidGrant:
            if work.code_spent:
                await self._end_tokens_of_spent_code(work)
            raise
        return answer

    async def revoke(self, arrival: FormRequest) -> None:
        """Ends a token or handle of the client (RFC 7009); succeeds also when there was none."""
        work = await self._load("revocation", arrival)
        server = PreloadedServer(work, self._collaborators)
        self._call(Revocation(server), work)
        held = work.access or work.refresh or work.grant_handle
        if held is not None and held.client_id == work.assertion.client_id:
            self._audit.append(
                work.unit,
                action="token.revoke" if work.grant_handle is None else "grant_handle.revoke",
                actor=f"client:{held.client_id}",
                partner_id=held.partner_id,
                client_id=held.client_id,
                subject=held.customer_id,
                resource=held.consent_id,
                at=work.at,
            )
        await self._commit(work.unit)

    async def introspect(self, arrival: FormRequest) -> dict[str, Any]:
        """What a token stands for (RFC 7662), or `active: false`."""
        work = await self._load("introspection", arrival)
        server = PreloadedServer(work, self._collaborators)
        answer = self._call(Introspection(server), work)
        await self._commit(work.unit)
        return answer

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

    async def _load(self, endpoint: Endpoint, arrival: FormRequest) -> Work:
        at = self._clock.now()
        assertion = read_assertion(arrival.form, self._collaborators.reader)
        client = await self._clients.find(assertion.client_id)
        form = arrival.form
        if client is not None and form.get("grant_type") == "client_credentials":
            # RFC 6749 section 3.3: without a scope, all the client may have by itself.
            usual = join_scope(CLIENT_SCOPES & client.scopes)
            arrival = msgspec.structs.replace(arrival, form={"scope": usual} | form)
        work = Work(
            endpoint=endpoint,
            url=self._url(endpoint),
            arrival=arrival,
            assertion=assertion,
            client=client,
            at=at,
        )
        if endpoint == "token":
            await self._load_grant(work, form)
        elif endpoint != "par" and "token" in form:
            await self._load_named(work, digest(form["token"]))
        return work

    async def _load_named(self, work: Work, named: str) -> None:
        find = self._database.find
        work.access = await find(store.FIND_ACCESS_TOKEN, token_digest=named)
        if work.access is None:
            work.refresh = await find(store.FIND_REFRESH_TOKEN, token_digest=named)
        # A dialect's handle can be taken back here, but no resource server asks about one.
        if work.access is None and work.refresh is None and work.endpoint == "revocation":
            work.grant_handle = await find(store.FIND_HANDLE, handle_digest=named)

    async def _load_grant(self, work: Work, form: dict[str, str]) -> None:
        grant_type = form["grant_type"]
        if grant_type == "authorization_code" and "code" in form:
            work.code = await self._database.find(store.FIND_CODE, code_digest=digest(form["code"]))
        elif grant_type == "refresh_token" and "refresh_token" in form:
            work.refresh = await self._database.find(
                store.FIND_REFRESH_TOKEN, token_digest=digest(form["refresh_token"])
            )

    def _decide(self, work: Work) -> dict[str, Any]:
        server = PreloadedServer(work, self._collaborators)
        try:
            answer: dict[str, Any] = server.create_token_response(self._protocol_request(work))
        except OAuth2Error as error:
            raise refused(error) from error
        return answer

    def _call(self, endpoint: Revocation | Introspection, work: Work) -> dict[str, Any]:
        try:
            _, body, _ = endpoint(self._protocol_request(work))
        except OAuth2Error as error:
            raise refused(error) from error
        return dict(body)

    def _url(self, endpoint: Endpoint) -> str:
        return self.issuer.rstrip("/") + PATHS[endpoint]

    def _protocol_request(self, work: Work) -> ProtocolRequest:
        return ProtocolRequest(work.url, work.arrival.form, work)

    def _record_issue(self, work: Work, answer: dict[str, Any]) -> None:
        held = work.code or work.refresh
        assert work.client is not None, "a client that was not found was refused"
        self._audit.append(
            work.unit,
            action="token.issue",
            actor=f"client:{work.client.client_id}",
            partner_id=work.client.client.partner_id,
            client_id=work.client.client_id,
            subject=None if held is None else held.customer_id,
            resource=None if held is None else held.consent_id,
            detail={"grant_type": work.arrival.form["grant_type"], "scope": answer["scope"]},
            at=work.at,
        )

    async def _commit_code(self, work: Work) -> None:
        try:
            await self._commit(work.unit)
        except errors.InvalidGrant:
            # Somebody redeemed the code between our reading and our unit.
            work.code_spent = work.code is not None
            raise

    async def _commit(self, unit: Unit) -> None:
        try:
            await self._database.commit(unit)
        except Stale:
            # Two processes' groups collided on replay keys; the unit itself is as good as ever.
            async def again() -> Unit:
                return unit

            await self._database.settle(again)

    async def _end_tokens_of_spent_code(self, work: Work) -> None:
        """RFC 6749 section 4.1.2; the request's own proofs are used up with it."""
        code = work.code
        assert code is not None, "only a code that was found can be spent"
        unit = Unit("oauth.spent_code", locks=(code.code_digest, code.consent_id))
        burn_assertion(unit, work.assertion.key, work.assertion.expires_at)
        if work.proof is not None:
            burn_proof(unit, work.proof.key, work.proof.expires_at)
        revoke_tokens_of_code(unit, code.code_digest, work.at)
        self._audit.append(
            unit,
            action="code.reuse",
            actor=f"client:{code.client_id}",
            client_id=code.client_id,
            subject=code.customer_id,
            resource=code.consent_id,
            decision="deny",
            at=work.at,
        )
        await self._commit(unit)
