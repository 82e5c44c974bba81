"""A dialect at work: match, verify, open, decode; then encode and seal; or announce."""

import hashlib
import math
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from contracts.errors import (
    GatewayError,
    GrantHandleNotLive,
    IdempotencyKeyMissing,
    InvalidClient,
    InvalidField,
    InvalidSignature,
    StaleRequest,
    UnknownOperation,
)
from partners import envelopes, fields, matching, signatures, speech
from partners.canonical import OPERATIONS
from partners.checks import check_tables
from partners.signatures import SigningKey, VerifyingKey
from partners.tables import Operation, Row, SortedPairs, Tables
from partners.wire import Call, Matched, RawAnswer, RawNotification, RawRequest

# A caller's own words are repeated to it up to here, so that no answer grows with a request.
LONGEST_NAME = 64
CONTRACT_PATH = re.compile(r"^(?P<reason>.*) - at `\$\.?(?P<path>[^`]*)`$", re.DOTALL)


class Verified(msgspec.Struct, frozen=True):
    """A request whose signature holds and whose time is right; only covered values are left."""

    dialect: "Dialect"
    matched: Matched
    operation: Operation
    covered: dict[str, str]
    key_index: int
    signed_at: datetime
    replay_key: str
    replay_seconds: int

    def call(self) -> Call:
        """The canonical call; raises MalformedBody, InvalidField or another of the one tree."""
        return self.dialect.decode(self, self.dialect.open(self))

    def __repr__(self) -> str:
        return f"Verified({self.matched!r}, key_index={self.key_index})"


