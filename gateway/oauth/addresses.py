"""The server's external addresses: the ordinary ones, and the aliases for mutual TLS."""

from typing import Final, Literal

import msgspec

Endpoint = Literal["par", "token", "revocation", "introspection"]
PATHS: Final[dict[Endpoint, str]] = {
    "par": "/oauth/par",
    "token": "/oauth/token",
    "revocation": "/oauth/revoke",
    "introspection": "/oauth/introspect",
}


class Addresses(msgspec.Struct, frozen=True):
    """Where the server is reached, from configuration and never from a Host header.

    ``mtls`` is the start of the addresses behind the terminator that asks for client certificates
    (RFC 8705 section 5); empty where there is none.
    """

    issuer: str
    mtls: str = ""

    def external(self, *, at_mtls: bool) -> str:
        """The address that a request came to, without a path."""
        return (self.mtls if at_mtls and self.mtls else self.issuer).rstrip("/")

    def url(self, endpoint: Endpoint, *, at_mtls: bool = False) -> str:
        """The address of an endpoint as its caller writes it."""
        return self.external(at_mtls=at_mtls) + PATHS[endpoint]
