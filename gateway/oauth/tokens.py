"""Tokens: opaque, 256 bits, stored as digests, bound to the key that asked for them."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from contracts import errors
from gateway.database import Unit
from gateway.kit.ids import digest, new_secret
from gateway.oauth import store
from gateway.oauth.binding import Binding
from gateway.oauth.details import Details, encode_details
from gateway.oauth.identity.claims import KeptClaims

ACCESS_TOKEN_SECONDS: Final = 600
TOKEN_TYPE: Final = "DPoP"  # noqa: S105 - a scheme's name


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer's tokens stand for: the consent, whose it is, and what it allows."""

    client_id: str
    consent_id: str
    customer_id: str
    subject: str
    code_digest: str
    scope: str
    details: Details
    acr: str
    amr: tuple[str, ...]
    authenticated_at: datetime | None
    claims: KeptClaims
    # Of the code's own answer only: a refreshed ID token has none (OpenID Connect Core 12.2).
    nonce: str | None = None


def token_answer(scope: str, *, refreshable: bool) -> dict[str, Any]:
    """A fresh token response (RFC 6749 section 5.1); nothing of it is stored yet."""
    answer: dict[str, Any] = {
        "access_token": new_secret(),
        "token_type": TOKEN_TYPE,
        "expires_in": ACCESS_TOKEN_SECONDS,
        "scope": scope,
    }
    if refreshable:
        answer["refresh_token"] = new_secret()
    return answer


def _lock_key(unit: Unit, binding: Binding) -> None:
    # So does whoever registers the key: of the two, the later one sees the earlier.
    if binding.jkt is not None:
        unit.lock(binding.jkt)


def _registered_key() -> errors.InvalidDpopProof:
    return errors.InvalidDpopProof("The proof's key is registered for another purpose.")


def store_client_token(
    unit: Unit, answer: dict[str, Any], *, client_id: str, binding: Binding, at: datetime
) -> None:
    """Adds the access token a client holds for itself."""
    _lock_key(unit, binding)
    unit.add(
        store.INSERT_CLIENT_TOKEN,
        otherwise=_registered_key,
        token_digest=digest(answer["access_token"]),
        client_id=client_id,
        jkt=binding.jkt,
        x5t_s256=binding.x5t_s256,
        scope=answer["scope"],
        created_at=at,
        expires_at=at + timedelta(seconds=ACCESS_TOKEN_SECONDS),
    )


def store_customer_tokens(
    unit: Unit, answer: dict[str, Any], grant: Grant, *, binding: Binding, at: datetime
) -> None:
    """Adds the tokens of a customer's grant, and what they allow to the answer (RFC 9396 7)."""
    details = encode_details(grant.details)
    claims = msgspec.json.encode(grant.claims).decode()
    _lock_key(unit, binding)
    unit.add(
        store.INSERT_CUSTOMER_TOKEN,
        otherwise=_registered_key,
        token_digest=digest(answer["access_token"]),
        client_id=grant.client_id,
        consent_id=grant.consent_id,
        customer_id=grant.customer_id,
        subject=grant.subject,
        code_digest=grant.code_digest,
        jkt=binding.jkt,
        x5t_s256=binding.x5t_s256,
        scope=answer["scope"],
        authorization_details=details,
        acr=grant.acr,
        authenticated_at=grant.authenticated_at,
        claims=claims,
        created_at=at,
        expires_at=at + timedelta(seconds=ACCESS_TOKEN_SECONDS),
    )
    if "refresh_token" in answer:
        # Bound to the client, not to this key: a refresh may bring a new one (RFC 9449 5).
        unit.add(
            store.INSERT_REFRESH_TOKEN,
            token_digest=digest(answer["refresh_token"]),
            client_id=grant.client_id,
            consent_id=grant.consent_id,
            customer_id=grant.customer_id,
            subject=grant.subject,
            code_digest=grant.code_digest,
            scope=grant.scope,
            authorization_details=details,
            acr=grant.acr,
            amr=" ".join(grant.amr),
            authenticated_at=grant.authenticated_at,
            claims=claims,
            created_at=at,
        )
    answer["authorization_details"] = list(grant.details)


def revoke_tokens_of_code(unit: Unit, code_digest: str, at: datetime) -> None:
    """Ends every token and handle that came from one code (RFC 6749 section 4.1.2).

    The unit locks the code's consent, as the issue of a handle does, so that none slips through.
    """
    unit.add(store.REVOKE_ACCESS_TOKENS_OF_CODE, expect=None, code_digest=code_digest, at=at)
    unit.add(store.REVOKE_REFRESH_TOKENS_OF_CODE, expect=None, code_digest=code_digest, at=at)
    unit.add(store.REVOKE_HANDLES_OF_CODE, expect=None, code_digest=code_digest, at=at)


def revoke_access_token(unit: Unit, token_digest: str, at: datetime) -> None:
    """Ends one access token and the handles of its grant, which nobody else could end.

    The grant's other tokens go on. The unit locks the token's consent.
    """
    unit.add(store.REVOKE_HANDLES_OF_ACCESS_TOKEN, expect=None, token_digest=token_digest, at=at)
    unit.add(store.REVOKE_ACCESS_TOKEN, expect=None, token_digest=token_digest, at=at)
