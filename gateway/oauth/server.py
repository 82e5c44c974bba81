"""Authlib's authorization server over one request whose rows are loaded already.

Authlib decides and never waits: its hooks read what was loaded and append statements to the
request's unit, which the service then commits once. A server lives as long as its request.
"""

from typing import Any, NoReturn

import msgspec
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientAuthentication

from contracts import errors
from gateway.kit.jose import CompactReader
from gateway.oauth import flow
from gateway.oauth.a2_methods import A2Methods
from gateway.oauth.addresses import Addresses
from gateway.oauth.assertions import verify_assertion
from gateway.oauth.assessed_levels import AssessedLevels
from gateway.oauth.binding import Binding
from gateway.oauth.clients import (
    AUTHENTICATION_METHOD,
    SELF_SIGNED_METHOD,
    TLS_METHOD,
    RegisteredClient,
)
from gateway.oauth.details import Details, DetailsChecker, parse_details
from gateway.oauth.dpop import verify_proof
from gateway.oauth.grants.authorization_code import AuthorizationCode, RequiredCodeChallenge
from gateway.oauth.grants.client_credentials import ClientCredentials
from gateway.oauth.grants.refresh_token import RefreshToken
from gateway.oauth.mutual_tls import verify_self_signed, verify_tls_client
from gateway.oauth.nonces import Nonces
from gateway.oauth.refusals import refused
from gateway.oauth.replay import burn_both, burn_each
from gateway.oauth.request_objects import RequestObjects, parameters_of
from gateway.oauth.requests import AuthenticatedRequest
from gateway.oauth.scopes import join_scope, split_scope
from gateway.oauth.tokens import token_answer
from gateway.oauth.work import ProtocolRequest, Work
from gateway.onboarding.service import SCOPES, Client


class Collaborators(msgspec.Struct, frozen=True):
    """What every request's server is given besides its work."""

    issuer: str
    reader: CompactReader
    request_objects: RequestObjects
    catalogue: DetailsChecker
    addresses: Addresses
    nonces: Nonces
    a2_methods: A2Methods
    assessed_levels: AssessedLevels


_GRANTS = [
    (AuthorizationCode, [RequiredCodeChallenge(required=True)]),
    (RefreshToken, None),
    (ClientCredentials, None),
]


