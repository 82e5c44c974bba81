"""Clients as the protocol sees them: their facts, their parsed keys, and what they may ask."""

import re
from collections import OrderedDict

import msgspec
from authlib.oauth2.rfc6749 import ClientMixin

from gateway.kit import jose
from gateway.oauth.scopes import split_scope
from gateway.onboarding.service import Client, Onboarding

AUTHENTICATION_METHOD = "private_key_jwt"
CACHED_CLIENTS = 2048
_CLIENT_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class RegisteredClient(ClientMixin):  # type: ignore[misc]
    """A client with its authentication keys; answers the questions Authlib's grants ask."""

    __slots__ = ("_keys", "client", "client_id", "scopes")

    def __init__(self, client: Client, keys: tuple[jose.PublicKey, ...]) -> None:
        self.client = client
        self.client_id: str = client.client_id
        self.scopes = client.scopes
        self._keys = keys

    @property
    def is_live(self) -> bool:
        """Whether the client may use the server at all."""
        return self.client.status == "active"

    def candidates(self, algorithm: str, kid: str | None) -> list[jose.PublicKey]:
        """The keys that may have made a signature.

        By kind of key first and `kid` second: several keys may share a `kid` (SP 5.4.3).
        """
        fit = [key for key in self._keys if algorithm in key.algorithms]
        return fit if kid is None else [key for key in fit if key.kid == kid]

    def get_client_id(self) -> str:
        """The `client_id`."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """Never one: `redirect_uri` is always asked for (SP 5.3.2.2-6)."""
        return

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """The scope asked for when the client may have all of it, else nothing."""
        if not scope or not split_scope(scope) <= self.scopes:
            return None
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Exact comparison with the registered ones (RFC 9700 section 2.1)."""
        return redirect_uri in self.client.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """No client has a secret."""
        return False

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """One method at every endpoint."""
        return method == AUTHENTICATION_METHOD

    def check_response_type(self, response_type: str) -> bool:
        """Only the code flow exists (SP 5.3.2.2-1)."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether the client is registered for the grant."""
        return grant_type in self.client.grant_types


class _ParsedKeys(msgspec.Struct, frozen=True):
    version: int
    keys: tuple[jose.PublicKey, ...]


class RegisteredClients:
    """Finds clients; facts are always fresh, keys are parsed once per version of the row."""

    def __init__(self, onboarding: Onboarding) -> None:
        self._onboarding = onboarding
        self._parsed: OrderedDict[str, _ParsedKeys] = OrderedDict()

    async def find(self, client_id: str) -> RegisteredClient | None:
        """The client with its keys, or ``None`` also for text that cannot be a client's id."""
        if not _CLIENT_ID.fullmatch(client_id):
            return None
        client = await self._onboarding.find(client_id)
        if client is None:
            return None
        parsed = self._parsed.get(client_id)
        if parsed is None or parsed.version != client.version:
            parsed = self._parsed[client_id] = _ParsedKeys(client.version, _usable(client))
            if len(self._parsed) > CACHED_CLIENTS:
                self._parsed.popitem(last=False)
        else:
            self._parsed.move_to_end(client_id)
        return RegisteredClient(client, parsed.keys)


def _usable(client: Client) -> tuple[jose.PublicKey, ...]:
    keys = []
    for jwk in client.jwks:
        try:
            keys.append(jose.parse_public_jwk(jwk))
        except jose.JoseRefused:
            # A key for an algorithm that FAPI 2.0 does not know can sign nothing here.
            continue
    return tuple(keys)
