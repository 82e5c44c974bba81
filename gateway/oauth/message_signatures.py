"""HTTP message signatures on resources: requests are judged by them, answers are given them.

The guard calls `read` before its unit of the database and `admit` after it. What can be judged
without a key is judged in `read`, so that such a refusal uses nothing up.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Final

import msgspec
import structlog

from contracts import errors
from gateway.database import Database, Unit
from gateway.kit.clock import Clock, bank_day
from gateway.kit.content_digest import content_digest
from gateway.kit.jose import PublicKey
from gateway.kit.signature_base import AnswerMessage, Fields, RequestMessage, signature_base
from gateway.kit.signature_fields import (
    Component,
    SignatureRefused,
    byte_sequence,
    component,
    parse_signatures,
    signature_params,
)
from gateway.oauth import challenges
from gateway.oauth.checks import message_signature as checks
from gateway.oauth.checks.message_signature import SignedRequest
from gateway.oauth.clients import RegisteredClient, RegisteredClients, Sought
from gateway.oauth.keys import SigningKeys
from gateway.oauth.replay import burn_signature
from gateway.oauth.store import AccessTokenRow
from gateway.onboarding.service import level_of
from gateway.rules.service import RuleBook, UnknownRule

# Which kinds of integrity (CN-API-05 ``a2_integrity``) the pack asks of A2 writes on a bank's day.
Integrity = Callable[[date], Sequence[str]]

ANSWER_TAG: Final = "fapi-2-response"
LABEL: Final = "sig1"
BODY_LIMIT_BYTES: Final = 256 * 1024
_CHECKS: Final = (
    checks.check_keyid,
    checks.check_components,
    checks.check_created,
    checks.check_expires,
)
_SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
_NAMES: Final = frozenset({b"signature", b"signature-input"})
_KNOWN_CLIENTS: Final = 2048
# Under this name the guard leaves the request whose answer is to be signed.
_ANSWERS: Final = "signed_answer_to"
# One name for each kind of key.
_ALGORITHMS: Final = ("ES256", "PS256", "EdDSA")
journal = structlog.get_logger("tessera.message_signatures")


class Call(msgspec.Struct, frozen=True):
    """A call between the two moments at which its signature is judged."""

    scope: Any
    receive: Any
    wanted: str
    origin: str
    at: datetime
    signed: SignedRequest | None = None


class MessageSignatures:
    """Verifies the signature of a call wherever one is sent, and asks for one where it must."""

    def __init__(
        self,
        database: Database,
        clients: RegisteredClients,
        keys: SigningKeys,
        clock: Clock,
        *,
        integrity: Integrity,
    ) -> None:
        self._database = database
        self._clients = clients
        self._keys = keys
        self._clock = clock
        self._integrity = integrity
        self._known: OrderedDict[str, RegisteredClient] = OrderedDict()

    def read(self, scope: Any, receive: Any, *, wanted: str, origin: str, at: datetime) -> Call:
        """The call with the signature that it brings, judged as far as no key is needed.

        ``wanted`` is the route's scope, ``origin`` the configured external address of the listener.
        Raises ``InvalidSignature`` or ``StaleRequest``. The answer to a call that brings a
        signature is signed from here on, a refusal too. Signatures of others alone are none.
        """
        if not any(name in _NAMES for name, _ in scope["headers"]):
            return Call(scope, receive, wanted, origin, at)
        message = _message(scope, origin)
        scope["state"][_ANSWERS] = message
        try:
            fields = message.fields
            parsed = parse_signatures(fields.lines("signature-input"), fields.lines("signature"))
            chosen = checks.choose(parsed)
            if chosen is None:
                del scope["state"][_ANSWERS]
                return Call(scope, receive, wanted, origin, at)
            base = signature_base(message, chosen.components, chosen.params)
            signed = SignedRequest(message=message, signature=chosen, base=base, at=at)
            for check in _CHECKS:
                check(signed)
        except SignatureRefused as refusal:
            raise _challenged(errors.InvalidSignature(str(refusal)), message) from None
        except errors.InvalidSignature as refusal:
            raise _challenged(refusal, message) from None
        return Call(scope, receive, wanted, origin, at, signed)

    async def admit(self, call: Call, row: AccessTokenRow) -> Any:
        """Proves the signature to be the token's client's; returns what to read the body from.

        Without a signature it raises ``InvalidSignature`` where one is required: an A2 write, of a
        client that is registered for it or on a day on which the rule pack asks for it. A signed
        write that has no DPoP proof to use up counts once all the same, else ``ReplayedRequest``.
        """
        client = await self._client(row)
        if call.signed is None:
            self._admit_unsigned(call, client)
            return call.receive
        content = await _read_body(call.receive)
        try:
            checks.check_content(call.signed, content)
            keyid = call.signed.signature.keyid or ""
            checks.check_key(call.signed, await self._signing_keys(client, keyid))
            if row.jkt is None and call.scope["method"] not in _SAFE_METHODS:
                await self._use_up(call.signed, client.client_id)
        except errors.InvalidSignature as refusal:
            raise _challenged(refusal, call.signed.message) from None
        return _replay(content, call.receive)

    async def _use_up(self, signed: SignedRequest, client_id: str) -> None:
        unit = Unit("oauth.signature")
        burn_signature(unit, client_id, signed.base, checks.good_until(signed))
        await self._database.commit(unit)

    def _admit_unsigned(self, call: Call, client: RegisteredClient) -> None:
        registered = client.client.metadata.http_message_signatures == "required"
        if registered:
            call.scope["state"][_ANSWERS] = _message(call.scope, call.origin)
        if call.scope["method"] in _SAFE_METHODS or level_of(call.wanted) != "A2":
            return
        if registered or "signature" in self._integrity(bank_day(call.at)):
            refusal = errors.InvalidSignature(
                "This call must be signed (RFC 9421), as Accept-Signature shows."
            )
            raise _challenged(refusal, _message(call.scope, call.origin))

    async def answer_fields(
        self, request: RequestMessage, status: int, content: bytes
    ) -> list[tuple[bytes, bytes]]:
        """The fields that sign an answer and bind it to its request (RFC 9421 section 2.4)."""
        fields = []
        covered = [component("@status")]
        if content:
            fields.append((b"content-digest", content_digest(content).encode()))
            covered.append(component("content-digest"))
        covered += _of_request(request)
        kid, sign = await self._keys.raw_signer()
        created = int(self._clock.now().timestamp())
        params = signature_params(covered, created=created, keyid=kid, tag=ANSWER_TAG)
        answer = AnswerMessage(status=status, fields=Fields(fields), request=request)
        signature = sign(signature_base(answer, covered, params))
        fields.append((b"signature-input", f"{LABEL}={params}".encode()))
        fields.append((b"signature", f"{LABEL}={byte_sequence(signature)}".encode()))
        return fields

    async def _client(self, row: AccessTokenRow) -> RegisteredClient:
        """The token's client; the token was read with its version, so nothing more is asked."""
        known = self._known.get(row.client_id)
        if known is not None and known.client.version == row.client_version:
            self._known.move_to_end(row.client_id)
            return known
        found = await self._clients.find(row.client_id)
        if found is None:
            raise challenges.invalid_token("The access token is not live.")
        self._known[row.client_id] = found
        if len(self._known) > _KNOWN_CLIENTS:
            self._known.popitem(last=False)
        return found

    async def _signing_keys(self, client: RegisteredClient, keyid: str) -> list[PublicKey]:
        if client.client.metadata.jwks_uri is not None:
            # What is published elsewhere changes without our version.
            sought = Sought(kids=(keyid,))
            client = await self._clients.find(client.client_id, sought) or client
        return [key for name in _ALGORITHMS for key in client.candidates(name, keyid)]


