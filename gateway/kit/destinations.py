"""Where the one sender may go: URLs that have one reading, and addresses of the open internet."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable
from urllib.parse import urlsplit

import msgspec

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

URL_LIMIT_CHARACTERS = 2048
DEFAULT_PORTS = {"https": 443, "http": 80}

# A host name whose last label starts with a letter. "2130706433", "0x7f.1" and "127.1" are not
# names: resolvers read them as IPv4 addresses, so they are refused as a spelling.
HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
# The characters of RFC 3986 without "#": parsers disagree on the meaning of all others.
PLAIN_URL = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")
LITERAL_V4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}", re.ASCII)

# Refused beyond what the registry calls "not global": the cloud fabric address of Azure, the 6to4
# relay, and the special-purpose blocks the standard library of Python 3.11 takes for global.
EXTRA_REFUSED = tuple(
    ipaddress.ip_network(block)
    for block in (
        "168.63.129.16/32",
        "192.0.0.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.175.48.0/24",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "2620:4f:8000::/48",
        "3fff::/20",
    )
)
UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
# The prefix an IPv6-only network's DNS64 answers with for an IPv4-only partner (RFC 6052).
TRANSLATED_V4 = ipaddress.IPv6Network("64:ff9b::/96")


class Unreachable(Exception):
    """No complete answer: unresolved, refused, broken off, not HTTP, or out of time."""


class ForbiddenAddress(Exception):
    """The URL is not one that Tessera calls: its scheme, spelling, or resolved address."""


class Target(msgspec.Struct, frozen=True):
    """A URL taken apart once, so that what was checked is what is called."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def destination(self) -> str:
        """`host:port`, as the operator lists it; IPv6 in brackets."""
        return destination_of(self.host, self.port)

    @property
    def url(self) -> str:
        """The URL rebuilt from the checked parts."""
        return f"{self.scheme}://{self.destination}{self.path}"


def destination_of(host: str, port: int) -> str:
    """`host:port`; IPv6 in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def parse_url(url: str) -> Target:
    """Split an absolute http(s) URL, or raise `ForbiddenAddress` for one that two parsers could
    read differently: user part, fragment, backslash, white space, non-ASCII, numeric host names.
    """
    if len(url) > URL_LIMIT_CHARACTERS or not PLAIN_URL.fullmatch(url):
        raise ForbiddenAddress("the URL holds characters that are not plain ASCII, or is too long")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ForbiddenAddress("the URL cannot be read") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise ForbiddenAddress("only https is called")
    if "@" in parts.netloc or port == 0 or parts.netloc.endswith(":"):
        raise ForbiddenAddress("the URL must name a host and at most a port")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = _plain_host(parts.hostname or "", bracketed="[" in parts.netloc)
    return Target(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], path)


def _plain_host(host: str, bracketed: bool) -> str:
    if bracketed or LITERAL_V4.fullmatch(host):
        try:
            # Refuses leading zeros, which some resolvers read as octal.
            return str(ipaddress.IPv6Address(host) if bracketed else ipaddress.IPv4Address(host))
        except ValueError as error:
            raise ForbiddenAddress("the host is not a plain address") from error
    if not HOST_NAME.fullmatch(host):
        raise ForbiddenAddress("the host is neither a plain name nor a plain address")
    return host


def as_address(text: str) -> Address | None:
    """The address that a text spells, or `None` for a name."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address belongs to the open internet, however it is wrapped.

    Mapped (`::ffff:a.b.c.d`) and translated (`64:ff9b::/96`) forms are judged by the IPv4 address
    inside; tunnels (6to4, Teredo) and everything outside global unicast are refused.
    """
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if inner is None and address in TRANSLATED_V4:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.scope_id is not None or address not in UNICAST_V6:
            return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address.version == block.version and address in block for block in EXTRA_REFUSED)


async def resolve_by_system(host: str, port: int) -> list[str]:
    """The addresses the machine's own resolver gives, in its order of preference."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressPolicy:
    """Decides which addresses may be called; the operator's `host:port` list is the only way out.

    A listed host and port may be called at whatever address it resolves to, and over http.
    """

    def __init__(self, listed: Iterable[str], resolver: Resolver) -> None:
        self._listed = frozenset(parse_url(f"http://{entry}").destination for entry in listed)
        self._resolver = resolver

    def target(self, url: str) -> Target:
        """The parts of a URL whose spelling and scheme are fit to be called."""
        target = parse_url(url)
        if target.scheme != "https" and target.destination not in self._listed:
            raise ForbiddenAddress("only https is called")
        return target

    async def addresses(self, host: str, port: int) -> list[str]:
        """Resolve a host and return its addresses, all of which are fit to be called.

        One unfit address among several refuses the whole answer: an honest name has none.
        """
        literal = as_address(host)
        if literal is not None:
            found = [host]
        else:
            found = await self._resolve(host, port)
        if destination_of(host, port) not in self._listed:
            for entry in found:
                address = as_address(entry)
                if address is None or not is_public(address):
                    raise ForbiddenAddress("the host is not on the open internet")
        return found

    async def _resolve(self, host: str, port: int) -> list[str]:
        try:
            found = await self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            raise Unreachable("the host name does not resolve") from error
        if not found:
            raise Unreachable("the host name does not resolve")
        return found
