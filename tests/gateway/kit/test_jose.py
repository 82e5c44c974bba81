"""The fast verifier against joserfc, and everything it refuses before any signature counts."""

import base64
import hmac
import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from gateway.kit import jose

REGISTRY = jws.JWSRegistry(
    algorithms=["ES256", "PS256", "EdDSA", "Ed25519", "RS256", "HS256", "none"],
    strict_check_header=False,
)
REGISTRY.max_header_length = 8000
KEYS: dict[str, Key] = {
    "ES256": ECKey.generate_key("P-256"),
    "PS256": RSAKey.generate_key(2048),
    "EdDSA": OKPKey.generate_key("Ed25519"),
    "Ed25519": OKPKey.generate_key("Ed25519"),
}
ALGORITHMS = st.sampled_from(sorted(KEYS))
CLAIMS = st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=5)
BASE64URL = string.ascii_letters + string.digits + "-_"


def encode(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(header: dict[str, Any], payload: bytes, key: Key) -> str:
    return jws.serialize_compact(header, payload, key, registry=REGISTRY)


def ours(token: str, key: Key) -> bytes | None:
    public = jose.parse_public_jwk(key.as_dict(private=False))
    try:
        return jose.verify_compact(token, public).payload
    except jose.JoseRefused:
        return None


def theirs(token: str, key: Key, algorithms: tuple[str, ...]) -> bytes | None:
    registry = jws.JWSRegistry(algorithms=list(algorithms), strict_check_header=False)
    registry.max_header_length = 8000
    try:
        return jws.deserialize_compact(token, key, registry=registry).payload
    except (JoseError, ValueError, TypeError):
        return None


def allowed(key: Key) -> tuple[str, ...]:
    return jose.parse_public_jwk(key.as_dict(private=False)).algorithms


@given(ALGORITHMS, CLAIMS)
@settings(deadline=None)
def test_valid_tokens_are_read_alike(algorithm: str, claims: dict[str, Any]) -> None:
    key = KEYS[algorithm]
    token = sign({"alg": algorithm, "typ": "x"}, json.dumps(claims).encode(), key)
    assert ours(token, key) == theirs(token, key, allowed(key)) is not None


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Key]:
    algorithm = draw(ALGORITHMS)
    key = KEYS[algorithm]
    token = sign({"alg": algorithm}, json.dumps(draw(CLAIMS)).encode(), key)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(token)))
        way = draw(st.sampled_from(("replace", "insert", "delete", "swap")))
        letter = draw(st.sampled_from(BASE64URL + ".=+/ \n\u00e9"))
        if way == "swap":
            parts = token.split(".")
            token = ".".join(draw(st.permutations(parts)))
        elif way == "insert":
            token = token[:at] + letter + token[at:]
        else:
            token = token[:at] + (letter if way == "replace" else "") + token[at + 1 :]
    return token, key


@given(st.text(BASE64URL + "=+/ \n\u00e9", max_size=12))
def test_base64url_has_one_spelling(text: str) -> None:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        canonical = base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text
    except ValueError:
        canonical = False
    if canonical:
        assert jose.decode_base64url(text) == raw
        assert jose.encode_base64url(raw) == text
    else:
        with pytest.raises(jose.JoseRefused):
            jose.decode_base64url(text)


NAMES = st.sampled_from(["a", "b", "\\u0061", "\\/", "/", "é", ""])
SPACES = st.sampled_from(["", " ", "\n"])


@st.composite
def objects(draw: st.DrawFn, depth: int = 2) -> str:
    """JSON text whose members may repeat, in whichever spelling and spacing."""
    members = []
    for name in draw(st.lists(NAMES, max_size=3)):
        value = draw(st.sampled_from(["1", "1.0", "1e2", '"x"', "null", "[]", '[{"a":1,"a":2}]']))
        if depth and draw(st.booleans()):
            value = draw(objects(depth - 1))
        members.append(f'"{name}"{draw(SPACES)}:{draw(SPACES)}{value}')
    return "{" + f",{draw(SPACES)}".join(members) + "}"


