"""A small test partner: its keys, what it signs, its calls; it imports nothing of the gateway."""

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.flows import message_signing
from tests.flows.wire import Line

ALGORITHM = "ES256"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
PACKAGE = "commuter-wallet"
VERSION = "1.0.0"
SCENARIO = "travel_app"
CLIENT_SCOPE = "catalog.read event.subscribe"
CUSTOMER_SCOPE = "order.write order.read account.limits.read account.balance.read payment.initiate"
TOP_UP, RIDE, RIDE_CAP, DAY_CAP = 5_000, 300, 2_000, 10_000

_LIFETIME_SECONDS = 60


@dataclass(frozen=True)
class Keys:
    """A key for each purpose: to authenticate the client, and to prove who holds a token."""

    client: ECKey
    dpop: ECKey

    @classmethod
    def fresh(cls) -> "Keys":
        """New keys that nobody has registered."""
        client, dpop = (ECKey.generate_key("P-256", auto_kid=True) for _ in range(2))
        return cls(client, dpop)


@dataclass(frozen=True)
class Pushed:
    """An authorization request at the bank, with the secrets its answer must match."""

    client_id: str
    request_uri: str
    verifier: str
    state: str

    @property
    def path(self) -> str:
        """Where the customer's browser goes, below the bank's address."""
        query = urlencode({"client_id": self.client_id, "request_uri": self.request_uri})
        return f"/oauth/authorize?{query}"


@dataclass(frozen=True)
class Partner:
    """One client of one partner; ``clock`` tells the time its signatures carry."""

    line: Line
    keys: Keys
    client_id: str
    redirect_uri: str
    clock: Callable[[], float] = time.time
    # The last nonce of each server, which goes into the next proof (RFC 9449 section 8).
    nonces: dict[str, str] = field(default_factory=dict, compare=False)

    def through(self, line: Line) -> "Partner":
        """The same partner, sending elsewhere."""
        return replace(self, line=line)

    # ---- what it signs ---------------------------------------------------------------------

    def assertion(self) -> str:
        """A client assertion (private_key_jwt) for the issuer."""
        now = int(self.clock())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.line.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + _LIFETIME_SECONDS,
        }
        header = {"alg": ALGORITHM, "kid": self.keys.client.kid, "typ": "JWT"}
        return _signed(header, claims, self.keys.client)

    def proof(self, method: str, path: str, token: str = "", *, age_seconds: float = 0) -> str:
        """A DPoP proof for the issuer's own address, whichever line carries the call."""
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": self.line.issuer + path.partition("?")[0],
            "iat": int(self.clock() - age_seconds),
        }
        nonce = self.nonces.get(_server_at(path))
        if nonce is not None:
            claims["nonce"] = nonce
        if token:
            claims["ath"] = base64url(hashlib.sha256(token.encode()).digest())
        header = {"alg": ALGORITHM, "typ": "dpop+jwt", "jwk": public_jwk(self.keys.dpop)}
        return _signed(header, claims, self.keys.dpop)

    def sign(self, method: str, path: str, headers: dict[str, str], body: bytes) -> dict[str, str]:
        """The headers with a message signature by the client's key (RFC 9421)."""
        return message_signing.signed(
            headers,
            method=method,
            url=self.line.issuer + path,
            body=body,
            key=self.keys.client,
            created=self.clock(),
        )

    # ---- OAuth -----------------------------------------------------------------------------

    def oauth(self, path: str, form: dict[str, str]) -> httpx.Response:
        """A form at an OAuth endpoint, authenticated and with a proof."""

        def send() -> httpx.Response:
            authenticated = form | {
                "client_id": self.client_id,
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self.assertion(),
            }
            headers = {"DPoP": self.proof("POST", path)}
            return self.line.send("POST", path, headers=headers, form=authenticated)

        answer = send()
        return send() if self.is_challenged(path, answer) else answer

    def is_challenged(self, path: str, answer: httpx.Response) -> bool:
        """Keeps the answer's nonce; whether the request must be signed again because of it."""
        nonce = answer.headers.get("DPoP-Nonce")
        if nonce is None:
            return False
        self.nonces[_server_at(path)] = nonce
        if answer.status_code == 401:
            return 'error="use_dpop_nonce"' in answer.headers["WWW-Authenticate"]
        return answer.status_code == 400 and answer.json().get("error") == "use_dpop_nonce"

    def client_token(self, scope: str = CLIENT_SCOPE) -> httpx.Response:
        """Asks for what the client may do by itself."""
        return self.oauth("/oauth/token", {"grant_type": "client_credentials", "scope": scope})

    def push(
        self, details: list[dict[str, Any]] | None = None, scope: str = CUSTOMER_SCOPE
    ) -> tuple[httpx.Response, Pushed | None]:
        """Pushes an authorization request (PAR); the second is ``None`` when it was refused."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        answer = self.oauth(
            "/oauth/par",
            {
                "response_type": "code",
                "redirect_uri": self.redirect_uri,
                "scope": scope,
                "state": state,
                "code_challenge": base64url(hashlib.sha256(verifier.encode()).digest()),
                "code_challenge_method": "S256",
                "authorization_details": json.dumps(wallet() if details is None else details),
            },
        )
        if answer.status_code != 201:
            return answer, None
        request_uri = answer.json()["request_uri"]
        return answer, Pushed(self.client_id, request_uri, verifier, state)

    def exchange(self, code: str, pushed: Pushed) -> httpx.Response:
        """The code for tokens."""
        return self.oauth(
            "/oauth/token",
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": pushed.verifier,
            },
        )

    def refresh(self, refresh_token: str) -> httpx.Response:
        """A refresh token for an access token."""
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self.oauth("/oauth/token", form)

    def revoke_token(self, token: str) -> httpx.Response:
        """Gives an access or refresh token back."""
        return self.oauth("/oauth/revoke", {"token": token})

    # ---- the contract ----------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        token: str,
        content: Any = None,
        *,
        key: str | None = None,
        interaction_id: str | None = None,
        proof: str | None = None,
    ) -> httpx.Response:
        """A call with a token and a fresh proof, or the given one; ``key`` makes it idempotent."""
        headers = {
            "Authorization": f"DPoP {token}",
            "x-fapi-interaction-id": interaction_id or str(uuid.uuid4()),
        }
        if key is not None:
            headers["Idempotency-Key"] = key
        body = b""
        if content is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(content, ensure_ascii=False).encode()

        def send() -> httpx.Response:
            proved = headers | {"DPoP": proof or self.proof(method, path, token)}
            signed = self.sign(method, path, proved, body) if method != "GET" else proved
            return self.line.send(method, path, headers=signed, body=body)

        answer = send()
        return send() if self.is_challenged(path, answer) and proof is None else answer

    def place_order(
        self, token: str, key: str, reference: str, *, package: str = PACKAGE
    ) -> httpx.Response:
        """Places the order that the token's consent allows."""
        content = {"package": package, "version": VERSION, "reference": reference}
        return self.call("POST", "/v1/orders", token, content, key=key)

    def debit(
        self, token: str, mandate_id: str, key: str, amount: int = RIDE, *, reference: str = ""
    ) -> httpx.Response:
        """Debits a ride."""
        content = {"instructed_amount": fen(amount), "end_to_end_id": reference or key}
        return self.call("POST", f"/v1/mandates/{mandate_id}/debits", token, content, key=key)


