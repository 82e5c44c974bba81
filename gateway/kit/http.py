"""Everything that Tessera fetches from or posts to the outside goes through this one sender."""

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Iterable, Mapping

import aiohttp
import httpx
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from httpx_aiohttp import AiohttpTransport

from gateway.kit.destinations import (
    AddressPolicy,
    ForbiddenAddress,
    Resolver,
    Target,
    Unreachable,
    as_address,
    is_public,
    parse_url,
    resolve_by_system,
)

__all__ = [
    "AddressPolicy",
    "Answer",
    "ForbiddenAddress",
    "Sender",
    "Target",
    "Unreachable",
    "is_public",
    "parse_url",
]

BODY_LIMIT_BYTES = 64 * 1024
CONNECT_TIMEOUT_SECONDS = 5.0
IDLE_TIMEOUT_SECONDS = 20.0


class Answer(msgspec.Struct, frozen=True):
    """What came back; header names in lower case, the body cut at the sender's limit."""

    status: int
    headers: dict[str, str]
    body: bytes


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


class _Message(msgspec.Struct, frozen=True):
    """What is sent, and how much of the answer is read."""

    method: str
    body: bytes
    headers: Mapping[str, str]
    limit_bytes: int


class Sender:
    """Calls partners: checked addresses only, no redirect, cookies or proxy, bounded in all.

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
        message = _Message("POST", body, headers, self._body_limit_bytes)
        return await self._call(target, message, timeout_seconds)

    async def get(
        self, url: str, timeout_seconds: float, *, accept: str = "application/json"
    ) -> Answer:
        """Fetch a document once and return the answer, whatever its status.

        A redirect is an answer and not followed; the content type is the sender's word and proves
        nothing. Raises like `post`, and `Unreachable` for a body that is not whole within the
        sender's limit: half a document must not pass for one.
        """
        target = self._policy.target(url)
        # One byte more than may come, so that a body of exactly the limit is seen to be whole.
        message = _Message("GET", b"", {"accept": accept}, self._body_limit_bytes + 1)
        answer = await self._call(target, message, timeout_seconds)
        if len(answer.body) > self._body_limit_bytes:
            raise Unreachable("the answer is longer than what is read")
        return answer

    async def _call(self, target: Target, message: _Message, timeout_seconds: float) -> Answer:
        destination = await self._open(target)
        destination.in_flight += 1
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._exchange(destination, target, message, timeout_seconds)
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
        message: _Message,
        timeout_seconds: float,
    ) -> Answer:
        if as_address(target.host) is not None:
            # The connector asks its resolver for names only.
            await self._policy.addresses(target.host, target.port)
        connect = min(CONNECT_TIMEOUT_SECONDS, timeout_seconds)
        request = httpx.Request(
            message.method,
            target.url,
            headers={"accept-encoding": "identity", "user-agent": "Tessera", **message.headers},
            content=message.body,
            extensions={"timeout": {"connect": connect, "read": timeout_seconds}},
        )
        response = await destination.transport.handle_async_request(request)
        try:
            return Answer(
                response.status_code,
                {name.lower(): value for name, value in response.headers.items()},
                await _cut_body(response, message.limit_bytes),
            )
        finally:
            # An unread rest makes the connector close the connection instead of reusing it.
            await response.aclose()

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


async def _cut_body(response: httpx.Response, limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= limit_bytes:
            break
    return bytes(body[:limit_bytes])


def _reason(error: Exception) -> str:
    """A short public reason; library messages carry addresses and stay in the cause."""
    cause = error.__cause__ or error
    if isinstance(cause, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "the server's certificate was not accepted"
    if isinstance(cause, aiohttp.ClientConnectorError):
        return "the connection was refused"
    return "the exchange broke off"