def repeats(text: str) -> bool:
    found = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(len(dict(pairs)) != len(pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=look)
    return any(found)


@given(objects())
def test_a_repeated_member_is_found_however_it_is_spelt(text: str) -> None:
    if repeats(text):
        with pytest.raises(jose.JoseRefused):
            jose.refuse_duplicates(text.encode())
    else:
        assert jose.refuse_duplicates(text.encode()) == json.loads(text)


@given(mutated())
@settings(deadline=None, max_examples=300)
def test_mutated_tokens_are_judged_alike(case: tuple[str, Key]) -> None:
    token, key = case
    assert ours(token, key) == theirs(token, key, allowed(key))


@given(
    ALGORITHMS,
    st.dictionaries(
        st.sampled_from(
            ["typ", "kid", "cty", "crit", "b64", "x5u", "jku", "x5c", "x5t", "zip", "epk"]
        ),
        st.sampled_from([None, 1, "", "JWT", "https://a", True, [], [1], ["b64"], {"a": 1}]),
        max_size=3,
    ),
    st.sampled_from(["ES256", "PS256", "EdDSA", "Ed25519", "RS256", "none", "es256", None]),
)
@settings(deadline=None, max_examples=300)
def test_strange_headers_are_never_accepted_where_joserfc_refuses(
    algorithm: str, members: dict[str, Any], claimed: str | None
) -> None:
    key = KEYS[algorithm]
    header = encode(members | ({} if claimed is None else {"alg": claimed}))
    model = REGISTRY.algorithms[algorithm]
    signing_input = f"{header}.{encode({'a': 1})}".encode()
    token = signing_input.decode() + "." + encode(model.sign(signing_input, key))
    accepted = ours(token, key)
    if accepted is not None:
        assert accepted == theirs(token, key, allowed(key))


@given(ALGORITHMS, ALGORITHMS)
@settings(deadline=None)
def test_an_algorithm_of_another_kind_of_key_is_refused(mine: str, named: str) -> None:
    key = KEYS[mine]
    public = jose.parse_public_jwk(key.as_dict(private=False))
    if named in public.algorithms:
        return
    header, payload = encode({"alg": named}), encode({"a": 1})
    model = REGISTRY.algorithms[mine]
    signing_input = f"{header}.{payload}".encode()
    token = signing_input.decode() + "." + encode(model.sign(signing_input, key))
    with pytest.raises(jose.JoseRefused, match="signature"):
        jose.verify_compact(token, public)


def test_an_rsa_key_does_not_verify_rs256() -> None:
    key = KEYS["PS256"]
    token = sign({"alg": "RS256"}, b"{}", key)
    with pytest.raises(jose.JoseRefused, match="alg"):
        jose.verify_compact(token, jose.parse_public_jwk(key.as_dict(private=False)))


def test_a_public_key_is_not_an_hmac_secret() -> None:
    key = KEYS["ES256"]
    signing_input = f"{encode({'alg': 'HS256'})}.{encode({})}".encode()
    mac = hmac.digest(key.as_pem(private=False), signing_input, "sha256")
    token = f"{signing_input.decode()}.{encode(mac)}"
    with pytest.raises(jose.JoseRefused, match="alg"):
        jose.verify_compact(token, jose.parse_public_jwk(key.as_dict(private=False)))


def test_a_signature_of_zeros_is_refused() -> None:
    key = KEYS["ES256"]
    token = f"{encode({'alg': 'ES256'})}.{encode({})}.{encode(bytes(64))}"
    assert ours(token, key) is None


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b'{"alg":"ES256","alg":"ES256"}', "repeats"),
        (b'{"alg":"ES256","\\u0061lg":"none"}', "repeats"),
        (b'{"alg":"ES256","jwk":{"kty":"EC","kty":"RSA"}}', "repeats"),
        (b'{"alg":"ES256","crit":["exp"]}', "extension"),
        (b'{"alg":"ES256","crit":["b64"],"b64":false}', "extension"),
        (b'{"alg":"none"}', "alg"),
        (b'{"typ":"JWT"}', "alg"),
        (b'{"alg":["ES256"]}', "alg"),
        (b'{"alg":"ES256","typ":1}', "typ"),
        (b'{"alg":"ES256","typ":null}', "typ"),
        (b'{"alg":"ES256","kid":7}', "kid"),
        (b"[]", "object"),
        (b'"ES256"', "object"),
        (b"{", "well-formed"),
        (b'{"alg":"ES256","x":NaN}', "well-formed"),
        (b'{"alg":"ES256","x":"\\ud800"}', "well-formed"),
        (b'{"alg":"ES256","x":"\xff"}', "well-formed"),
        (b"[" * 3000, "well-formed"),
        (b'{"alg":"ES256","x":"' + b"a" * 4000 + b'"}', "too long"),
    ],
)
def test_headers_that_are_refused(header: bytes, reason: str) -> None:
    with pytest.raises(jose.JoseRefused, match=reason):
        jose.CompactReader().read(f"{encode(header)}.{encode({})}.{encode(b'x')}")


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "a.b", "a.b.c.d", "e30.e30.e30=", "e30.e3 0.e30", "e30.e31.e30", "é.é.é"],
)
def test_text_that_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(jose.JoseRefused):
        jose.CompactReader().read(token)


