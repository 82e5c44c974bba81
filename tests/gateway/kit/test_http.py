"""The one sender: what it refuses to call, what it pins, and how it bounds an answer."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateway.kit import http
from gateway.kit.http import Answer, ForbiddenAddress, Unreachable, is_public, parse_url

Reply = Callable[[str], bytes]

# Loading the trust store takes 20 ms; the tests share one.
Sender = partial(http.Sender, tls=ssl.create_default_context())


def ok(_: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=b\r\n\r\nok"


class Server:
    """A loopback server that records the raw head of each request and answers fixed bytes."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.heads: list[str] = []
        self.connections = 0
        self.server_names: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                text = head.decode()
                length = int(text.lower().split("content-length: ")[1].split("\r\n")[0])
                await reader.readexactly(length)
                self.heads.append(text)
                writer.write(self.reply(text))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def running(reply: Reply = ok, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(reply)
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: server.server_names.append(name)
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()


def resolving(*answers: list[str]) -> Callable[[str, int], Awaitable[list[str]]]:
    """A resolver that gives each answer once, then the last one for ever: a rebinding name."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


@asynccontextmanager
async def opened(sender: http.Sender) -> AsyncIterator[http.Sender]:
    try:
        yield sender
    finally:
        await sender.close()


async def post(sender: http.Sender, url: str, timeout_seconds: float = 2.0) -> Answer:
    return await sender.post(url, b"{}", {"content-type": "application/json"}, timeout_seconds)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
        "100.100.100.200", "169.254.169.254", "168.63.129.16", "192.0.0.192", "192.0.2.1",
        "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1",
        "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::8.8.8.8", "2002:7f00:1::",
        "2002:808:808::1", "2001:0:5ef5:79fb::1", "2001:db8::1", "3fff::1", "100::1", "5f00::1",
    ],
)  # fmt: skip
async def test_an_address_off_the_open_internet_is_refused(address: str) -> None:
    async with opened(Sender(resolver=resolving([address]))) as sender:
        with pytest.raises(ForbiddenAddress):
            await sender.check("https://partner.test/hook")
        with pytest.raises(ForbiddenAddress):
            await post(sender, "https://partner.test/hook")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"]
)
async def test_an_address_of_the_open_internet_is_fit_to_be_called(address: str) -> None:
    await Sender(resolver=resolving([address])).check("https://partner.test/hook")


async def test_one_unfit_address_among_several_refuses_the_name() -> None:
    sender = Sender(resolver=resolving(["8.8.8.8", "10.0.0.1"]))
    with pytest.raises(ForbiddenAddress):
        await sender.check("https://partner.test/")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/",
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/",
        "https://127.1/", "https://0127.0.0.1/", "https://127.0.0.1./", "https://1.2.3.4.5/",
        "http://partner.test/", "ftp://partner.test/", "file:///etc/passwd", "//partner.test/",
        "https://", "https:///x", "https://user@partner.test/", "https://a:b@partner.test/",
        "https://partner.test:0/", "https://partner.test:99999/", "https://partner.test:/",
        "https://partner.test/#x", "https://partner.test\\@evil.test/", "https://partner.test/ x",
        "https://partner.test/\r\nx", "https://пример.test/", "https://par%74ner.test/",
        "https://[fe80::1%25eth0]/", "https://[::1", "https://localhost./",
        "https://partner..test/", "https://-a.test/", "https://①②⑦.0.0.1/",
        "https://a.test/" + "a" * 2048,
    ],
)  # fmt: skip
async def test_a_url_with_an_unfit_spelling_is_refused_before_resolving(url: str) -> None:
    sender = Sender(resolver=resolving(["8.8.8.8"]))
    with pytest.raises(ForbiddenAddress):
        await sender.check(url)
    with pytest.raises(ForbiddenAddress):
        await post(sender, url)


def test_a_url_is_rebuilt_from_its_checked_parts() -> None:
    assert parse_url("https://Partner.TEST/a/b?c=d&e=%20").url == (
        "https://partner.test:443/a/b?c=d&e=%20"
    )
    assert parse_url("https://[2606:4700:0::1111]:8443").url == "https://[2606:4700::1111]:8443/"


def test_mapped_forms_are_judged_by_the_address_inside() -> None:
    from_v4 = parse_url("https://[::ffff:10.1.2.3]/").host
    assert from_v4 == "::ffff:a01:203"
    assert not is_public(ipaddress.ip_address(from_v4))


async def test_localhost_is_refused_through_the_real_resolver() -> None:
    async with running() as server, opened(Sender()) as sender:
        with pytest.raises(ForbiddenAddress):
            await post(sender, f"https://localhost:{server.port}/")
    assert server.connections == 0


async def test_a_listed_host_and_port_may_be_called_over_http() -> None:
    async with running() as server, opened(Sender(listed=[f"127.0.0.1:{server.port}"])) as sender:
        answer = await post(sender, f"http://127.0.0.1:{server.port}/hook?x=1")
        with pytest.raises(ForbiddenAddress):
            await post(sender, f"http://127.0.0.1:{server.port + 1}/hook")
        with pytest.raises(ForbiddenAddress):
            await post(sender, f"http://localhost:{server.port}/hook")
    assert (answer.status, answer.body) == (200, b"ok")
    assert server.heads[0].startswith("POST /hook?x=1 HTTP/1.1\r\n")


async def test_a_name_that_rebinds_after_the_check_is_refused_when_connecting() -> None:
    async with running() as server:
        sender = Sender(resolver=resolving(["8.8.8.8"], ["127.0.0.1"]))
        async with opened(sender):
            await sender.check(f"https://partner.test:{server.port}/")
            with pytest.raises(ForbiddenAddress):
                await post(sender, f"https://partner.test:{server.port}/")
    assert server.connections == 0


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """The name resolves once for the connection, and the answer after it is never looked at."""
    async with running() as server:
        listed = [f"partner.test:{server.port}"]
        resolver = resolving(["127.0.0.1"], ["192.0.2.1"])
        async with opened(Sender(listed=listed, resolver=resolver)) as sender:
            for _ in range(2):
                await post(sender, f"http://partner.test:{server.port}/")
    assert server.connections == 1
    assert f"host: partner.test:{server.port}\r\n" in server.heads[0].lower()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_returned_and_never_followed(status: int) -> None:
    async with running() as inner:

        def redirect(_: str) -> bytes:
            location = f"Location: http://127.0.0.1:{inner.port}/"
            return f"HTTP/1.1 {status} Moved\r\n{location}\r\nContent-Length: 0\r\n\r\n".encode()

        async with running(redirect) as server:
            listed = [f"127.0.0.1:{server.port}", f"127.0.0.1:{inner.port}"]
            async with opened(Sender(listed=listed)) as sender:
                answer = await post(sender, f"http://127.0.0.1:{server.port}/")
    assert answer.status == status
    assert answer.headers["location"].endswith(f":{inner.port}/")
    assert inner.connections == 0


async def test_a_long_answer_is_cut_and_its_connection_dropped() -> None:
    def endless(_: str) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * 300_000

    async with (
        running(endless) as server,
        opened(Sender(listed=[f"127.0.0.1:{server.port}"])) as sender,
    ):
        for _ in range(2):
            answer = await post(sender, f"http://127.0.0.1:{server.port}/")
    assert len(answer.body) == 64 * 1024
    assert server.connections == 2


async def test_a_compressed_answer_is_not_unpacked() -> None:
    def packed(_: str) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"

    async with (
        running(packed) as server,
        opened(Sender(listed=[f"127.0.0.1:{server.port}"])) as sender,
    ):
        answer = await post(sender, f"http://127.0.0.1:{server.port}/")
    assert answer.body == b"abc"
    assert "accept-encoding: identity\r\n" in server.heads[0].lower()


async def test_no_cookie_is_kept_and_no_proxy_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with running() as server, opened(Sender(listed=[f"127.0.0.1:{server.port}"])) as sender:
        for _ in range(2):
            await post(sender, f"http://127.0.0.1:{server.port}/")
    assert server.connections == 1
    assert not any("cookie" in head.lower() for head in server.heads)


async def test_a_silent_a_dripping_and_a_closed_server_are_unreachable() -> None:
    async with (
        running(lambda _: b"") as silent,
        running(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nx") as dripping,
    ):
        ports = [silent.port, dripping.port]
        async with opened(Sender(listed=[f"127.0.0.1:{port}" for port in ports])) as sender:
            for port in ports:
                with pytest.raises(Unreachable, match=r"in time|broke off"):
                    await post(sender, f"http://127.0.0.1:{port}/", timeout_seconds=0.1)
    async with running() as gone:
        pass
    async with opened(Sender(listed=[f"127.0.0.1:{gone.port}"])) as sender:
        with pytest.raises(Unreachable, match="connection was refused"):
            await post(sender, f"http://127.0.0.1:{gone.port}/")


async def test_an_answer_that_is_not_http_is_unreachable() -> None:
    async with (
        running(lambda _: b"SSH-2.0-OpenSSH_9.6\r\n\r\n") as server,
        opened(Sender(listed=[f"127.0.0.1:{server.port}"])) as sender,
    ):
        with pytest.raises(Unreachable):
            await post(sender, f"http://127.0.0.1:{server.port}/")


async def test_a_name_that_does_not_resolve_is_unreachable() -> None:
    async def failing(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    async with opened(Sender(resolver=failing)) as sender:
        with pytest.raises(Unreachable):
            await sender.check("https://partner.test/")
        with pytest.raises(Unreachable):
            await post(sender, "https://partner.test/")


async def test_a_header_cannot_break_the_message() -> None:
    async with running() as server, opened(Sender(listed=[f"127.0.0.1:{server.port}"])) as sender:
        with pytest.raises(Unreachable):
            url = f"http://127.0.0.1:{server.port}/"
            await sender.post(url, b"", {"x": "a\r\nb: c"}, 1.0)
    assert server.heads == []


async def test_the_longest_unused_destination_makes_room_for_a_new_one() -> None:
    async with running() as first, running() as second:
        listed = [f"127.0.0.1:{server.port}" for server in (first, second)]
        async with opened(Sender(listed=listed, max_destinations=1)) as sender:
            for server in (first, second, first):
                await post(sender, f"http://127.0.0.1:{server.port}/")
    assert (first.connections, second.connections) == (2, 1)


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server context for `name`, and the client context that trusts only it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    issued = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, secret = folder / "server.pem", folder / "server.key"
    chain.write_bytes(issued.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, secret)
    return server, ssl.create_default_context(cafile=str(chain))


async def test_https_verifies_the_name_and_not_the_pinned_address(tmp_path: Path) -> None:
    server_tls, client_tls = certificate(tmp_path, "partner.test")
    async with running(tls=server_tls) as server:
        names = ["partner.test", "other.test"]
        listed = [f"{name}:{server.port}" for name in names]
        sender = Sender(listed=listed, resolver=resolving(["127.0.0.1"]), tls=client_tls)
        async with opened(sender):
            answer = await post(sender, f"https://partner.test:{server.port}/")
            with pytest.raises(Unreachable, match="certificate"):
                await post(sender, f"https://other.test:{server.port}/")
    assert answer.status == 200
    assert server.server_names == names
    assert len(server.heads) == 1
