"""Answers of the authorization endpoint: the redirect to the client, in plain words or signed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from gateway.kit.clock import Clock
from gateway.oauth.keys import SigningKeys

# JARM section 2.3.1 and 2.3.4: for the code flow, ``jwt`` is another name of ``query.jwt``.
SIGNED_MODES: Final = frozenset(("jwt", "query.jwt"))
RESPONSE_MODES: Final = ("query", "query.jwt", "jwt")
# JARM section 2.1 recommends ten minutes at most. A code lives for one; the rest is for clocks.
ANSWER_LIFETIME: Final = timedelta(minutes=5)
# JARM defines no type of its own. The claims keep the kinds apart: an ID token must have `sub` and
# `iat`, which an answer never has, and what clients sign never verifies with the server's keys.
ANSWER_TYPE: Final = "JWT"


class AuthorizationAnswers:
    """Writes the address that takes an answer back to its client, an error like a code."""

    def __init__(self, keys: SigningKeys, clock: Clock, *, issuer: str) -> None:
        self._keys = keys
        self._clock = clock
        self._issuer = issuer

    async def address(
        self,
        client_id: str,
        answer: Mapping[str, str],
        *,
        redirect_uri: str,
        state: str | None,
        response_mode: str | None,
    ) -> str:
        """The registered ``redirect_uri`` as it is, with the answer appended to its query.

        The answer holds `state` as it came, if it came (RFC 6749 section 4.1.2), and always `iss`
        (RFC 9207 section 2). In a signed mode all of it is inside a JWT for this client, and
        outside is nothing but `response` (JARM sections 2.1 and 2.3.1).
        """
        whole = dict(answer)
        if state is not None:
            whole["state"] = state
        whole["iss"] = self._issuer
        if response_mode in SIGNED_MODES:
            whole = {"response": await self._signed(client_id, whole)}
        separator = "&" if "?" in redirect_uri else "?"
        return f"{redirect_uri}{separator}{urlencode(whole)}"

    async def _signed(self, client_id: str, answer: Mapping[str, str]) -> str:
        expires_at = self._clock.now() + ANSWER_LIFETIME
        claims = {**answer, "aud": client_id, "exp": int(expires_at.timestamp())}
        return await self._keys.sign(claims, typ=ANSWER_TYPE)