def test_a_token_above_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(jose.JoseRefused, match="too long"):
        jose.CompactReader().read("a" * (jose.TOKEN_LIMIT_CHARACTERS + 1))


def test_the_reader_remembers_no_more_headers_than_it_may() -> None:
    reader = jose.CompactReader(cached_headers=2)
    for kid in ("a", "b", "c", "a"):
        compact = reader.read(f"{encode({'alg': 'ES256', 'kid': kid})}.{encode({})}.{encode(b'')}")
        assert compact.header.kid == kid
    assert len(reader._headers) == 2


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_thumbprints_are_those_of_rfc_7638(algorithm: str) -> None:
    key = KEYS[algorithm]
    assert jose.thumbprint(key.as_dict(private=False)) == key.thumbprint()


def test_the_thumbprint_of_rfc_8037_appendix_a3() -> None:
    jwk = {"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert jose.thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def spoiled(algorithm: str, **members: Any) -> dict[str, Any]:
    kept = KEYS[algorithm].as_dict(private=False) | members
    return {name: value for name, value in kept.items() if value is not ...}


@pytest.mark.parametrize(
    ("jwk", "reason"),
    [
        (None, "not an object"),
        ([], "not an object"),
        (KEYS["ES256"].as_dict(private=True), "private"),
        (KEYS["PS256"].as_dict(private=True), "private"),
        (KEYS["EdDSA"].as_dict(private=True), "private"),
        ({"kty": "oct", "k": "AAAA"}, "private"),
        ({"kty": "oct"}, "kty"),
        ({"kty": ["EC"]}, "kty"),
        (spoiled("ES256", x=...), "lacks x"),
        (spoiled("ES256", x=1), "lacks x"),
        (spoiled("ES256", crv="P-384"), "P-256"),
        (spoiled("ES256", y="AA"), "length"),
        (spoiled("ES256", y=encode(bytes(32))), "curve"),
        (spoiled("ES256", x=spoiled("ES256")["x"] + "="), "canonical"),
        (spoiled("ES256", use="enc"), "use"),
        (spoiled("ES256", key_ops=["sign"]), "key_ops"),
        (spoiled("ES256", alg="ES384"), "alg"),
        (spoiled("PS256", alg="RS256"), "alg"),
        (spoiled("PS256", n=encode(b"\x01" * 100)), "2048"),
        (spoiled("PS256", e=encode(b"\x03")), "2048"),
        (spoiled("PS256", n=encode(b"\x00" + b"\xff" * 256)), "canonical number"),
        (spoiled("PS256", n=""), "canonical number"),
        (spoiled("EdDSA", crv="X25519"), "Ed25519"),
        (spoiled("EdDSA", x="AA"), "length"),
        (spoiled("EdDSA", kid=""), "kid"),
        (RSAKey.generate_key(1024).as_dict(private=False), "2048"),
        (ECKey.generate_key("P-384").as_dict(private=False), "P-256"),
    ],
)
def test_keys_that_are_refused(jwk: Any, reason: str) -> None:
    with pytest.raises(jose.JoseRefused, match=reason):
        jose.parse_public_jwk(jwk)
