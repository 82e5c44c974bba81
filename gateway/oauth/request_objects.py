"""Request objects (RFC 9101): an authorization request that its client signed, as it is pushed.

Only what is inside counts. The form around it carries the client's authentication; anything else
there is ignored, whether it agrees with the object or not (RFC 9126 section 3). An object may be
pushed again, after an answer that got lost: it opens nothing by itself, because every push is
authenticated by an assertion that counts once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from contracts import errors
from gateway.kit import jose
from gateway.oauth.clients import RegisteredClient

# Half of what a form may hold; authorization_details are most of it.
LIMIT_CHARACTERS: Final = 32 * 1024
CLAIMS_MOST: Final = 64
# What each claim must be, as JSON (RFC 9101 section 4: strings as strings, numbers as numbers;
# OpenID Connect Core section 6.1 and RFC 9396 section 3: structures as structures).
_TEXTS: Final = frozenset(
    (
        *("response_type", "client_id", "redirect_uri", "scope", "state", "response_mode"),
        *("code_challenge", "code_challenge_method", "dpop_jkt", "nonce", "ui_locales", "prompt"),
        *("acr_values", "login_hint", "id_token_hint", "claims_locales", "display"),
    )
)
_WHOLE_NUMBERS: Final = frozenset(("max_age",))
_STRUCTURES: Final[dict[str, type]] = {"claims": dict, "authorization_details": list}


class RequestObject(msgspec.Struct, frozen=True, kw_only=True):
    """A request object taken apart, with everything its checks may look at; it proves nothing."""

    compact: jose.Compact
    claims: Mapping[str, Any]
    client: RegisteredClient
    issuer: str
    at: datetime


class RequestObjects:
    """Takes request objects apart; one a process."""

    def __init__(self) -> None:
        self._reader = jose.CompactReader(limit_characters=LIMIT_CHARACTERS)

    def read(
        self, token: str, client: RegisteredClient, *, issuer: str, at: datetime
    ) -> RequestObject:
        """The object of a `request` parameter; raises ``InvalidRequestObject``.

        Read strictly: a compact JWS by an algorithm of FAPI 2.0 over a JSON object in which
        nothing, however deep, is said twice.
        """
        if token.count(".") == 4:
            raise errors.InvalidRequestObject(
                "The request object is encrypted; send it signed only, it travels over TLS."
            )
        try:
            compact = self._reader.read(token)
            claims = jose.strict_json_object(compact.payload)
        except jose.JoseRefused as refusal:
            raise errors.InvalidRequestObject(f"{refusal}.") from None
        if len(claims) > CLAIMS_MOST:
            raise errors.InvalidRequestObject("The request object has too many claims.")
        return RequestObject(compact=compact, claims=claims, client=client, issuer=issuer, at=at)


def parameters_of(signed: RequestObject) -> dict[str, str]:
    """What a checked object asks, as the form parameters it stands for.

    Claims that nobody here knows are ignored, like unknown parameters of a form. Raises
    ``InvalidRequestObject`` for a known one of another JSON type.
    """
    found = ((name, _parameter(name, value)) for name, value in signed.claims.items())
    # An empty parameter counts as one that was not sent (RFC 6749 section 3.1).
    return {name: text for name, text in found if text}


def _parameter(name: str, value: Any) -> str | None:
    if name in _TEXTS:
        if not isinstance(value, str) or "\x00" in value:
            raise errors.InvalidRequestObject(f"The claim {name} must be a string without NUL.")
        return value
    if name in _WHOLE_NUMBERS:
        if type(value) is not int:
            raise errors.InvalidRequestObject(f"The claim {name} must be a whole number.")
        return str(value)
    if name in _STRUCTURES:
        if not isinstance(value, _STRUCTURES[name]):
            raise errors.InvalidRequestObject(
                f"The claim {name} must be JSON itself, not a string that holds some."
            )
        return msgspec.json.encode(value).decode()
    return None