def registration(keys: Keys, name: str, host: str) -> dict[str, Any]:
    """What a partner hands in to be registered, as the command line reads it."""
    return {
        "partner_name": name,
        "partner_name_zh": "旅行",
        "mark": name[:1],
        "scenarios": [SCENARIO],
        "redirect_uris": [f"https://{host}/bank/return"],
        "scope": f"openid {CLIENT_SCOPE} {CUSTOMER_SCOPE}",
        "jwks": {"keys": [public_jwk(keys.client) | {"alg": ALGORITHM, "use": "sig"}]},
    }


def registered(line: Line, keys: Keys, client: dict[str, Any], **clock: Any) -> Partner:
    """The partner behind a client document that a registration answered."""
    return Partner(line, keys, client["client_id"], client["redirect_uris"][0], **clock)


def wallet(
    top_up: int = TOP_UP, each: int = RIDE_CAP, daily: int = DAY_CAP, *, package: str = PACKAGE
) -> list[dict[str, Any]]:
    """The entries of ``authorization_details`` for the commuter wallet, the optional one out."""

    def entry(component: str, action: str, **amounts: Any) -> dict[str, Any]:
        named = {"package": package, "version": VERSION, "component": component}
        return {"type": "urn:tessera:package-order", **named, "actions": [action], **amounts}

    return [
        entry("purse", "open", top_up=fen(top_up)),
        entry("vault", "open"),
        entry("ride", "mandate", per_debit_cap=fen(each), daily_cap=fen(daily)),
    ]


def fen(minor_units: int) -> dict[str, Any]:
    """An amount as the contract writes it."""
    return {"minor_units": minor_units, "currency": "CNY"}


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a refused call."""
    return answer.status_code, answer.json().get("code", "")


def line_of(order: dict[str, Any], component: str) -> dict[str, Any]:
    """An order's line by its component."""
    found: dict[str, Any] = next(line for line in order["lines"] if line["component"] == component)
    return found


def code_in(location: str, pushed: Pushed, issuer: str) -> str:
    """The code in a redirect that answers ``pushed``; raises for any other redirect."""
    answer = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    if (answer.get("state"), answer.get("iss")) != (pushed.state, issuer):
        raise AssertionError(f"this redirect answers another request: {location}")
    return answer["code"]


def public_jwk(key: ECKey) -> dict[str, Any]:
    """The public half of a key, with nothing that is not needed."""
    members = key.as_dict(private=False)
    return {name: members[name] for name in ("kty", "crv", "x", "y", "kid")}


def base64url(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _server_at(path: str) -> str:
    return "as" if path.startswith("/oauth/") and path != "/oauth/userinfo" else "rs"


def _signed(header: dict[str, Any], claims: dict[str, Any], key: ECKey) -> str:
    return str(jwt.encode(header, claims, key, algorithms=[ALGORITHM]))