def a2_integrity(rules: RuleBook, day: date) -> Sequence[str]:
    """What CN-API-05 asks of A2 writes on the bank's day; nothing while it is not in force."""
    try:
        return rules.words("CN-API-05", "a2_integrity", on=day)
    except UnknownRule:
        return ()


class SignedAnswers:
    """Wraps the app and signs the answers that the guard marked, errors like all others.

    An answer to be signed is held back until it is whole; ours are small. One that cannot be
    signed leaves as it is, and its receiver will not take it for the bank's word.
    """

    def __init__(self, app: Any, signatures: MessageSignatures) -> None:
        self._app = app
        self._signatures = signatures

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Passes the request on, and its answer back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        start: dict[str, Any] = {}
        parts: list[bytes] = []

        async def send_on(message: Any) -> None:
            request = state.get(_ANSWERS)
            if request is None:
                await send(message)
            elif message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))
                if not message.get("more_body", False):
                    content = b"".join(parts)
                    await send(await self._signed(request, start, content))
                    await send({"type": "http.response.body", "body": content})

        await self._app(scope, receive, send_on)

    async def _signed(
        self, request: RequestMessage, start: dict[str, Any], content: bytes
    ) -> dict[str, Any]:
        try:
            fields = await self._signatures.answer_fields(request, start["status"], content)
        except (SignatureRefused, errors.Unavailable) as error:
            journal.warning("answer.not_signed", reason=str(error) or type(error).__name__)
            fields = []
        return start | {"headers": [*start["headers"], *fields]}


def _message(scope: Any, origin: str) -> RequestMessage:
    raw = scope.get("raw_path") or scope["path"].encode()
    return RequestMessage(
        method=scope["method"],
        origin=origin,
        path=raw.partition(b"?")[0].decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        fields=Fields(scope["headers"]),
    )


def _of_request(request: RequestMessage) -> list[Component]:
    covered = [component("@method", req=True), component("@target-uri", req=True)]
    return covered + [
        component(name, req=True)
        for name in ("content-digest", "signature", "signature-input")
        if request.fields.lines(name)
    ]


def _challenged(refusal: errors.InvalidSignature, message: RequestMessage) -> errors.GatewayError:
    """The refusal with what to sign (RFC 9421 section 5.1) and the challenge of its scheme."""
    covered = [component(name) for name in checks.components(message)]
    wish = signature_params(covered, created=True, tag=checks.TAG)
    scheme = (
        "Bearer" if message.fields.combined("authorization")[:7].lower() == "bearer " else "DPoP"
    )
    challenge = f'{scheme} error="invalid_signature", error_description="{refusal.detail}"'
    return refusal.with_headers(WWW_Authenticate=challenge, Accept_Signature=f"{LABEL}={wish}")


async def _read_body(receive: Any) -> bytes:
    content = b""
    while True:
        message: dict[str, Any] = await receive()
        if message["type"] != "http.request":
            raise errors.MalformedBody("The body ended before it was whole.")
        content += bytes(message.get("body", b""))
        if len(content) > BODY_LIMIT_BYTES:
            raise errors.BodyTooLarge(f"A body has at most {BODY_LIMIT_BYTES} bytes.")
        if not message.get("more_body", False):
            return content


def _replay(content: bytes, receive: Any) -> Any:
    whole = [{"type": "http.request", "body": content, "more_body": False}]

    async def receive_again() -> Any:
        return whole.pop() if whole else await receive()

    return receive_again
