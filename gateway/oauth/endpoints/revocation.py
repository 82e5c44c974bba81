"""Taking a token or a grant handle back (RFC 7009)."""

from typing import ClassVar

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint

from gateway.kit.ids import digest
from gateway.oauth import store
from gateway.oauth.clients import CLIENT_METHODS, RegisteredClient
from gateway.oauth.endpoints.tokens import HeldToken, loaded_token
from gateway.oauth.store import HandleRow, RefreshTokenRow
from gateway.oauth.tokens import revoke_access_token, revoke_tokens_of_code
from gateway.oauth.work import ProtocolRequest


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Authlib's endpoint; a hint is only a hint, and a stranger's token answers like none."""

    CLIENT_AUTH_METHODS: ClassVar[list[str]] = list(CLIENT_METHODS)

    def check_params(self, request: ProtocolRequest, client: RegisteredClient) -> None:
        """RFC 7009 section 2.1: the token is required; an unknown hint is ignored."""
        if "token" not in request.form:
            raise InvalidRequestError("The token is missing.")

    def query_token(self, token_string: str, token_type_hint: str | None) -> HeldToken | None:
        """The client's own token; section 2.2 answers 200 for one that does not exist."""
        work = self.server.work
        token = loaded_token(work)
        if token is None or not token.check_client(work.client):
            return None
        return token

    def revoke_token(self, token: HeldToken, request: ProtocolRequest) -> None:
        """Ends the token.

        A refresh token takes the grant's access tokens and handles along, an access token the
        handles only, and a handle nothing.
        """
        work = self.server.work
        row = token.row
        if row.consent_id is not None:
            work.unit.lock(row.consent_id)
        named = digest(request.form["token"])
        if isinstance(row, RefreshTokenRow):
            work.unit.lock(row.code_digest)
            revoke_tokens_of_code(work.unit, row.code_digest, work.at)
        elif isinstance(row, HandleRow):
            work.unit.add(store.REVOKE_HANDLE, expect=None, handle_digest=named, at=work.at)
        else:
            revoke_access_token(work.unit, named, work.at)
