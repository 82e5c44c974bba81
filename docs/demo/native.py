"""A partner's client for the native contract: private_key_jwt, DPoP, PAR, PKCE and JSON."""

import base64
import hashlib
import json
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import keyring
from keyring import Partner
from wire import Ask, Broken, Exchange, Wire

METADATA_PATH = "/.well-known/oauth-authorization-server"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME_SECONDS = 60
ENDPOINTS = (
    "authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "token_endpoint",
    "jwks_uri",
)


@dataclass(frozen=True)
class Pushed:
    """An authorization request at the bank, and the secrets that its answer must match."""

    url: str
    state: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True)
class Token:
    """An access token with what it is good for."""

    value: str
    refresh: str
    scope: str
    authorization_details: list[dict[str, Any]]


class NativeClient:
    """One client of one partner; learns every address from the server's metadata."""

    def __init__(self, wire: Wire, address: str, partner: Partner) -> None:
        self._wire = wire
        self._address = address
        self._partner = partner
        self._metadata: dict[str, Any] = {}

    @property
    def issuer(self) -> str:
        """Who the server says it is, once ``read_metadata`` has checked that."""
        return str(self._metadata["issuer"])

    def read_metadata(self) -> Exchange:
        """RFC 8414: the issuer must be the address asked, and all endpoints must be its own."""
        exchange = self._wire.send(Ask("GET", self._address + METADATA_PATH, _headers()))
        metadata = exchange.expect(200).json
        if metadata["issuer"] != self._address:
            raise Broken(f"the issuer is {metadata['issuer']}, but we asked {self._address}")
        for name in ENDPOINTS:
            if urlsplit(metadata[name])[:2] != urlsplit(self._address)[:2]:
                raise Broken(f"the {name} is at another host: {metadata[name]}")
        self._metadata = metadata
        return exchange

    def client_token(self, scope: str) -> tuple[Exchange, Token]:
        """A token for what the client may do by itself (client_credentials)."""
        return self._token(
            {"grant_type": "client_credentials", "scope": scope},
            "grant_type: client_credentials",
            f"scope: {scope}",
        )

    def push(
        self, redirect_uri: str, scope: str, details: list[dict[str, Any]], *fields: str
    ) -> tuple[Exchange, Pushed]:
        """Pushes an authorization request (RFC 9126) bound to our DPoP key and a PKCE verifier."""
        verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        challenge = _base64url(hashlib.sha256(verifier.encode()).digest())
        form = {
            "client_id": self._partner.client_id,
            "response_type": "code",
            "redirect_uri": redirect_uri,
            "scope": scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "dpop_jkt": str(self._partner.dpop_key.thumbprint()),
            "authorization_details": json.dumps(details, ensure_ascii=False),
        }
        endpoint = self._metadata["pushed_authorization_request_endpoint"]
        exchange = self._post_form(endpoint, form, *fields)
        request_uri = exchange.expect(201).json["request_uri"]
        query = urlencode({"client_id": self._partner.client_id, "request_uri": request_uri})
        url = f"{self._metadata['authorization_endpoint']}?{query}"
        return exchange, Pushed(url, state, verifier, redirect_uri)

    def exchange_code(self, code: str, pushed: Pushed) -> tuple[Exchange, Token]:
        """The code for tokens; worthless without our verifier and our key."""
        return self._token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": pushed.redirect_uri,
                "code_verifier": pushed.verifier,
            },
            "grant_type: authorization_code",
            "with PKCE verifier and DPoP proof",
        )

    def call(
        self,
        method: str,
        path: str,
        token: Token,
        *fields: str,
        content: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Exchange:
        """One call of the contract; its interaction id must come back (FAPI 2.0 advice 2.1.1)."""
        url = self._address + path
        interaction_id = str(uuid.uuid4())
        sent = _headers() | (headers or {})
        sent["Authorization"] = f"DPoP {token.value}"
        sent["DPoP"] = self._proof(method, url, token.value)
        sent["x-fapi-interaction-id"] = interaction_id
        body = b""
        if content is not None:
            sent["Content-Type"] = "application/json"
            body = json.dumps(content, ensure_ascii=False).encode()
        exchange = self._wire.send(Ask(method, url, sent, body), *fields)
        if exchange.reply.headers.get("x-fapi-interaction-id") != interaction_id:
            raise Broken("the answer does not carry our x-fapi-interaction-id")
        return exchange

    def _token(self, form: dict[str, str], *fields: str) -> tuple[Exchange, Token]:
        exchange = self._post_form(self._metadata["token_endpoint"], form, *fields)
        granted = exchange.expect(200).json
        if str(granted["token_type"]).lower() != "dpop":
            raise Broken(f"the token is not bound to our key: {granted['token_type']}")
        if exchange.reply.headers.get("cache-control") != "no-store":
            raise Broken("a token answer must not be stored, but its Cache-Control allows it")
        return exchange, Token(
            granted["access_token"],
            granted.get("refresh_token", ""),
            granted.get("scope", form.get("scope", "")),
            granted.get("authorization_details", []),
        )

    def _post_form(self, url: str, form: dict[str, str], *fields: str) -> Exchange:
        sent = _headers() | {
            "Content-Type": "application/x-www-form-urlencoded",
            "DPoP": self._proof("POST", url),
        }
        signed = form | {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(),
        }
        return self._wire.send(Ask("POST", url, sent, urlencode(signed).encode()), *fields)

    def _assertion(self) -> str:
        # FAPI 2.0 SP 5.3.2.1-8: the audience is the issuer alone, as one string.
        now = int(time.time())
        client_id = self._partner.client_id
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + ASSERTION_LIFETIME_SECONDS,
        }
        header = {"kid": self._partner.client_key.kid, "typ": "JWT"}
        return keyring.signed_jwt(self._partner.client_key, header, claims)

    def _proof(self, method: str, url: str, token: str = "") -> str:
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            # RFC 9449 section 4.2: without query and fragment.
            "htu": url.partition("?")[0],
            "iat": int(time.time()),
        }
        if token:
            claims["ath"] = _base64url(hashlib.sha256(token.encode()).digest())
        jwk = self._partner.dpop_key.as_dict(private=False)
        public = {name: jwk[name] for name in ("kty", "crv", "x", "y")}
        header = {"typ": "dpop+jwt", "jwk": public}
        return keyring.signed_jwt(self._partner.dpop_key, header, claims)


def _headers() -> dict[str, str]:
    return {"Accept": "application/json", "User-Agent": "tessera-demo"}


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
