"""Authlib's authorization server over one request whose rows are loaded already.

Authlib decides and never waits: its hooks read what was loaded and append statements to the
request's unit, which the service then commits once. A server lives as long as its request.
"""

from typing import Any, NoReturn

import msgspec
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer

from contracts import errors
from gateway.kit.jose import CompactReader
from gateway.oauth import flow
from gateway.oauth.assertions import verify_assertion
from gateway.oauth.binding import Binding
from gateway.oauth.clients import AUTHENTICATION_METHOD, RegisteredClient
from gateway.oauth.details import Details, DetailsChecker, parse_details
from gateway.oauth.dpop import verify_proof
from gateway.oauth.grants.authorization_code import AuthorizationCode, RequiredCodeChallenge
from gateway.oauth.grants.client_credentials import ClientCredentials
from gateway.oauth.grants.refresh_token import RefreshToken
from gateway.oauth.refusals import refused
from gateway.oauth.replay import burn_assertion, burn_proof
from gateway.oauth.requests import AuthenticatedRequest
from gateway.oauth.scopes import join_scope, split_scope
from gateway.oauth.tokens import token_answer
from gateway.oauth.work import ProtocolRequest, Work
from gateway.onboarding.service import SCOPES

# Every way of authenticating a client that the server knows, at every endpoint alike.
CLIENT_METHODS = (AUTHENTICATION_METHOD,)


class Collaborators(msgspec.Struct, frozen=True):
    """What every request's server is given besides its work."""

    issuer: str
    reader: CompactReader
    catalogue: DetailsChecker


class PreloadedServer(AuthorizationServer):  # type: ignore[misc]
    """The token endpoint's grants, and client authentication for every endpoint."""

    def __init__(self, work: Work, collaborators: Collaborators) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.work = work
        self.issuer = collaborators.issuer
        self._collaborators = collaborators
        self.register_grant(AuthorizationCode, [RequiredCodeChallenge(required=True)])
        self.register_grant(RefreshToken)
        self.register_grant(ClientCredentials)
        self.register_client_auth_method(AUTHENTICATION_METHOD, self._prove)

    def query_client(self, client_id: str) -> RegisteredClient | None:
        """The one client that was loaded."""
        client = self.work.client
        return client if client is not None and client.client_id == client_id else None

    def authenticate_client(
        self, request: ProtocolRequest, methods: list[str], endpoint: str = "token"
    ) -> RegisteredClient:
        """Authlib's authentication by our verifier, then the endpoint's checks.

        Only then does the unit hold the two `jti`s, first of all, so that a replay is told by
        its own name.
        """
        client: RegisteredClient = super().authenticate_client(request, methods, endpoint)
        self._admit(client)
        return client

    def generate_token(
        self,
        grant_type: str,
        client: RegisteredClient,
        user: str | None = None,
        scope: str | None = None,
        expires_in: int | None = None,
        include_refresh_token: bool = True,
    ) -> dict[str, Any]:
        """A fresh token response; the grant's `save_token` stores it."""
        canonical = join_scope(split_scope(scope or ""))
        return token_answer(canonical, refreshable=include_refresh_token)

    def check_details(self, details: Details) -> None:
        """Raises ``InvalidAuthorizationDetails`` unless the catalogue sells what they ask for."""
        self._collaborators.catalogue.check_details(details)

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        """The request is Authlib's kind already."""
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def handle_response(
        self, status: int, body: dict[str, Any], headers: list[tuple[str, str]]
    ) -> dict[str, Any]:
        """The body; status and headers are the same for all and set by the route."""
        return body

    def handle_error_response(self, request: ProtocolRequest, error: OAuth2Error) -> NoReturn:
        """Authlib's refusal, raised as ours."""
        raise refused(error)

    def _prove(self, query_client: Any, request: ProtocolRequest) -> RegisteredClient:
        work = self.work
        assert work.assertion is not None, "the intake refuses a request without one"
        client: RegisteredClient | None = query_client(work.assertion.client_id)
        if client is None:
            raise errors.InvalidClient("The assertion names no client.")
        verify_assertion(work.assertion, client, self.issuer, work.at)
        return client

    def _admit(self, client: RegisteredClient) -> None:
        work = self.work
        arrival = work.arrival
        if arrival.proofs and work.endpoint in ("par", "token"):
            work.proof = verify_proof(
                arrival.proofs,
                self._collaborators.reader,
                method="POST",
                url=work.url,
                at=work.at,
            )
            work.binding = Binding("jkt", work.proof.jkt)
        if work.endpoint == "par" and "authorization_details" in work.parameters:
            work.details = parse_details(work.parameters["authorization_details"])
        flow.check(
            AuthenticatedRequest(
                endpoint=work.endpoint,
                form=arrival.form,
                parameters=work.parameters,
                has_authorization=arrival.has_authorization,
                client=client,
                proof=work.proof,
                certificate=arrival.certificate,
                binding=work.binding,
                details=work.details,
                code=work.code,
                catalogue=self._collaborators.catalogue,
                at=work.at,
            )
        )
        if work.assertion is not None:
            burn_assertion(work.unit, work.assertion.key, work.assertion.expires_at)
        if work.proof is not None:
            burn_proof(work.unit, work.proof.key, work.proof.expires_at)
