"""The line to a gateway: an address to send to, the name it goes by, and answers or none."""

import ssl
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

_PATIENCE_SECONDS = 30.0


class Unanswered(Exception):
    """The call got no answer: it may or may not have happened."""


class Line:
    """Sends to ``address`` what is signed for ``issuer``; they differ where two run as one."""

    def __init__(
        self, issuer: str, address: str | None = None, *, trust: ssl.SSLContext | None = None
    ) -> None:
        self.issuer = issuer
        self._trust = trust
        self.address = address or issuer
        self._client = self._new_client()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        form: dict[str, str] | None = None,
    ) -> httpx.Response:
        """The answer, redirects not followed; raises ``Unanswered`` when the line breaks."""
        try:
            return self._client.request(
                method, path, headers=headers, content=body or None, data=form
            )
        except httpx.TransportError as broken:
            raise Unanswered(f"{method} {path}: {broken!r}") from None

    def reconnect(self) -> None:
        """Forgets every connection, as a caller does whose peer has died."""
        self._client.close()
        self._client = self._new_client()

    def close(self) -> None:
        """Lets go of every connection."""
        self._client.close()

    def _new_client(self) -> httpx.Client:
        # Loading the system's trust store takes longer than a whole call; nobody here needs it.
        return httpx.Client(
            base_url=self.address,
            timeout=_PATIENCE_SECONDS,
            verify=self._trust or False,
            trust_env=False,
            # Cookies belong to browsers, and several may share a line.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        )
