"""The code grant at the authorization endpoint: Authlib decides whether a code may be issued."""

from typing import Any, NoReturn

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import AuthorizationServer
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from gateway.kit.ids import new_secret
from gateway.oauth.clients import RegisteredClient
from gateway.oauth.grants.authorization_code import RequiredCodeChallenge
from gateway.oauth.refusals import refused
from gateway.oauth.work import ProtocolRequest
from gateway.onboarding.service import SCOPES


class _Issuer(AuthorizationCodeGrant):  # type: ignore[misc]
    """Authlib's code grant at the authorization endpoint; the code goes to its server."""

    def generate_authorization_code(self) -> str:
        return new_secret()

    def save_authorization_code(self, code: str, request: ProtocolRequest) -> None:
        self.server.code = code


class ConsentServer(AuthorizationServer):  # type: ignore[misc]
    """Authlib's server over one pushed request; it decides whether a code may be issued."""

    def __init__(self, client: RegisteredClient) -> None:
        super().__init__(scopes_supported=SCOPES)
        self.client = client
        self.code = ""
        self.register_grant(_Issuer, [RequiredCodeChallenge(required=True)])

    def query_client(self, client_id: str) -> RegisteredClient | None:
        return self.client if client_id == self.client.client_id else None

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        return request

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        return

    def handle_response(self, status: int, body: Any, headers: Any) -> None:
        return

    def handle_error_response(self, request: ProtocolRequest, error: OAuth2Error) -> NoReturn:
        raise refused(error)

    def issue(self, request: ProtocolRequest, customer_id: str) -> str:
        """The code for an approved request, or the refusal."""
        try:
            grant = self.get_consent_grant(request, end_user=customer_id)
        except OAuth2Error as error:
            raise refused(error) from error
        self.create_authorization_response(request, grant_user=customer_id, grant=grant)
        return self.code
