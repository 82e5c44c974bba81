"""A client's own token (RFC 6749 section 4.4): no customer, no refresh token."""

from typing import Any, ClassVar

from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant

from gateway.oauth.clients import CLIENT_METHODS
from gateway.oauth.tokens import store_client_token
from gateway.oauth.work import ProtocolRequest, Work


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    """The grant for what needs no customer."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(CLIENT_METHODS)
    request: ProtocolRequest

    @property
    def work(self) -> Work:
        """The request's loaded rows and its unit."""
        assert self.request.work is not None, "the token endpoint always brings its work"
        return self.request.work

    def save_token(self, token: dict[str, Any]) -> None:
        """Adds the token to the unit."""
        assert self.work.binding is not None, "check_sender_constraint ran before"
        store_client_token(
            self.work.unit,
            token,
            client_id=self.request.client.client_id,
            binding=self.work.binding,
            at=self.work.at,
        )
