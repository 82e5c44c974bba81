"""Whether a host name or address is this machine itself."""

import ipaddress


def is_loopback(host: str) -> bool:
    """True for ``localhost`` and any loopback address, without asking a resolver."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
