"""Bad input: an honest request at each endpoint, and every way in which one part of it is wrong.

Each way carries the status and error that its clause asks for. The parts that are not spoilt stay
honest and the same, so that whoever sends them all can afterwards ask whether one was used up.
"""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import msgspec
from joserfc.jwk import OctKey

from tests.gateway.oauth.partner import ISSUER, Confused, Partner, new_key, sign

WRONG_TEXTS = ("é中", "a" * 20_000, "a b", "[]", "%", "'\";--")


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it goes out."""

    path: str
    form: dict[str, str]
    proof: str | None = None
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def content(self) -> bytes:
        """The body: the form, unless a way of spoiling wrote another."""
        return urlencode(self.form).encode() if self.body is None else self.body


class Way(msgspec.Struct, frozen=True):
    """A way of being wrong, and what is answered to it."""

    name: str
    sent: Sent
    status: int
    error: str


def changed(sent: Sent, **changes: Any) -> Sent:
    """The request with some parts replaced."""
    return msgspec.structs.replace(sent, **changes)


def without(sent: Sent, name: str) -> Sent:
    """The request without a parameter."""
    return changed(sent, form={each: text for each, text in sent.form.items() if each != name})


def with_text(sent: Sent, name: str, text: str) -> Sent:
    """The request with another text in one parameter."""
    return changed(sent, form=sent.form | {name: text})


# ---- parameters ------------------------------------------------------------------------------

# parameter: what its absence is, and what a wrong text in it is; ``None`` where it is no error.
Expected = dict[str, tuple[str | None, str | None]]
CLIENT: Expected = {
    "client_id": (None, "invalid_client"),
    "client_assertion_type": ("invalid_client", "invalid_client"),
    "client_assertion": ("invalid_client", "invalid_client"),
}
PAR: Expected = CLIENT | {
    "response_type": ("invalid_request", "unsupported_response_type"),
    "response_mode": (None, "invalid_request"),
    "redirect_uri": ("invalid_request", "invalid_request"),
    "scope": ("invalid_scope", "invalid_scope"),
    "code_challenge": ("invalid_request", "invalid_request"),
    "code_challenge_method": ("invalid_request", "invalid_request"),
    "authorization_details": (None, "invalid_authorization_details"),
    "dpop_jkt": (None, "invalid_request"),
}
PAR_SIGNED: Expected = CLIENT | {"request": ("invalid_request", "invalid_request_object")}
CODE: Expected = CLIENT | {
    "grant_type": ("invalid_request", "unsupported_grant_type"),
    "code": ("invalid_request", "invalid_grant"),
    "redirect_uri": ("invalid_grant", "invalid_grant"),
    "code_verifier": ("invalid_grant", "invalid_grant"),
}
REFRESH: Expected = CLIENT | {
    "grant_type": ("invalid_request", "unsupported_grant_type"),
    "refresh_token": ("invalid_request", "invalid_grant"),
    "scope": (None, "invalid_scope"),
}
CLIENT_CREDENTIALS: Expected = CLIENT | {
    "grant_type": ("invalid_request", "unsupported_grant_type"),
    "scope": (None, "invalid_scope"),
}
REVOKE: Expected = CLIENT | {"token": ("invalid_request", None)}
INTROSPECT: Expected = CLIENT | {"token": ("invalid_request", None)}


def status_of(error: str) -> int:
    """RFC 6749 section 5.2: 401 for a client that is not authenticated, 400 for the rest."""
    return 401 if error == "invalid_client" else 400


def bad_parameters(sent: Sent, expected: Expected) -> Iterator[Way]:
    """Every parameter missing, empty, repeated, and holding what it cannot mean."""
    for name, (missing, wrong) in expected.items():
        if missing is not None:
            yield Way(f"{name} missing", without(sent, name), status_of(missing), missing)
            yield Way(f"{name} empty", with_text(sent, name, ""), status_of(missing), missing)
        if wrong is not None:
            for text in WRONG_TEXTS:
                spoilt = with_text(sent, name, text)
                yield Way(f"{name} is {text[:9]}", spoilt, status_of(wrong), wrong)
        honest = sent.content
        pair = urlencode({name: sent.form.get(name, "x")}).encode()
        for manner, body in (
            ("repeated", honest + b"&" + pair + b"&" + pair),
            ("repeated under an escape", honest + b"&" + pair + b"&%" + _escaped(pair)),
            ("with NUL", urlencode(sent.form | {name: "a\x00"}).encode()),
            ("not UTF-8", _without_pair(sent, name) + f"&{name}=%ff%fe".encode()),
            ("a lone surrogate", _without_pair(sent, name) + f"&{name}=%ed%a0%80".encode()),
            ("a broken escape", _without_pair(sent, name) + f"&{name}=%zz".encode()),
            ("raw bytes", _without_pair(sent, name) + f"&{name}=é".encode()),
        ):
            yield Way(f"{name} {manner}", changed(sent, body=body), 400, "invalid_request")


def _escaped(pair: bytes) -> bytes:
    return f"{pair[0]:02x}".encode() + pair[1:]


def _without_pair(sent: Sent, name: str) -> bytes:
    return without(sent, name).content


def bad_bodies(sent: Sent) -> Iterator[Way]:
    """Forms that are none, that are too large, and that come with a second authentication."""
    honest = sent.content
    thousands = b"&".join(b"p%d=x" % place for place in range(5_000))
    json_body = msgspec.json.encode(sent.form)
    for name, body in (
        ("an empty body", b""),
        ("JSON in a form's place", json_body),
        ("65 parameters", honest + b"".join(b"&p%d=x" % place for place in range(65))),
        ("thousands of parameters", honest + b"&" + thousands),
        ("thousands of empty pairs", honest + b"&" * 5_000),
        ("NUL", honest + b"&a=\x00"),
    ):
        # An empty body names no client, and neither does one that is a single odd name.
        error = "invalid_client" if name in ("an empty body", "JSON in a form's place") else ""
        if sent.path == "/oauth/token" and error:
            error = "invalid_request"
        error = error or "invalid_request"
        yield Way(name, changed(sent, body=body), status_of(error), error)
    large = changed(sent, body=honest + b"&x=" + b"a" * 70_000)
    yield Way("a body of 70 kB", large, 413, "invalid_request")
    for media_type in ("application/json", "multipart/form-data; boundary=x", "text/plain", ""):
        other = changed(sent, headers=(("content-type", media_type),))
        yield Way(f"media type {media_type}", other, 400, "invalid_request")
    for name, second in (
        ("Basic", changed(sent, headers=(("authorization", "Basic Y2xpOnNlY3JldA=="),))),
        ("a secret", with_text(sent, "client_secret", "s3cret")),
    ):
        yield Way(f"a second authentication: {name}", second, 400, "invalid_request")


# ---- assertions ------------------------------------------------------------------------------


def bad_assertions(sent: Sent, partner: Partner, stranger: Partner) -> Iterator[Way]:
    """Client assertions that prove nothing (RFC 7523 section 3, FAPI 2.0 SP 5.3.2.1)."""
    honest = sent.form["client_assertion"]
    spoilt = {
        "no JWT": "x.y",
        "five parts": "a.b.c.d.e",
        "cut off": honest[:-4],
        "a byte more": honest + "A",
        "padded": honest + "=",
        "alg none": f"{_segment({'alg': 'none'})}.{honest.split('.')[1]}.",
        "a member twice": _twice(partner),
        **_badly_signed(partner, stranger),
        **_badly_claimed(partner, stranger, ISSUER + sent.path),
    }
    for name, token in spoilt.items():
        way = with_text(sent, "client_assertion", token)
        yield Way(f"assertion: {name}", way, 401, "invalid_client")
    whose = with_text(sent, "client_id", stranger.client_id)
    yield Way("client_id of another", whose, 401, "invalid_client")


def _badly_signed(partner: Partner, stranger: Partner) -> dict[str, str]:
    make: Callable[..., str] = partner.assertion
    own = {"jwk": stranger.key.as_dict(private=False)}
    kinds = ("dpop+jwt", "oauth-authz-req+jwt", "token-introspection+jwt", "at+jwt", "logout+jwt")
    return {
        "alg RS256": make(key=new_key("PS256"), header={"alg": "RS256"}),
        "alg HS256": make(key=OctKey.generate_key(), header={"alg": "HS256"}),
        "key confusion": make(key=Confused(partner.key), header={"alg": "HS256"}),
        "another's key": make(key=stranger.key),
        "the DPoP key": make(key=partner.dpop_key, header={"kid": None}),
        "a key of its own": make(key=stranger.key, header=own),
        "kid unknown": make(header={"kid": "nobody"}),
        "crit": make(header={"crit": ["b64"], "b64": True}),
        **{f"typ {typ}": make(header={"typ": typ}) for typ in kinds},
    }


def _badly_claimed(partner: Partner, stranger: Partner, url: str) -> dict[str, str]:
    now = int(partner.now)
    make: Callable[..., str] = partner.assertion
    return {
        "aud the endpoint": make(aud=url),
        "aud an array": make(aud=[ISSUER]),
        "aud another": make(aud="https://other.example"),
        **{f"no {name}": make(**{name: None}) for name in ("aud", "sub", "iss", "jti", "exp")},
        "another's sub": make(sub=stranger.client_id),
        "another's iss": make(iss=stranger.client_id),
        "a client that is none": make(iss="nobody", sub="nobody"),
        "NUL in sub": make(iss="a\x00", sub="a\x00"),
        "expired": make(exp=now),
        "too long": make(exp=now + 3601),
        "from the future": make(iat=now + 61),
        "not yet": make(nbf=now + 61),
        "exp as text": make(exp=str(now + 60)),
        "jti as a number": make(jti=7),
        "jti too long": make(jti="j" * 257),
        "jti empty": make(jti=""),
    }


def _twice(partner: Partner) -> str:
    """An assertion with two `aud`, of which a careless reader takes the honest one."""
    now = int(partner.now)
    claims = {"iss": partner.client_id, "sub": partner.client_id, "jti": "twice", "exp": now + 60}
    doubled = f',"aud":"https://x","aud":"{ISSUER}"}}'.encode()
    payload = msgspec.json.encode(claims)[:-1] + doubled
    return sign({"alg": "ES256", "kid": partner.key.kid}, payload, partner.key)


def _segment(members: dict[str, Any]) -> str:
    return sign(members, b"{}", OctKey.generate_key()).split(".")[0]


# ---- proofs ----------------------------------------------------------------------------------


def bad_proofs(sent: Sent, partner: Partner) -> Iterator[Way]:
    """DPoP proofs that prove nothing (RFC 9449 section 4.3)."""
    now = int(partner.now)
    url = ISSUER + sent.path

    def make(**spoilt: Any) -> str:
        return partner.proof(url, **spoilt)

    rsa, secret = new_key("PS256"), OctKey.generate_key()
    spoilt = {
        "no JWT": "x",
        "an assertion": partner.assertion(),
        "alg none": f"{_segment({'alg': 'none', 'typ': 'dpop+jwt'})}.e30.",
        "alg RS256": make(key=rsa, header={"alg": "RS256"}),
        "alg HS256": make(key=secret, header={"alg": "HS256", "jwk": secret.as_dict()}),
        "a private key": make(header={"jwk": partner.dpop_key.as_dict(private=True)}),
        "no key": make(header={"jwk": None}),
        "another key": make(header={"jwk": new_key().as_dict(private=False)}),
        "no typ": make(header={"typ": None}),
        "typ JWT": make(header={"typ": "JWT"}),
        "crit": make(header={"crit": ["b64"], "b64": True}),
        "another method": make(htm="GET"),
        "another address": make(htu=f"{ISSUER}/oauth/other"),
        "no htu": make(htu=None),
        "no jti": make(jti=None),
        "jti too long": make(jti="j" * 257),
        "no iat": make(iat=None),
        "an hour old": make(iat=now - 3600),
        "a minute ahead": make(iat=now + 61),
        "iat as text": make(iat=str(now)),
        "oversized": make(x="a" * 10_000),
    }
    for name, proof in spoilt.items():
        yield Way(f"proof: {name}", changed(sent, proof=proof), 400, "invalid_dpop_proof")
    twice = changed(sent, headers=(("dpop", make()),))
    yield Way("proof: two headers", twice, 400, "invalid_dpop_proof")
