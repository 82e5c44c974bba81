"""Signed authorization requests as a test partner makes them, honest but for what a test spoils."""

from typing import Any

import httpx
from joserfc.jwk import Key

from tests.gateway.oauth.partner import (
    DETAILS,
    ISSUER,
    REDIRECT_URI,
    VERIFIER,
    Confused,
    Partner,
    challenge_of,
    post,
    sign,
)

TYPE = "oauth-authz-req+jwt"
NONE = object()


def request_object(
    partner: Partner,
    *,
    header: dict[str, Any] | None = None,
    key: Key | Confused | None = None,
    **claims: Any,
) -> str:
    """An honest object of the partner, but for what a test spoils; ``NONE`` leaves a claim out."""
    now = int(partner.now)
    usual: dict[str, Any] = {
        "iss": partner.client_id,
        "aud": ISSUER,
        "nbf": now,
        "exp": now + 300,
        "client_id": partner.client_id,
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "order.write order.read",
        "state": "inside",
        "code_challenge": challenge_of(VERIFIER),
        "code_challenge_method": "S256",
        "authorization_details": DETAILS,
    }
    kept = {name: value for name, value in (usual | claims).items() if value is not NONE}
    top = {"alg": partner.algorithm, "kid": partner.key.kid, "typ": TYPE} | (header or {})
    top = {name: value for name, value in top.items() if value is not NONE}
    return sign(top, kept, key or partner.key)


async def push(
    http: httpx.AsyncClient, partner: Partner, token: str, **fields: Any
) -> httpx.Response:
    return await post(http, "/oauth/par", partner.form(request=token, **fields))
