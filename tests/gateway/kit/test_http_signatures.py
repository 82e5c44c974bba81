"""HTTP message signatures: RFC 9421's own examples, a foreign implementation, and what is refused.

`http-message-signatures` is the judge of every signature base that we write ourselves.
"""

from types import SimpleNamespace
from typing import Any

import http_sf
import httpx
import pytest
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver
from http_message_signatures.algorithms import ECDSA_P256_SHA256
from hypothesis import given
from hypothesis import strategies as st

from gateway.kit import jose
from gateway.kit.content_digest import check_content_digest, content_digest
from gateway.kit.signature_algorithms import verifies
from gateway.kit.signature_base import (
    AnswerMessage,
    Fields,
    RequestMessage,
    component_value,
    signature_base,
)
from gateway.kit.signature_fields import (
    SignatureRefused,
    component,
    parse_signatures,
    signature_params,
)

ORIGIN = "https://example.com"


def request_message(
    path: str = "/foo",
    query: str = "param=Value&Pet=dog",
    *headers: tuple[str, str],
    method: str = "POST",
    origin: str = ORIGIN,
) -> RequestMessage:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
    return RequestMessage(method=method, origin=origin, path=path, query=query, fields=Fields(raw))


# ---- RFC 9421 appendix B.2 ------------------------------------------------------------------

RFC_REQUEST = request_message(
    "/foo",
    "param=Value&Pet=dog",
    ("host", "example.com"),
    ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
    ("content-type", "application/json"),
    ("content-length", "18"),
)
RFC_ANSWER = AnswerMessage(
    status=200,
    fields=Fields(
        [
            (b"Date", b"Tue, 20 Apr 2021 02:07:56 GMT"),
            (b"Content-Type", b"application/json"),
            (
                b"Content-Digest",
                b"sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rj"
                b"Juahq4l5aGgfLQ==:",
            ),
            (b"Content-Length", b"23"),
        ]
    ),
    request=RFC_REQUEST,
)
RFC_ED25519 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "JrQLj5P_89iXES9-vFgrIy29clF9CC_oPPsw3c5D0bs",
}
RFC_P256 = {
    "kty": "EC",
    "crv": "P-256",
    "x": "qIVYZVLCrPZHGHjP17CTW0_-D9Lfw0EkjqF7xB4FivA",
    "y": "Mc4nN9LTDOBhfoUeg8Ye9WedFRhnZXZJA12Qp0zZ6F0",
}


def test_the_rfc_s_request_signed_with_ed25519_verifies() -> None:
    (made,) = parse_signatures(
        [
            b'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length")'
            b';created=1618884473;keyid="test-key-ed25519"'
        ],
        [
            b"sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQ"
            b"v5lIp5WPpBKRCw==:"
        ],
    )
    signed = signature_base(RFC_REQUEST, made.components, made.params)
    assert verifies(jose.parse_public_jwk(RFC_ED25519), "ed25519", signed, made.signature)
    assert not verifies(jose.parse_public_jwk(RFC_ED25519), None, signed + b"\n", made.signature)


def test_the_rfc_s_answer_signed_with_ecdsa_verifies() -> None:
    (made,) = parse_signatures(
        [
            b'sig-b24=("@status" "content-type" "content-digest" "content-length")'
            b';created=1618884473;keyid="test-key-ecc-p256"'
        ],
        [
            b"sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlY"
            b"UEkLIj+32oiasw==:"
        ],
    )
    signed = signature_base(RFC_ANSWER, made.components, made.params)
    assert verifies(jose.parse_public_jwk(RFC_P256), None, signed, made.signature)
    check_content_digest(RFC_ANSWER.fields.combined("content-digest"), b'{"message": "good dog"}')


# ---- The base, component by component -------------------------------------------------------


