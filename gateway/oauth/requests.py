"""Requests at the OAuth endpoints: as they arrive, and as the checks see them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from gateway.oauth.clients import RegisteredClient
from gateway.oauth.details import Details, DetailsChecker
from gateway.oauth.dpop import Proof
from gateway.oauth.store import CodeRow

Endpoint = Literal["par", "token", "revocation", "introspection"]
PATHS: dict[Endpoint, str] = {
    "par": "/oauth/par",
    "token": "/oauth/token",
    "revocation": "/oauth/revoke",
    "introspection": "/oauth/introspect",
}


class FormRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it arrived: its parameters, its DPoP headers, and whether it had a password."""

    form: dict[str, str]
    proofs: tuple[str, ...] = ()
    has_authorization: bool = False


class AuthenticatedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose client is proved, with everything the checks may look at."""

    endpoint: Endpoint
    form: Mapping[str, str]
    has_authorization: bool
    client: RegisteredClient
    proof: Proof | None
    details: Details | None
    code: CodeRow | None
    catalogue: DetailsChecker
    at: datetime