class Dialect(Tables, frozen=True, kw_only=True):
    """A partner's tables and what can be done with them; pure, bytes in and bytes out."""

    def __post_init__(self) -> None:
        """Raises TableError, with the path of the entry, if the tables do not hold together."""
        check_tables(self)

    def __repr__(self) -> str:
        return f"Dialect({self.name})"

    # -- a request comes in ------------------------------------------------------------------

    def match(self, request: RawRequest) -> Matched:
        """Who seems to ask for what. Never raises and trusts nothing: a fault waits for verify."""
        values, fault = matching.merge(self, request)
        client_id = values.get(self.locators.client) or None
        operation = self._operation(values.get(self.locators.operation, ""))
        if fault is None and client_id is None:
            fault = self._missing(self.locators.client)
        elif client_id is not None and not self._admits(self.locators.client, client_id):
            fault = fault or InvalidField("not an identifier", field=self.locators.client)
            client_id = None
        return Matched(
            dialect=self.name,
            client_id=client_id,
            method=operation.theirs if operation else None,
            operation=operation.ours if operation else None,
            values=values,
            fault=fault,
        )

    def verify(
        self, matched: Matched, keys: Sequence[str | VerifyingKey], at: datetime
    ) -> Verified:
        """Checks the signature against every live key, then the time, then every parameter.

        ``keys`` are the client's live public keys for this dialect (PEM, JWK or read before);
        without any the client is not known here. Raises InvalidClient, InvalidSignature,
        StaleRequest, InvalidField, UnknownOperation or the fault found by match. The caller must
        still refuse a ``replay_key`` it remembers.
        """
        if matched.fault is not None:
            raise matched.fault
        if not keys:
            raise InvalidClient("the client is not registered for this dialect")
        recipe = self._pairs(self.request_signing.recipe)
        text = signatures.sorted_pairs_text(recipe, matched.values)
        key_index = self._key_index(matched, keys, text)
        covered = signatures.covered(recipe, matched.values)
        signed_at = self._signed_at(covered, at)
        self._check_parameters(covered)
        operation = self._operation(covered[self.locators.operation])
        if operation is None:
            raise UnknownOperation("the dialect has no such operation")
        past_end = self.window.past_seconds - (at - signed_at).total_seconds()
        return Verified(
            dialect=self,
            matched=matched,
            operation=operation,
            covered=covered,
            key_index=key_index,
            signed_at=signed_at,
            replay_key=self._replay_key(matched, text),
            # One second more than it stays acceptable, so that no instant lies between the two.
            replay_seconds=math.ceil(past_end) + 1,
        )

    def open(self, verified: Verified) -> dict[str, Any]:
        """The content of a verified request as an object; raises MalformedBody."""
        return envelopes.read_object(verified.covered.get(self.locators.content, "{}"))

    def decode(self, verified: Verified, content: Mapping[str, Any]) -> Call:
        """The canonical call from the content, held against the native contract.

        Raises InvalidField naming their field, IdempotencyKeyMissing for a write without its
        business number, GrantHandleNotLive where the operation needs a customer's grant.
        """
        operation = verified.operation
        canonical = OPERATIONS[operation.ours]
        number = operation.business_number
        if canonical.writes and content.get(number) in (None, ""):
            raise IdempotencyKeyMissing(f"{number} is missing", field=number)
        grant_handle = verified.covered.get(self.locators.grant)
        if canonical.needs_grant and grant_handle is None:
            raise GrantHandleNotLive(f"{self.locators.grant} is missing")
        asked = operation.parameters + operation.query + operation.body
        unknown = sorted(set(content) - set(fields.claimed(asked, "theirs")))
        if unknown:
            name = unknown[0][:LONGEST_NAME]
            raise InvalidField(f"{name}: there is no such field", field=name)
        body = _hear(operation.body, content, canonical.body) if canonical.body else None
        query = _hear(operation.query, content, canonical.query)
        return Call(
            operation=operation.ours,
            parameters=_hear(operation.parameters, content, canonical.parameters),
            query={name: value for name, value in query.items() if value is not None},
            body=body,
            grant_handle=grant_handle,
            idempotency_key=f"{operation.ours}:{content[number]}" if canonical.writes else None,
            replay_key=verified.replay_key,
            replay_seconds=verified.replay_seconds,
        )

    # -- an answer goes out ------------------------------------------------------------------

    def encode(self, matched: Matched, answer: Mapping[str, Any] | GatewayError) -> dict[str, Any]:
        """The members of the answer in their words, from the native JSON shape or an error.

        An answer that the native contract does not promise raises GatewayError: it is never
        sent with parts missing.
        """
        operation = self._operation(matched.method or "")
        if isinstance(answer, GatewayError):
            asked = operation.parameters + operation.query + operation.body if operation else ()
            words = {row.ours: row.theirs for row in asked}
            return speech.speak_error(self.errors, answer, words)
        if operation is None:
            raise GatewayError from LookupError("an answer without an operation")
        success = self.answers.success
        try:
            members = fields.speak(operation.answer, answer)
        except fields.FieldProblem as problem:
            raise GatewayError from problem
        return {"code": success.code, "msg": success.msg} | members

    def seal(
        self,
        matched: Matched,
        answer: Mapping[str, Any] | GatewayError,
        private_key: str | SigningKey | None,
    ) -> RawAnswer:
        """The answer byte for byte, signed over exactly the text it holds.

        ``private_key`` (PEM, or read before) is ours for this client. None, for a caller whose
        client is not known, leaves a failure unsigned; a success without a key raises
        GatewayError.
        """
        members = self.encode(matched, answer)
        key = self.answers.without_operation
        if matched.method is not None:
            key = matched.method.replace(".", "_") + self.answers.suffix
        value = envelopes.write_json(members, escape_braces=self.answers.escape_braces)
        signature = ""
        if private_key is not None:
            sign = _signing_key(private_key).signs(value.encode())
            signature = f',"{self.locators.signature}":"{sign}"'
        elif not isinstance(answer, GatewayError):
            raise GatewayError from LookupError("a success must be signed")
        return RawAnswer(
            status=self.answers.status,
            headers=(("content-type", self.answers.content_type), ("cache-control", "no-store")),
            body=f'{{"{key}":{value}{signature}}}'.encode(),
        )

    # -- news goes out -----------------------------------------------------------------------

    def announces(self, event_type: str) -> bool:
        """Whether the dialect has words for events of this type."""
        return any(event_type in notice.events for notice in self.notifications.notices)

    def announce(
        self,
        event: Mapping[str, Any],
        private_key: str | SigningKey,
        client_id: str,
        at: datetime,
    ) -> RawNotification:
        """The signed notification of a native event (JSON shape of contracts.v1.events.Event).

        Built once per event and sent the same on every attempt: ``at`` is the first one's time.
        Raises UnknownOperation for an event type that ``announces`` denies, GatewayError for an
        event that is not of the native shape.
        """
        form = self.notifications
        notice = next((each for each in form.notices if event.get("type") in each.events), None)
        if notice is None:
            raise UnknownOperation("the dialect has no word for this event")
        content, rest = fields.split(notice.rows, event.get("data", {}))
        try:
            envelope = {name: value for name, value in event.items() if name != "data"}
            members = fields.speak(form.envelope, envelope) | content
            sent_at = self.window.clock.speak(at.isoformat())
        except ValueError as problem:
            raise GatewayError from problem
        members |= form.constants | {form.client: client_id, form.kind: notice.kind}
        members |= {form.sent_at: sent_at, form.algorithm: self.notification_signing.word}
        if rest:
            members[form.rest] = rest
        pairs = {name: _form_text(value) for name, value in members.items()}
        recipe = self._pairs(self.notification_signing.recipe)
        text = signatures.sorted_pairs_text(recipe, pairs)
        pairs[form.signature] = _signing_key(private_key).signs(text)
        return RawNotification(
            content_type=form.content_type,
            body=envelopes.write_form(pairs.items()),
            headers=(("content-type", form.content_type),),
        )

    def acknowledged(self, status: int, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether this answer to a notification means that it arrived; anything else is retried.

        ``headers`` are there for dialects whose acknowledgement is echoed or signed.
        """
        rule = self.acknowledgement
        return status in rule.statuses and body == rule.body

    # -- inside ------------------------------------------------------------------------------

    def _key_index(self, matched: Matched, keys: Sequence[str | VerifyingKey], text: bytes) -> int:
        sent = matched.values.get(self.locators.signature, "")
        if not sent:
            raise InvalidSignature(
                f"{self.locators.signature} is missing",
                field=self.locators.signature,
                problem="missing",
            )
        if matched.values.get(self.locators.algorithm) != self.request_signing.word:
            raise InvalidSignature(
                f"{self.locators.algorithm} must be {self.request_signing.word}",
                field=self.locators.algorithm,
            )
        signature = signatures.read_signature(sent)
        for index, key in enumerate(keys if signature else ()):
            read = key if isinstance(key, VerifyingKey) else VerifyingKey(key)
            if read.verifies(text, signature or b""):
                return index
        raise InvalidSignature("no live key of this client made the signature")

    def _signed_at(self, covered: Mapping[str, str], at: datetime) -> datetime:
        name = self.locators.timestamp
        if name not in covered:
            raise self._missing(name)
        try:
            signed_at = self.window.clock.moment(covered[name])
        except ValueError as problem:
            raise InvalidField(f"{name}: {problem}", field=name) from None
        age_seconds = (at - signed_at).total_seconds()
        if not -self.window.future_seconds <= age_seconds <= self.window.past_seconds:
            raise StaleRequest(f"{name} lies outside the accepted window", field=name)
        return signed_at

    def _check_parameters(self, covered: Mapping[str, str]) -> None:
        known = {parameter.name: parameter for parameter in self.parameters}
        for name, value in covered.items():
            if name not in known:
                name = name[:LONGEST_NAME]
                raise InvalidField(f"{name}: there is no such parameter", field=name)
            if name == self.locators.content:
                continue
            # A value with & could be cut into further pairs without changing the signed text;
            # the content alone may hold one, since half a JSON object is not an object.
            if not self._admits(name, value) or "&" in value:
                allowed = ", ".join(known[name].allowed)
                reason = f"expected {allowed}" if allowed else "the value has a wrong form"
                raise InvalidField(f"{name}: {reason}", field=name)
        for name, parameter in known.items():
            signature = name == self.locators.signature
            if parameter.required and name not in covered and not signature:
                raise self._missing(name)

    def _admits(self, name: str, value: str) -> bool:
        for parameter in self.parameters:
            if parameter.name == name:
                if parameter.allowed:
                    return value in parameter.allowed
                return re.fullmatch(parameter.pattern, value) is not None
        return False

    def _replay_key(self, matched: Matched, text: bytes) -> str:
        # The signed text, not the signature: it is the same whichever key and encoding were used.
        scope = f"{self.name}\n{matched.client_id}\n".encode()
        return urlsafe_b64encode(hashlib.sha256(scope + text).digest()).decode().rstrip("=")

    def _operation(self, theirs: str) -> Operation | None:
        return next((each for each in self.operations if each.theirs == theirs), None)

    def _missing(self, name: str) -> GatewayError:
        return InvalidField(f"{name} is missing", field=name, problem="missing")

    def _pairs(self, recipe: object) -> SortedPairs:
        assert isinstance(recipe, SortedPairs)  # The tables were checked for it.
        return recipe


def _hear(
    rows: tuple[Row, ...], content: Mapping[str, Any], contract: type[msgspec.Struct]
) -> dict[str, Any]:
    """The part of the content that these rows read, complete and valid by the native contract."""
    names = fields.claimed(rows, "theirs")
    part = {name: value for name, value in content.items() if name in names}
    try:
        native: dict[str, Any] = msgspec.to_builtins(
            msgspec.convert(fields.hear(rows, part), contract)
        )
    except fields.FieldProblem as problem:
        missing = {"problem": "missing"} if problem.missing else {}
        raise InvalidField(str(problem), field=problem.path, **missing) from None
    except msgspec.ValidationError as problem:
        raise _in_their_words(rows, str(problem)) from None
    return native


def _in_their_words(rows: tuple[Row, ...], message: str) -> InvalidField:
    """A refusal by the contract, naming the field as the partner knows it."""
    match = CONTRACT_PATH.match(message)
    if match is None:
        return InvalidField(message)
    ours = re.split(r"[.\[]", match["path"])[0]
    theirs = next((row.theirs for row in rows if row.ours == ours), ours)
    return InvalidField(f"{theirs}: {match['reason']}", field=theirs)


def _form_text(value: Any) -> str:
    return value if isinstance(value, str) else envelopes.write_json(value)


def _signing_key(key: str | SigningKey) -> SigningKey:
    return key if isinstance(key, SigningKey) else SigningKey(key)