@pytest.mark.parametrize(
    ("clause", "written", "value"),
    [
        ("2.2.1", '"@method"', "POST"),
        ("2.2.2", '"@target-uri"', "https://example.com/a%2Fb?x=1&x=2&q=a+b%20%7E"),
        ("2.2.3", '"@authority"', "example.com"),
        ("2.2.4", '"@scheme"', "https"),
        ("2.2.5", '"@request-target"', "/a%2Fb?x=1&x=2&q=a+b%20%7E"),
        ("2.2.6", '"@path"', "/a%2Fb"),
        ("2.2.7", '"@query"', "?x=1&x=2&q=a+b%20%7E"),
        ("2.2.8", '"@query-param";name="q"', "a%20b%20%7E"),
        ("2.1", '"x-two"', "a, b"),
        ("2.1 with an empty line", '"x-empty"', ""),
        ("2.1.1", '"content-digest";sf', "sha-256=:AAAA:"),
        ("2.1.2", '"x-dict";key="a"', "?1"),
        ("2.1.2", '"x-dict";key="b"', '2;x=1;y="q"'),
        ("2.1.2", '"x-dict";key="c"', '(a "b");p'),
        ("2.1.3", '"x-two";bs', ":YQ==:, :Yg==:"),
    ],
)
def test_each_component_is_resolved_as_its_clause_says(
    clause: str, written: str, value: str
) -> None:
    message = request_message(
        "/a%2Fb",
        "x=1&x=2&q=a+b%20%7E",
        ("X-Two", "  a "),
        ("x-two", "b"),
        ("x-empty", ""),
        ("content-digest", "sha-256=:AAAA:  "),
        ("x-dict", 'a, b=2;x=1;y="q",   c=(a   "b");p'),
    )
    (made,) = parse_signatures([f"s=({written})".encode()], [b"s=:AA==:"])
    assert component_value(message, made.components[0]) == value


@pytest.mark.parametrize(
    ("origin", "authority", "scheme"),
    [
        ("https://Bank.Example:443", "bank.example", "https"),
        ("http://127.0.0.1:80", "127.0.0.1", "http"),
        ("https://bank.example:8443", "bank.example:8443", "https"),
        ("http://[::1]:8400", "[::1]:8400", "http"),
    ],
)
def test_the_authority_is_the_configured_one_without_its_default_port(
    origin: str, authority: str, scheme: str
) -> None:
    message = request_message("/", "", ("host", "evil.example"), origin=origin)
    assert component_value(message, component("@authority")) == authority
    assert component_value(message, component("@scheme")) == scheme
    assert component_value(message, component("@target-uri")) == f"{origin}/"


@pytest.mark.parametrize(
    ("why", "written"),
    [
        ("2.1: the field is absent", '"x-absent"'),
        ("2.2: unknown", '"@nothing"'),
        ("2.2.9: of answers only", '"@status"'),
        ("2.2.1: takes no parameter", '"@method";sf'),
        ("2.2.8: occurs twice", '"@query-param";name="x"'),
        ("2.2.8: does not occur", '"@query-param";name="y"'),
        ("2.2.8: no name", '"@query-param"'),
        ("2.2.8: the name is a token", '"@query-param";name=q'),
        ("2.4: a request answers nothing", '"@method";req'),
        ("2.1.1: no known structured type", '"x-two";sf'),
        ("2.1.1: sf is a flag", '"content-digest";sf=1'),
        ("2.1.2: not a dictionary", '"x-bad";key="a"'),
        ("2.1.2: no such member", '"x-dict";key="z"'),
        ("2.1.2: the key is a token", '"x-dict";key=a'),
        ("2.1.3: bs is a flag", '"x-two";bs=1'),
        ("2.5.2: bs and key exclude each other", '"x-dict";bs;key="a"'),
        ("2.5.2: bs and sf exclude each other", '"content-digest";bs;sf'),
        ("2.1.4: there are no trailers", '"x-two";tr'),
        ("2.5.2: an unknown parameter", '"x-two";zz'),
        ("2.5: a line break would forge a line", '"x-lf"'),
        ("2.5: only ASCII", '"x-latin"'),
    ],
)
def test_what_cannot_be_resolved_is_refused(why: str, written: str) -> None:
    message = request_message(
        "/",
        "x=1&x=2&q=3",
        ("x-two", "a"),
        ("x-two", "b"),
        ("x-bad", "a="),
        ("content-digest", "sha-256=:AAAA:"),
        ("x-dict", "a=1"),
        ("x-lf", 'a\n"@method": GET'),
        ("x-latin", "é"),
    )
    (made,) = parse_signatures([f"s=({written})".encode()], [b"s=:AA==:"])
    with pytest.raises(SignatureRefused):
        signature_base(message, made.components, made.params)


