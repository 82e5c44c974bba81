"""Redirect addresses a client may register (FAPI 2.0 SP 5.3.2.2-8, RFC 6749 section 3.1.2)."""

from urllib.parse import urlsplit

from contracts import errors
from gateway.kit.addresses import is_loopback


def check(uri: str, *, sandbox: bool) -> None:
    """Raises ``InvalidField`` unless the address is https without fragment.

    A sandbox also takes plain http on a loopback address, so that a developer can try the flow.
    """
    try:
        parts = urlsplit(uri)
        port_is_legal = parts.port is None or parts.port > 0
    except ValueError:
        raise errors.InvalidField("Not an address.", field="redirect_uris") from None
    if not uri.isascii() or len(uri) > 500 or any(letter <= " " for letter in uri):
        raise errors.InvalidField(
            "A redirect address is visible ASCII of 500 characters at most.", field="redirect_uris"
        )
    if "#" in uri or parts.username or not parts.hostname or not port_is_legal:
        raise errors.InvalidField(
            "A redirect address has a host and neither fragment nor user.", field="redirect_uris"
        )
    if parts.scheme == "https":
        return
    if parts.scheme == "http" and sandbox and is_loopback(parts.hostname):
        return
    raise errors.InvalidField("A redirect address must be https.", field="redirect_uris")


def sector(uri: str) -> str:
    """The host that pairwise subjects are computed for (OpenID Connect Core section 8.1)."""
    return urlsplit(uri).hostname or ""
