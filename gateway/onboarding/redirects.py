"""Addresses a client may register: where customers are sent back to, and pages of its own."""

from urllib.parse import urlsplit

from contracts import errors
from gateway.kit.addresses import is_loopback

_LENGTH_MOST = 500


def check(uri: str, *, sandbox: bool, field: str = "redirect_uris") -> None:
    """Raises ``InvalidField`` unless the address is https without fragment.

    FAPI 2.0 SP 5.3.2.2-8, RFC 6749 section 3.1.2. A sandbox also takes plain http on a loopback
    address, so that a developer can try the flow.
    """
    try:
        parts = urlsplit(uri)
        port_is_legal = parts.port is None or parts.port > 0
    except ValueError:
        raise errors.InvalidField("Not an address.", field=field) from None
    if not uri.isascii() or len(uri) > _LENGTH_MOST or any(not "!" <= each <= "~" for each in uri):
        raise errors.InvalidField(
            f"An address is visible ASCII of {_LENGTH_MOST} characters at most.", field=field
        )
    if "#" in uri or "@" in parts.netloc or not parts.hostname or not port_is_legal:
        raise errors.InvalidField("An address has a host, and no fragment or user.", field=field)
    if parts.scheme == "https":
        return
    if parts.scheme == "http" and sandbox and is_loopback(parts.hostname):
        return
    raise errors.InvalidField("The address must be https.", field=field)


def sector(uri: str) -> str:
    """The host that pairwise subjects are computed for (OpenID Connect Core section 8.1)."""
    return urlsplit(uri).hostname or ""
