"""Clients as the protocol sees them: their facts, their parsed keys, and what they may ask."""

import re
from collections import OrderedDict

import msgspec
from authlib.oauth2.rfc6749 import ClientMixin

from gateway.kit import jose
from gateway.kit.clock import Clock
from gateway.oauth.scopes import split_scope
from gateway.onboarding.service import Client, Onboarding, parse_keys

AUTHENTICATION_METHOD = "private_key_jwt"
# RFC 8705 sections 2.1 and 2.2.
TLS_METHOD = "tls_client_auth"
SELF_SIGNED_METHOD = "self_signed_tls_client_auth"
# Every way of authenticating a client that the server knows, at every endpoint alike.
CLIENT_METHODS = (AUTHENTICATION_METHOD, TLS_METHOD, SELF_SIGNED_METHOD)
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

    def has_key(self, thumbprint: str) -> bool:
        """Whether the key with this RFC 7638 thumbprint is one of the client's own."""
        return any(key.thumbprint == thumbprint for key in self._keys)

    @property
    def authentication_method(self) -> str:
        """The one registered way in which it proves who it is."""
        return self.client.metadata.token_endpoint_auth_method

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
        """The registered method, at every endpoint, and no other."""
        return method == self.authentication_method

    def check_response_type(self, response_type: str) -> bool:
        """Only the code flow exists (SP 5.3.2.2-1)."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether the client is registered for the grant."""
        return grant_type in self.client.grant_types


class Sought(msgspec.Struct, frozen=True):
    """Keys that a request names: by `kid`, or by the RFC 7638 thumbprint of a certificate's key."""

    kids: tuple[str, ...] = ()
    thumbprint: str | None = None

    def are_among(self, keys: tuple[jose.PublicKey, ...]) -> bool:
        """Whether every one of them is known."""
        known = {key.kid for key in keys}
        if any(kid not in known for kid in self.kids):
            return False
        return self.thumbprint is None or any(key.thumbprint == self.thumbprint for key in keys)


class _ParsedKeys(msgspec.Struct, frozen=True):
    version: int
    keys: tuple[jose.PublicKey, ...]


class RegisteredClients:
    """Finds clients; what ``find`` answers is fresh, keys are parsed once per version of the row.

    Keys at a `jwks_uri` are those of the last minute (see ``KeySets``): naming one that is not
    among them has the set fetched anew, at most once in five seconds (OIDC Core 10.1.1).
    """

    def __init__(self, onboarding: Onboarding, clock: Clock) -> None:
        self._onboarding = onboarding
        self._clock = clock
        self._parsed: OrderedDict[str, _ParsedKeys] = OrderedDict()

    async def find(self, client_id: str, sought: Sought | None = None) -> RegisteredClient | None:
        """The client with its keys, or ``None`` also for text that cannot be a client's id."""
        if not _CLIENT_ID.fullmatch(client_id):
            return None
        client = await self._onboarding.find(client_id)
        if client is None:
            return None
        if client.metadata.jwks_uri is not None:
            return RegisteredClient(client, await self._fetched(client, sought))
        parsed = self._parsed.get(client_id)
        if parsed is None or parsed.version != client.version:
            parsed = self._parsed[client_id] = _ParsedKeys(client.version, parse_keys(client.jwks))
            if len(self._parsed) > CACHED_CLIENTS:
                self._parsed.popitem(last=False)
        else:
            self._parsed.move_to_end(client_id)
        return RegisteredClient(client, parsed.keys)

    def remembered(self, client_id: str) -> RegisteredClient | None:
        """The client as it was last read, if it was active then; it may have changed since.

        None of those whose keys are published elsewhere: for them, reading is the rule.
        """
        client = self._onboarding.remembered(client_id)
        parsed = self._parsed.get(client_id)
        if (
            client is None
            or parsed is None
            or parsed.version != client.version
            or client.status != "active"
            or client.metadata.jwks_uri is not None
        ):
            return None
        return RegisteredClient(client, parsed.keys)

    async def is_current(self, client: RegisteredClient) -> bool:
        """Whether the client is still as it was read."""
        return await self._onboarding.find(client.client_id) is client.client

    async def is_anothers(self, thumbprint: str | None, client: RegisteredClient) -> bool:
        """Whether a certificate's key is registered, and not for this client."""
        if thumbprint is None or client.has_key(thumbprint):
            return False
        return await self._onboarding.is_registered(thumbprint)

    async def _fetched(self, client: Client, sought: Sought | None) -> tuple[jose.PublicKey, ...]:
        if client.status != "active":
            # Refused anyway, so that nobody has us fetch for it.
            return ()
        if sought is not None and client.metadata.token_endpoint_auth_method != SELF_SIGNED_METHOD:
            # The certificates of an authority are not in the set; nobody looks for them there.
            sought = msgspec.structs.replace(sought, thumbprint=None)
        wanted = None if sought is None else sought.are_among
        return await self._onboarding.fetched_keys(client, self._clock.now(), wanted)
