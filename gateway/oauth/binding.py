"""What an access token is bound to: a DPoP key or a client certificate, never nothing."""

from typing import Literal

import msgspec


class Binding(msgspec.Struct, frozen=True):
    """The confirmation of a token (RFC 7800): `jkt` (RFC 9449 6) or `x5t#S256` (RFC 8705 3)."""

    method: Literal["jkt", "x5t#S256"]
    thumbprint: str

    @property
    def confirmation(self) -> dict[str, str]:
        """The `cnf` member of introspection."""
        return {self.method: self.thumbprint}

    @property
    def token_type(self) -> str:
        """How the token is presented: `DPoP` with a proof, else `Bearer` over mutual TLS."""
        return "DPoP" if self.method == "jkt" else "Bearer"

    @property
    def jkt(self) -> str | None:
        """The thumbprint of the DPoP key, where it is bound to one."""
        return self.thumbprint if self.method == "jkt" else None

    @property
    def x5t_s256(self) -> str | None:
        """The thumbprint of the certificate, where it is bound to one."""
        return self.thumbprint if self.method == "x5t#S256" else None


def stored_binding(jkt: str | None, x5t_s256: str | None) -> Binding:
    """The binding of a token's row, which has exactly one of the two."""
    if jkt is not None:
        return Binding("jkt", jkt)
    assert x5t_s256 is not None, "the table's check allows no token without a binding"
    return Binding("x5t#S256", x5t_s256)
