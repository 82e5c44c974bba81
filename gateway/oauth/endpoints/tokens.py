"""A stored token as Authlib's endpoints ask about it, whichever kind it is."""

from datetime import datetime

from authlib.oauth2.rfc6749 import TokenMixin

from gateway.oauth.clients import RegisteredClient
from gateway.oauth.store import AccessTokenRow, HandleRow, RefreshTokenRow
from gateway.oauth.work import Work


class HeldToken(TokenMixin):  # type: ignore[misc]
    """An access token, a refresh token or a grant handle at an instant."""

    def __init__(self, row: AccessTokenRow | RefreshTokenRow | HandleRow, at: datetime) -> None:
        self.row = row
        self._at = at

    def check_client(self, client: RegisteredClient) -> bool:
        """Whether the token is the client's own."""
        return self.row.client_id == client.client_id

    def get_scope(self) -> str:
        """The token's scope."""
        return self.row.scope

    def is_expired(self) -> bool:
        """Whether its time is over; a refresh token ends with its consent."""
        return not isinstance(self.row, RefreshTokenRow) and self._at >= self.row.expires_at

    def is_revoked(self) -> bool:
        """Whether it, its client or its consent was taken back."""
        return not self.row.stands(self._at)


def loaded_token(work: Work) -> HeldToken | None:
    """What the request names, if there is any; handles are loaded for revocation only."""
    row = work.access or work.refresh or work.grant_handle
    return None if row is None else HeldToken(row, work.at)
