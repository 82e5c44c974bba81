"""ID tokens: who signed in, for whom, how surely and when; issued, and read back as a hint."""

from datetime import datetime, timedelta
from typing import Any, Final

from contracts import errors
from gateway.kit import jose
from gateway.oauth.identity.assurance import reported
from gateway.oauth.keys import ALGORITHM, SigningKeys
from gateway.oauth.tokens import Grant

# Everything an ID token may hold.
CLAIMS: Final = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr")
# Long enough to be verified where it arrives; the session behind it is the client's own.
LIFETIME: Final = timedelta(minutes=5)
# Every kind of token that the server signs says its kind here or differs in its claims
# (RFC 8725 section 3.11); an authorization response (JARM) is a JWT too, but names no subject.
TYPE: Final = "JWT"


class IdTokens:
    """Signs ID tokens, and knows its own again for as long as a key was ever published."""

    def __init__(self, keys: SigningKeys, reader: jose.CompactReader, *, issuer: str) -> None:
        self._keys = keys
        self._reader = reader
        self._issuer = issuer

    async def issue(self, grant: Grant, at: datetime) -> str:
        """The ID token of a grant (OpenID Connect Core sections 2 and 12.2).

        On a refresh `iss`, `sub`, `aud` and `auth_time` are those of the first one, `iat` is new
        and there is no `nonce`. Nothing of the person is in it but the sector's own `sub`.
        """
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "sub": grant.subject,
            "aud": grant.client_id,
            "iat": int(at.timestamp()),
            "exp": int((at + LIFETIME).timestamp()),
            "acr": reported(grant.acr, grant.claims.acr),
            "amr": list(grant.amr),
        }
        if grant.authenticated_at is not None:
            claims["auth_time"] = int(grant.authenticated_at.timestamp())
        if grant.nonce is not None:
            claims["nonce"] = grant.nonce
        return await self._keys.sign(claims, typ=TYPE)

    async def hinted_subject(self, hint: str, client_id: str) -> str:
        """Whom an `id_token_hint` names (OpenID Connect Core section 3.1.2.1); its end may be past.

        Raises ``OAuthRefused`` for everything that is not an ID token of ours for this very
        client: a forged one, another client's, or another kind of JWT.
        """
        try:
            compact = self._reader.read(hint)
            claims = jose.strict_json_object(compact.payload)
        except jose.JoseRefused:
            raise _not_ours() from None
        typ = compact.header.typ
        if typ is None or typ.upper() != TYPE or not await self._is_signed(compact):
            raise _not_ours()
        subject = claims.get("sub")
        if claims.get("iss") != self._issuer or not isinstance(subject, str):
            raise _not_ours()
        if claims.get("aud") != client_id or not isinstance(claims.get("iat"), int):
            raise _not_ours()
        return subject

    async def _is_signed(self, compact: jose.Compact) -> bool:
        if compact.header.alg != ALGORITHM:
            return False
        archive = await self._keys.archive()
        named = [jwk for jwk in archive["keys"] if jwk["kid"] == compact.header.kid]
        return any(compact.is_signed_by(jose.parse_public_jwk(jwk)) for jwk in named)


def _not_ours() -> errors.OAuthRefused:
    return errors.OAuthRefused("The id_token_hint is not an ID token for this client.")
