"""A partner's client for the native contract: private_key_jwt, DPoP, PAR, PKCE, signed JSON."""

import base64
import hashlib
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import keyring
import signatures
from joserfc.jwk import ECKey
from keyring import Partner
from wire import Ask, Broken, Exchange, Wire, is_nonce_challenge

METADATA_PATH = "/.well-known/oauth-authorization-server"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFETIME_SECONDS = 60
# The two servers that give nonces, each its own (RFC 9449 section 9).
AUTHORIZATION_SERVER, RESOURCES = "authorization server", "resources"
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
        self._bank_keys: dict[str, ECKey] = {}
        # The nonce that each server gave last; the next proof for it carries it.
        self._nonces: dict[str, str] = {}

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
        self._bank_keys = self._read_bank_keys()
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
        sent["x-fapi-interaction-id"] = interaction_id
        body = b""
        if content is not None:
            sent["Content-Type"] = "application/json"
            body = json.dumps(content, ensure_ascii=False).encode()

        def send() -> Exchange:
            proof = self._proof(method, url, RESOURCES, token.value)
            ask = Ask(method, url, sent | {"DPoP": proof}, body)
            return self._wire.send(ask, *fields) if method == "GET" else self._write(ask, *fields)

        exchange = self._with_nonce(RESOURCES, send)
        if exchange.reply.headers.get("x-fapi-interaction-id") != interaction_id:
            raise Broken("the answer does not carry our x-fapi-interaction-id")
        return exchange

    def _write(self, ask: Ask, *fields: str) -> Exchange:
        """Signed by us, and answered in a way that only the bank can, to this request only."""
        signed = signatures.signed(ask, self._partner.client_key)
        exchange = self._wire.send(signed, *fields, "signed (RFC 9421)")
        signatures.check_answer(signed, exchange.reply, self._bank_keys)
        exchange.tell("the bank's signature verifies, over our request too")
        return exchange

    def _read_bank_keys(self) -> dict[str, ECKey]:
        keys = self._wire.send(Ask("GET", self._metadata["jwks_uri"], _headers())).expect(200).json
        return {key["kid"]: ECKey.import_key(key) for key in keys["keys"]}

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
        def send() -> Exchange:
            sent = _headers() | {
                "Content-Type": "application/x-www-form-urlencoded",
                "DPoP": self._proof("POST", url, AUTHORIZATION_SERVER),
            }
            signed = form | {
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self._assertion(),
            }
            return self._wire.send(Ask("POST", url, sent, urlencode(signed).encode()), *fields)

        return self._with_nonce(AUTHORIZATION_SERVER, send)

    def _with_nonce(self, server: str, send: Callable[[], Exchange]) -> Exchange:
        """Sends; once more, signed anew, where the server first wants its nonce in the proof.

        RFC 9449 sections 8 and 9: a good answer brings the next nonce, so this is rare.
        """
        exchange = send()
        asked = is_nonce_challenge(exchange.reply)
        self._nonces[server] = exchange.reply.headers.get(
            "dpop-nonce", self._nonces.get(server, "")
        )
        if not asked:
            return exchange
        exchange.tell("use_dpop_nonce: sign again with the nonce of this answer")
        exchange = send()
        self._nonces[server] = exchange.reply.headers.get("dpop-nonce", self._nonces[server])
        return exchange

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

    def _proof(self, method: str, url: str, server: str, token: str = "") -> str:
        claims: dict[str, Any] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            # RFC 9449 section 4.2: without query and fragment.
            "htu": url.partition("?")[0],
            "iat": int(time.time()),
        }
        if self._nonces.get(server):
            claims["nonce"] = self._nonces[server]
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