def test_a_query_of_too_many_parameters_covers_none() -> None:
    message = request_message("/", "&".join(f"a{number}=1" for number in range(65)))
    with pytest.raises(SignatureRefused, match="too many"):
        component_value(message, component("@query-param", name="a1"))


# ---- The fields -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("why", "inputs", "signatures"),
    [
        ("no Signature", ["a=()"], []),
        ("no Signature-Input", [], ["a=:AA==:"]),
        ("not a dictionary", ["a=("], ["a=:AA==:"]),
        ("a label in one field only", ["a=()"], ["b=:AA==:"]),
        ("a label twice", ["a=(), a=()"], ["a=:AA==:"]),
        ("a label twice over two lines", ["a=()", "a=()"], ["a=:AA==:"]),
        ("a signature twice", ["a=()"], ["a=:AA==:", "a=:AQ==:"]),
        ("a member that is no list", ["a=1"], ["a=:AA==:"]),
        ("a signature that is text", ["a=()"], ['a="x"']),
        ("a signature with parameters", ["a=()"], ["a=:AA==:;x"]),
        ("a component twice", ['a=("x" "x")'], ["a=:AA==:"]),
        ("a component twice, reordered", ['a=("x";sf;key="k" "x";key="k";sf)'], ["a=:AA==:"]),
        ("a component in capitals", ['a=("Date")'], ["a=:AA==:"]),
        ("a component that is a token", ["a=(date)"], ["a=:AA==:"]),
        ("a component that is no name", ['a=("a b")'], ["a=:AA==:"]),
        ("an empty component", ['a=("")'], ["a=:AA==:"]),
        ("a parameter twice", ["a=();created=1;created=2"], ["a=:AA==:"]),
        ("an unknown parameter", ["a=();trust=1"], ["a=:AA==:"]),
        ("created as text", ['a=();created="1"'], ["a=:AA==:"]),
        ("created as a fraction", ["a=();created=1.0"], ["a=:AA==:"]),
        ("created as a flag", ["a=();created"], ["a=:AA==:"]),
        ("created as a date", ["a=();created=@1"], ["a=:AA==:"]),
        ("keyid as a token", ["a=();keyid=k"], ["a=:AA==:"]),
        ("an empty keyid", ['a=();keyid=""'], ["a=:AA==:"]),
        ("a keyid without end", [f'a=();keyid="{"k" * 257}"'], ["a=:AA==:"]),
        ("too many signatures", [",".join(f"a{n}=()" for n in range(5))],
         [",".join(f"a{n}=:AA==:" for n in range(5))]),
        ("too many components", [f"a=({' '.join(chr(34) + f'x{n}' + chr(34) for n in range(33))})"],
         ["a=:AA==:"]),
        ("a field without end", [f"a=({' ' * 9000})"], ["a=:AA==:"]),
        ("a signature without end", ["a=()"], [f"a=:{'A' * 9000}:"]),
        ("bytes that are no text", ["a=(\xff)"], ["a=:AA==:"]),
        ("NUL", ["a=(\x00)"], ["a=:AA==:"]),
    ],
)  # fmt: skip
def test_fields_are_read_strictly(why: str, inputs: list[str], signatures: list[str]) -> None:
    with pytest.raises(SignatureRefused):
        parse_signatures(
            [line.encode("latin-1") for line in inputs],
            [line.encode("latin-1") for line in signatures],
        )


