"""A real TLS terminator on loopback: asks for client certificates and hands them on (RFC 9440).

Small on purpose: one request on a connection, HTTP/1.1, bodies with a length. It strips what only
it may say, and says it: `Client-Cert`, `Client-Cert-Chain`, whether an authority vouches for the
certificate, and the shared secret.
"""

import asyncio
import base64
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.certificates import Authority, Held

HOST = "127.0.0.1"
_OWN = (
    "client-cert",
    "client-cert-chain",
    "tessera-certificate-verified",
    "tessera-terminator",
    "connection",
)
_HEAD_LIMIT = 64 * 1024


class Terminator:
    """TLS in front, plain HTTP behind. ``trusted`` are self-signed certificates let in as well."""

    def __init__(
        self,
        upstream: int,
        secret: str,
        authority: Authority,
        server: Path,
        trusted: Sequence[Held] = (),
    ) -> None:
        self._upstream = upstream
        self._secret = secret
        self._authority = authority
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.load_cert_chain(server)
        # Optional: who presents none is a client all the same, and the gateway answers it.
        self.context.verify_mode = ssl.CERT_OPTIONAL
        self.context.load_verify_locations(cadata=authority.trust.decode())
        for held in trusted:
            self.context.load_verify_locations(cadata=held.der)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and its answer."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(_length(head))
            upstream, downstream = await asyncio.open_connection(HOST, self._upstream)
            try:
                downstream.write(self._rewritten(head, writer) + body)
                await downstream.drain()
                writer.write(await upstream.read(-1))
                await writer.drain()
            finally:
                downstream.close()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            pass
        finally:
            writer.close()

    def _rewritten(self, head: bytes, writer: asyncio.StreamWriter) -> bytes:
        first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
        kept = [line for line in lines if line.partition(b":")[0].lower().decode() not in _OWN]
        kept += [b"Connection: close", b"Tessera-Terminator: " + self._secret.encode()]
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        der = tls.getpeercert(binary_form=True)
        if der:
            kept.append(b"Client-Cert: :" + base64.b64encode(der) + b":")
            authority = ssl.PEM_cert_to_DER_cert(self._authority.trust.decode())
            kept.append(b"Client-Cert-Chain: :" + base64.b64encode(authority) + b":")
            # The handshake believes the self-signed ones of its list too; nobody vouches for those.
            if self._authority.vouches_for(der):
                kept.append(b"Tessera-Certificate-Verified: 1")
        return b"\r\n".join([first, *kept, b"", b""])


@contextmanager
def terminating(terminator: Terminator, port: int) -> Iterator[str]:
    """The terminator at a port until the block ends; yields its https address."""
    ready, ended = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(
            terminator.serve, HOST, port, ssl=terminator.context, limit=_HEAD_LIMIT
        )
        async with server:
            ready.set()
            await stop.wait()

    def work() -> None:
        try:
            loop.run_until_complete(run())
        finally:
            loop.close()
            ended.set()

    threading.Thread(target=work, daemon=True).start()
    if not ready.wait(10):
        raise RuntimeError("the terminator did not start")
    try:
        yield f"https://{HOST}:{port}"
    finally:
        loop.call_soon_threadsafe(stop.set)
        ended.wait(10)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
