"""HTTP message signatures (RFC 9421): we sign what we write, and believe answers that are signed.

A DPoP proof says who calls which address. A signature says what the whole request is: method,
address, token, proof, idempotency key and body. The bank's answer is signed in turn and bound to
our very request, so nobody in between can change it or put it to another question.
"""

import base64
import hashlib
import re
import time
from dataclasses import replace

import keyring
from joserfc.jwk import ECKey
from wire import Ask, Broken, Reply

REQUEST_TAG, ANSWER_TAG = "fapi-2-request", "fapi-2-response"
# Covered where a request has them; the first two are no fields and always there.
COVERED_FIELDS = ("authorization", "dpop", "idempotency-key", "content-digest")
FRESH_SECONDS = 60

_ANSWER = re.compile(
    r"sig1=(?P<params>\((?P<components>[^()]*)\);created=(?P<created>\d+)"
    rf';keyid="(?P<keyid>[^"]+)";tag="{ANSWER_TAG}")'
)


def signed(ask: Ask, key: ECKey) -> Ask:
    """The request with a digest of its body, where it has one, and a signature over both."""
    headers = dict(ask.headers)
    if ask.body:
        headers["Content-Digest"] = _digest(ask.body)
    fields = {name.lower(): value for name, value in headers.items()}
    covered = {'"@method"': ask.method, '"@target-uri"': ask.url}
    covered |= {f'"{name}"': fields[name] for name in COVERED_FIELDS if name in fields}
    created = int(time.time())
    params = f'({" ".join(covered)});created={created};keyid="{key.kid}";tag="{REQUEST_TAG}"'
    signature = keyring.raw_signature(key, _base(covered, params))
    headers["Signature-Input"] = f"sig1={params}"
    headers["Signature"] = f"sig1=:{base64.b64encode(signature).decode()}:"
    return replace(ask, headers=headers)


def check_answer(ask: Ask, reply: Reply, bank_keys: dict[str, ECKey]) -> None:
    """Raises ``Broken`` unless the bank signed this very answer to this very request just now."""
    found = _ANSWER.fullmatch(reply.headers.get("signature-input", ""))
    if found is None:
        raise Broken(f"the answer ({reply.status}) has no signature for us: {reply.body[:300]!r}")
    if abs(time.time() - int(found["created"])) > FRESH_SECONDS:
        raise Broken("the answer was not signed just now")
    there = {'"@status"': str(reply.status)}
    if reply.body:
        if reply.headers.get("content-digest") != _digest(reply.body):
            raise Broken("the answer's digest is not that of its body")
        there['"content-digest"'] = reply.headers["content-digest"]
    there |= {'"@method";req': ask.method, '"@target-uri";req': ask.url}
    for name in ("Content-Digest", "Signature", "Signature-Input"):
        if name in ask.headers:
            there[f'"{name.lower()}";req'] = ask.headers[name]
    listed = found["components"].split(" ")
    if set(listed) != set(there):
        raise Broken(f"the answer's signature covers something else: {found['components']}")
    key = bank_keys.get(found["keyid"])
    signature = base64.b64decode(reply.headers["signature"].removeprefix("sig1=:").rstrip(":"))
    text = _base({name: there[name] for name in listed}, found["params"])
    if key is None or not keyring.verifies_raw(key, text, signature):
        raise Broken("the answer's signature is not the bank's")


def _digest(body: bytes) -> str:
    # RFC 9530.
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _base(covered: dict[str, str], params: str) -> bytes:
    # RFC 9421 section 2.5: a line for each component, and the list itself as the last one.
    lines = [f"{name}: {value}" for name, value in covered.items()]
    return "\n".join([*lines, f'"@signature-params": {params}']).encode()
