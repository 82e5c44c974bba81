"""Redeeming an authorization code (RFC 6749 section 4.1.3) with its verifier (RFC 7636)."""

from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge

from contracts import errors
from gateway.oauth import store
from gateway.oauth.clients import CLIENT_METHODS, RegisteredClient
from gateway.oauth.identity.claims import kept_claims
from gateway.oauth.rights import effective_rights
from gateway.oauth.scopes import join_scope
from gateway.oauth.store import CodeRow
from gateway.oauth.tokens import Grant, store_customer_tokens
from gateway.oauth.work import ProtocolRequest, Work


class HeldCode(AuthorizationCodeMixin):  # type: ignore[misc]
    """A stored code as Authlib asks about it."""

    code_challenge_method = "S256"

    def __init__(self, row: CodeRow) -> None:
        self.row = row
        self.code_challenge = row.code_challenge

    def get_redirect_uri(self) -> str:
        """The address the code was sent to; the client must repeat it."""
        return self.row.redirect_uri

    def get_scope(self) -> str:
        """The scope the customer approved, less what they have taken back since."""
        return join_scope(effective_rights(self.row).scope)


class RequiredCodeChallenge(CodeChallenge):  # type: ignore[misc]
    """PKCE with S256 and nothing else; any failure of the verifier is `invalid_grant`."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar[list[str]] = ["S256"]
    CODE_CHALLENGE_METHODS: ClassVar[dict[str, Any]] = {
        "S256": CodeChallenge.CODE_CHALLENGE_METHODS["S256"]
    }

    def validate_code_verifier(self, grant: AuthorizationCodeGrant, result: Any) -> None:
        """RFC 7636 section 4.6 asks for `invalid_grant`, also when the verifier is missing."""
        try:
            super().validate_code_verifier(grant, result)
        except InvalidRequestError as error:
            raise InvalidGrantError(description=error.description) from error


class AuthorizationCode(AuthorizationCodeGrant):  # type: ignore[misc]
    """The token endpoint's half of the code grant."""

    TOKEN_ENDPOINT_AUTH_METHODS: ClassVar[list[str]] = list(CLIENT_METHODS)
    request: ProtocolRequest

    @property
    def work(self) -> Work:
        """The request's loaded rows and its unit."""
        assert self.request.work is not None, "the token endpoint always brings its work"
        return self.request.work

    def query_authorization_code(self, code: str, client: RegisteredClient) -> HeldCode | None:
        """The client's own live code; anybody else's is as good as none and stays unharmed."""
        row = self.work.code
        if row is None or row.client_id != client.client_id:
            return None
        if row.used_at is not None:
            self.work.code_spent = True
            return None
        if self.work.at >= row.expires_at or row.consent_status != "active":
            return None
        return HeldCode(row)

    def authenticate_user(self, authorization_code: HeldCode) -> str:
        """The customer behind the code."""
        return authorization_code.row.customer_id

    def save_token(self, token: dict[str, Any]) -> None:
        """Adds the tokens to the unit."""
        row: CodeRow = self.request.authorization_code.row
        assert self.work.binding is not None, "check_sender_constraint ran before"
        rights = effective_rights(row)
        grant = Grant(
            client_id=row.client_id,
            consent_id=row.consent_id,
            customer_id=row.customer_id,
            subject=row.subject,
            code_digest=row.code_digest,
            scope=join_scope(rights.scope),
            details=rights.details,
            acr=row.acr,
            amr=tuple(row.amr.split()),
            authenticated_at=row.authenticated_at,
            claims=kept_claims(row.claims),
            nonce=row.nonce,
        )
        self.work.grant = grant
        self.work.unit.lock(row.consent_id)
        store_customer_tokens(
            self.work.unit, token, grant, binding=self.work.binding, at=self.work.at
        )

    def delete_authorization_code(self, authorization_code: HeldCode) -> None:
        """Uses the code up: of many requests at once, only one finds it unused."""
        digest = authorization_code.row.code_digest
        self.work.unit.lock(digest)
        self.work.unit.add(
            store.CONSUME_CODE,
            otherwise=errors.InvalidGrant("The code was used already."),
            code_digest=digest,
            at=self.work.at,
        )
