"""Who is calling: what the door has already proved, carried to every service."""

from datetime import datetime
from typing import Any

import msgspec


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A verified caller; the person fields are ``None`` for a client acting for itself."""

    partner_id: str
    client_id: str
    scope: frozenset[str]
    at: datetime
    interaction_id: str
    customer_id: str | None = None
    subject: str | None = None
    consent_id: str | None = None
    authorization_details: tuple[dict[str, Any], ...] = ()
    acr: str = ""
    # How the token was presented, so that a refusal names the same scheme.
    token_type: str = "DPoP"  # noqa: S105 - a scheme's name
    channel: str = "native"
    # Which access token spoke, as it is stored; ``None`` where the caller brought none.
    token_digest: str | None = None

    @property
    def actor(self) -> str:
        """How audit records name this caller."""
        return f"client:{self.client_id}"
