"""Everything that Tessera fetches from or posts to the outside goes through this one sender."""

import asyncio
import ipaddress
import re
import socket
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import urlsplit

import aiohttp
import httpx
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]

BODY_LIMIT_BYTES = 64 * 1024
URL_LIMIT_CHARACTERS = 2048
CONNECT_TIMEOUT_SECONDS = 5.0
IDLE_TIMEOUT_SECONDS = 20.0
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


class Answer(msgspec.Struct, frozen=True):
    """What came back; header names in lower case, the body cut at the sender's limit."""

    status: int
    headers: dict[str, str]
    body: bytes


class Target(msgspec.Struct, frozen=True):
    """A URL taken apart once, so that what was checked is what is called."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def destination(self) -> str:
        """`host:port`, as the operator lists it; IPv6 in brackets."""
        return _destination(self.host, self.port)

    @property
    def url(self) -> str:
        """The URL rebuilt from the checked parts."""
        return f"{self.scheme}://{self.destination}{self.path}"


def _destination(host: str, port: int) -> str:
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


def _as_address(text: str) -> Address | None:
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
        literal = _as_address(host)
        if literal is not None:
            found = [host]
        else:
            found = await self._resolve(host, port)
        if _destination(host, port) not in self._listed:
            for entry in found:
                address = _as_address(entry)
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


class _PinnedResolver(AbstractResolver):
    """Hands the connector only checked addresses, so it connects to what was checked.

    The connector asks once for each new connection and never resolves by itself; the name stays in
    the request, so the Host header, the TLS server name and the certificate check use the name.
    """

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._policy.addresses(host, port)
        return [
            ResolveResult(
                hostname=host,
                host=entry,
                port=port,
                family=socket.AF_INET6 if ":" in entry else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for entry in found
        ]

    async def close(self) -> None:
        return None


class _Destination:
    """The connections kept open to one scheme, host and port."""

    def __init__(self, transport: AiohttpTransport) -> None:
        self.transport = transport
        self.in_flight = 0


class Sender:
    """Posts to partners: checked addresses only, no redirect, cookies or proxy, bounded in all.

    `listed` holds the operator's exceptions as exact `host:port`. A destination keeps its own few
    connections; of more than `max_destinations` the longest unused one is closed. `tls` replaces
    the default trust store. Close it from the event loop it was used on.
    """

    def __init__(
        self,
        *,
        listed: Iterable[str] = (),
        resolver: Resolver = resolve_by_system,
        tls: ssl.SSLContext | None = None,
        max_destinations: int = 256,
        max_connections: int = 16,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
    ) -> None:
        self._policy = AddressPolicy(listed, resolver)
        self._tls = tls or httpx.create_ssl_context(trust_env=False)
        self._max_destinations = max_destinations
        self._max_connections = max_connections
        self._body_limit_bytes = body_limit_bytes
        self._destinations: OrderedDict[str, _Destination] = OrderedDict()

    async def check(self, url: str, timeout_seconds: float = CONNECT_TIMEOUT_SECONDS) -> None:
        """Refuse now a URL that `post` would refuse: `ForbiddenAddress`, or `Unreachable` when
        its host does not resolve. A later `post` checks again, because names move.
        """
        target = self._policy.target(url)
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._policy.addresses(target.host, target.port)
        except TimeoutError as error:
            raise Unreachable("the host name did not resolve in time") from error

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float
    ) -> Answer:
        """Post `body` once and return the answer, whatever its status (a redirect is an answer).

        `timeout_seconds` bounds the whole exchange, from resolving to the last byte read. Raises
        `ForbiddenAddress` before anything is sent, `Unreachable` when the outcome is unknown.
        """
        target = self._policy.target(url)
        destination = await self._open(target)
        destination.in_flight += 1
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._exchange(destination, target, body, headers, timeout_seconds)
        except TimeoutError as error:
            raise Unreachable("no complete answer in time") from error
        except (httpx.HTTPError, aiohttp.ClientError, OSError, ValueError) as error:
            raise Unreachable(_reason(error)) from error
        finally:
            destination.in_flight -= 1

    async def close(self) -> None:
        """Close every connection; the sender is not used afterwards."""
        while self._destinations:
            _, destination = self._destinations.popitem()
            await destination.transport.aclose()

    async def _exchange(
        self,
        destination: _Destination,
        target: Target,
        body: bytes,
        headers: Mapping[str, str],
        timeout_seconds: float,
    ) -> Answer:
        if _as_address(target.host) is not None:
            # The connector asks its resolver for names only.
            await self._policy.addresses(target.host, target.port)
        connect = min(CONNECT_TIMEOUT_SECONDS, timeout_seconds)
        request = httpx.Request(
            "POST",
            target.url,
            headers={"accept-encoding": "identity", "user-agent": "Tessera", **headers},
            content=body,
            extensions={"timeout": {"connect": connect, "read": timeout_seconds}},
        )
        response = await destination.transport.handle_async_request(request)
        try:
            return Answer(
                response.status_code,
                {name.lower(): value for name, value in response.headers.items()},
                await self._cut_body(response),
            )
        finally:
            # An unread rest makes the connector close the connection instead of reusing it.
            await response.aclose()

    async def _cut_body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) >= self._body_limit_bytes:
                break
        return bytes(body[: self._body_limit_bytes])

    async def _open(self, target: Target) -> _Destination:
        key = f"{target.scheme}://{target.destination}"
        destination = self._destinations.get(key)
        if destination is None:
            await self._make_room()
            destination = self._destinations.setdefault(key, _Destination(self._transport()))
        self._destinations.move_to_end(key)
        return destination

    async def _make_room(self) -> None:
        while len(self._destinations) >= self._max_destinations:
            idle = next((k for k, kept in self._destinations.items() if not kept.in_flight), None)
            if idle is None:
                raise Unreachable("too many destinations are being called at once")
            await self._destinations.pop(idle).transport.aclose()

    def _transport(self) -> AiohttpTransport:
        return AiohttpTransport(verify=self._tls, trust_env=False, client=self._session)

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            ssl=self._tls,
            resolver=_PinnedResolver(self._policy),
            use_dns_cache=False,
            limit=self._max_connections,
            keepalive_timeout=IDLE_TIMEOUT_SECONDS,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )


def _reason(error: Exception) -> str:
    """A short public reason; library messages carry addresses and stay in the cause."""
    cause = error.__cause__ or error
    if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "the server's certificate was not accepted"
    if isinstance(cause, aiohttp.ClientConnectorError):
        return "the connection was refused"
    return "the exchange broke off"