class PreloadedServer(AuthorizationServer):  # type: ignore[misc]
    """The token endpoint's grants, and client authentication for every endpoint."""

    def __init__(self, work: Work, collaborators: Collaborators) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.work = work
        self.issuer = collaborators.issuer
        self._collaborators = collaborators
        # What register_grant appends, once for all servers: there is one for every request.
        self._token_grants = _GRANTS
        self._client_auth = _AUTHENTICATION

    @property
    def assessed_levels(self) -> frozenset[str]:
        """The levels that need a risk assessment on the day of the request (CN-API-02)."""
        return self._collaborators.assessed_levels.on(self.work.at)

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
        request.server = self
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
        assert self.work.binding is not None, "check_sender_constraint ran before"
        canonical = join_scope(split_scope(scope or ""))
        answer = token_answer(canonical, refreshable=include_refresh_token)
        return answer | {"token_type": self.work.binding.token_type}

    def check_details(self, details: Details, scope: frozenset[str], client: Client) -> None:
        """Raises ``InvalidAuthorizationDetails`` unless the client may ask for them."""
        self._collaborators.catalogue.check_details(details, scope, client)

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

    def prove_by_assertion(self) -> RegisteredClient | None:
        """The client that made the assertion; ``None`` where there is none."""
        work = self.work
        if work.assertion is None:
            return None
        client = self.query_client(work.assertion.client_id)
        if client is None:
            raise errors.InvalidClient("The assertion names no client.")
        if client.authentication_method != AUTHENTICATION_METHOD:
            raise errors.InvalidClient(
                f"The client is registered for {client.authentication_method}, which has no"
                " client_assertion."
            )
        verify_assertion(work.assertion, client, self.issuer, work.at)
        if work.is_certificate_anothers:
            # RFC 7521 section 4.2: everything in a request that names a client names the same.
            raise errors.InvalidClient("The certificate's key is registered for another client.")
        return client

    def prove_by_certificate(self) -> RegisteredClient | None:
        """The client whose certificate it is; ``None`` where an assertion says who it is."""
        work = self.work
        if work.assertion is not None:
            return None
        client = self.query_client(work.arrival.form.get("client_id", ""))
        if client is None:
            raise errors.InvalidClient("The client_id names no client.")
        if client.authentication_method == AUTHENTICATION_METHOD:
            raise errors.InvalidClient("The client must authenticate with private_key_jwt.")
        if not work.arrival.at_mtls:
            raise errors.InvalidClient(self._mtls_advice())
        if client.authentication_method == TLS_METHOD:
            verify_tls_client(work.arrival.certificate, client, work.at)
        else:
            verify_self_signed(work.arrival.certificate, client, work.at)
        return client

    def _mtls_advice(self) -> str:
        addresses = self._collaborators.addresses
        if not addresses.mtls:
            return "This server has no mutual-TLS addresses, which the client's method needs."
        there = addresses.url(self.work.endpoint, at_mtls=True)
        return f"The client authenticates by its certificate, at {there}."

    def _bind(self, client: RegisteredClient) -> None:
        """What tokens of this request are bound to, by the client's one registered way."""
        work = self.work
        if not client.client.metadata.tls_client_certificate_bound_access_tokens:
            work.binding = None if work.proof is None else Binding("jkt", work.proof.jkt)
        elif work.arrival.certificate is not None:
            work.binding = Binding("x5t#S256", work.arrival.certificate.thumbprint)

    def _read(self, request: AuthenticatedRequest) -> AuthenticatedRequest:
        """The request with what it asks: its request object opened, its details parsed."""
        work = self.work
        if "request" in request.form:
            signed = self._collaborators.request_objects.read(
                request.form["request"], request.client, issuer=self.issuer, at=work.at
            )
            flow.check_request_object(signed)
            work.parameters = parameters_of(signed)
        if "authorization_details" in work.parameters:
            work.details = parse_details(work.parameters["authorization_details"])
        return msgspec.structs.replace(request, parameters=work.parameters, details=work.details)

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
        self._bind(client)
        request = AuthenticatedRequest(
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
            refresh=work.refresh,
            catalogue=self._collaborators.catalogue,
            nonces=self._collaborators.nonces,
            a2_methods=self._collaborators.a2_methods.on(work.at),
            assessed_levels=self.assessed_levels,
            at=work.at,
        )
        flow.check_sender(request)
        flow.check_asked(self._read(request) if work.endpoint == "par" else request)
        if work.is_from_memory and work.assertion is not None and work.proof is not None:
            burn_both(work.unit, work.assertion, work.proof, client=client.client)
            return
        burn_each(work.unit, work.assertion, work.proof)


def _by_assertion(query_client: Any, request: ProtocolRequest) -> RegisteredClient | None:
    proved: RegisteredClient | None = request.server.prove_by_assertion()
    return proved


def _by_certificate(query_client: Any, request: ProtocolRequest) -> RegisteredClient | None:
    proved: RegisteredClient | None = request.server.prove_by_certificate()
    return proved


def _authentication() -> ClientAuthentication:
    """One for all servers: methods of a server, kept in that server, would be a circle of
    references, and every request would leave its rows and forms to the garbage collector."""
    registered = ClientAuthentication(None)
    registered.register(AUTHENTICATION_METHOD, _by_assertion)
    registered.register(TLS_METHOD, _by_certificate)
    registered.register(SELF_SIGNED_METHOD, _by_certificate)
    return registered


_AUTHENTICATION = _authentication()