def test_the_list_of_components_is_taken_as_strictly_serialized() -> None:
    (made,) = parse_signatures([b'a=(  "x"  "y";sf );created=01;tag="t"'], [b"a=:AA==:"])
    assert made.params == '("x" "y";sf);created=1;tag="t"'
    assert signature_params(made.components, created=1, tag="t") == made.params


@given(st.binary(max_size=200) | st.text(alphabet="a=(\"x-y@;:, )0123sf\\'?", max_size=80))
def test_whatever_is_sent_is_read_or_refused(sent: bytes | str) -> None:
    raw = sent.encode() if isinstance(sent, str) else sent
    for inputs, signatures in (([raw], [b"a=:AA==:"]), ([b"a=()"], [raw]), ([raw], [raw])):
        try:
            made = parse_signatures(inputs, signatures)
        except SignatureRefused:
            continue
        # What passes means to the library what it means to us.
        theirs: Any = http_sf.parse(b", ".join(inputs), tltype="dictionary")
        assert [one.label for one in made] == list(theirs)
        assert [one.params for one in made] == [http_sf.ser([theirs[one.label]]) for one in made]


# ---- Against the foreign implementation -----------------------------------------------------

TEXT = st.text(alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=20)
QUERY = st.dictionaries(
    st.text(min_size=1, max_size=6), st.text(max_size=10), min_size=1, max_size=4
)
WRITTEN = [
    "@method",
    "@target-uri",
    "@authority",
    "@scheme",
    "@path",
    "@query",
    "@request-target",
    "authorization",
    '"x-two"',
    '"x-two";bs',
    '"content-digest";key="sha-256"',
    '"content-digest";sf',
]
SIGNER = HTTPMessageSigner(
    signature_algorithm=ECDSA_P256_SHA256,
    key_resolver=MappingKeyResolver(public_keys={}, private_keys={}),
)


class Lines(dict[str, str]):
    """Header fields that keep their lines apart, as the library wants them."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        super().__init__(lines)
        self._lines = lines

    def items(self) -> Any:
        return self._lines


@given(
    st.lists(st.sampled_from(WRITTEN), min_size=1, unique=True),
    st.sampled_from(["GET", "POST", "DELETE"]),
    st.sampled_from(["/", "/v1/orders", "/a%20b/c;d"]),
    QUERY,
    TEXT.filter(bool),
    TEXT,
    TEXT,
)
def test_our_base_is_theirs(
    written: list[str],
    method: str,
    path: str,
    query: dict[str, str],
    authorization: str,
    one: str,
    two: str,
) -> None:
    url = httpx.URL("https://bank.example:8443" + path, params=query)
    headers = [
        ("authorization", authorization),
        ("x-two", one),
        ("x-two", two),
        ("content-digest", content_digest(b"body")),
    ]
    foreign = SimpleNamespace(method=method, url=str(url), headers=Lines(headers))
    name = next(iter(query))
    covered = [*written, f'"@query-param";name="{encoded_name(name)}"']
    prepared = SIGNER.prepare(
        foreign, key_id="k", covered_component_ids=covered, use_existing_digest=True
    )
    ours = RequestMessage(
        method=method,
        origin="https://bank.example:8443",
        path=url.raw_path.partition(b"?")[0].decode(),
        query=url.query.decode(),
        fields=Fields((name.encode(), value.encode()) for name, value in headers),
    )
    (made,) = parse_signatures([b"s=" + prepared.signature_params.encode()], [b"s=:AA==:"])
    assert made.params == prepared.signature_params
    assert signature_base(ours, made.components, made.params) == prepared.signature_base


def encoded_name(name: str) -> str:
    """A parameter's name as RFC 9421 section 2.2.8 writes it."""
    unreserved = b"*-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    return "".join(
        chr(byte) if byte in unreserved else f"%{byte:02X}" for byte in name.encode("utf-8")
    )
