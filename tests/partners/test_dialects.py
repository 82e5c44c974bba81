"""One file over all partner folders: recordings hold, forgeries fail, every error can be said."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

import partners
from contracts import errors
from partners import envelopes
from partners.dialect import Dialect
from partners.signatures import SigningKey, VerifyingKey
from partners.wire import Matched
from tests.partners import recordings
from tests.partners.recordings import Announcement, Exchange, Request

EXAMPLES = list(recordings.examples())
EXCHANGES = [each for each in EXAMPLES if isinstance(each[2], Exchange)]
CALLS = [each for each in EXCHANGES if each[2].call is not None]
ANSWERED = [each for each in CALLS if each[2].answer is not None]
ANNOUNCEMENTS = [each for each in EXAMPLES if isinstance(each[2], Announcement)]
PARTNER, STRANGER = recordings.public_pem("partner"), recordings.public_pem("stranger")
PARTNER_KEY = VerifyingKey(PARTNER)
GATEWAY_KEY = SigningKey(recordings.private_pem("gateway"))
DIALECTS = [partners.find(name) for name in partners.names()]


def named(value: object) -> str:
    if isinstance(value, Path):
        return value.stem
    return value.name if isinstance(value, Dialect) else ""


def refused(dialect: Dialect, exchange: Exchange, request: Request) -> errors.GatewayError:
    """The refusal of a request that was tampered with; fails if it became a call."""
    matched = dialect.match(request.raw(exchange.at))
    with pytest.raises(errors.GatewayError) as caught:
        dialect.verify(matched, [PARTNER_KEY], exchange.at).call()
    return caught.value


def rewritten(request: Request, pairs: envelopes.Pairs, part: str) -> Request:
    return msgspec.structs.replace(request, **{part: envelopes.write_form(pairs).decode()})


def parts(request: Request) -> Iterator[tuple[str, envelopes.Pairs]]:
    for part in ("query", "body"):
        yield part, envelopes.read_form(getattr(request, part).encode(), 99)


def flip(text: str, position: int) -> str:
    other = "b" if text[position] == "a" else "a"
    return text[:position] + other + text[position + 1 :]


@pytest.mark.parametrize(("dialect", "path", "example"), EXAMPLES, ids=named)
def test_every_example_opens_and_seals_as_recorded(dialect, path, example):
    assert recordings.record(dialect, example) == example


@pytest.mark.parametrize("dialect", DIALECTS, ids=named)
def test_every_operation_and_every_kind_of_refusal_has_an_example(dialect):
    mine = [example for owner, _, example in EXCHANGES if owner is dialect]
    called = {example.call["operation"] for example in mine if example.call}
    assert called == {operation.ours for operation in dialect.operations}
    failures = {example.failure.code for example in mine if example.failure}
    assert {"signature.invalid", "signature.stale", "oauth.invalid_client"} <= failures


@pytest.mark.parametrize("dialect", DIALECTS, ids=named)
def test_order_and_payment_events_have_an_example(dialect):
    mine = [example for owner, _, example in ANNOUNCEMENTS if owner is dialect]
    told = {example.event["type"].split(".")[0] for example in mine}
    assert {"order", "payment"} <= told


@pytest.mark.parametrize(("dialect", "path", "exchange"), CALLS, ids=named)
def test_no_byte_of_a_request_can_be_changed(dialect, path, exchange):
    for part, pairs in parts(exchange.request):
        for index, (name, value) in enumerate(pairs):
            for position in range(len(name)):
                changed = [*pairs[:index], (flip(name, position), value), *pairs[index + 1 :]]
                refused(dialect, exchange, rewritten(exchange.request, changed, part))
            for position in range(len(value)):
                changed = [*pairs[:index], (name, flip(value, position)), *pairs[index + 1 :]]
                refused(dialect, exchange, rewritten(exchange.request, changed, part))


@pytest.mark.parametrize(("dialect", "path", "exchange"), CALLS, ids=named)
def test_no_parameter_can_be_dropped_doubled_emptied_or_added(dialect, path, exchange):
    for part, pairs in parts(exchange.request):
        for index, (name, value) in enumerate(pairs):
            rest = pairs[:index] + pairs[index + 1 :]
            tampered = [rest, [*pairs, (name, value)], [*pairs, (name, "")], [*rest, (name, "")]]
            for changed in tampered:
                refused(dialect, exchange, rewritten(exchange.request, changed, part))
        added = [*pairs, ("another", "1")]
        if pairs:
            refused(dialect, exchange, rewritten(exchange.request, added, part))


@pytest.mark.parametrize(("dialect", "path", "exchange"), CALLS, ids=named)
def test_a_parameter_sent_once_in_the_query_and_once_in_the_body_is_refused(
    dialect, path, exchange
):
    pairs = dict(parts(exchange.request))
    for name, value in pairs["query"] + pairs["body"]:
        twice = msgspec.structs.replace(
            exchange.request,
            method="POST",
            headers=[("content-type", envelopes.FORM)],
            query=envelopes.write_form([*pairs["query"], (name, value)]).decode(),
            body=envelopes.write_form([*pairs["body"], (name, value)]).decode(),
        )
        assert isinstance(refused(dialect, exchange, twice), errors.MalformedBody)


@pytest.mark.parametrize(("dialect", "path", "exchange"), CALLS, ids=named)
def test_another_key_and_another_time_are_refused(dialect, path, exchange):
    matched = dialect.match(exchange.request.raw(exchange.at))
    with pytest.raises(errors.InvalidSignature):
        dialect.verify(matched, [STRANGER], exchange.at)
    with pytest.raises(errors.InvalidClient):
        dialect.verify(matched, [], exchange.at)
    late = exchange.at + timedelta(seconds=dialect.window.past_seconds + 5)
    early = exchange.at - timedelta(seconds=dialect.window.future_seconds + 5)
    for at in (late, early):
        with pytest.raises(errors.StaleRequest):
            dialect.verify(matched, [PARTNER], at)


@pytest.mark.parametrize(("dialect", "path", "exchange"), CALLS, ids=named)
def test_any_live_key_may_sign_and_the_one_that_did_is_named(dialect, path, exchange):
    matched = dialect.match(exchange.request.raw(exchange.at))
    assert dialect.verify(matched, [STRANGER, PARTNER], exchange.at).key_index == 1
    assert dialect.verify(matched, [PARTNER_KEY, STRANGER], exchange.at).key_index == 0


@pytest.mark.parametrize(("dialect", "path", "exchange"), CALLS, ids=named)
def test_a_replay_is_remembered_exactly_as_long_as_it_could_be_accepted(dialect, path, exchange):
    matched = dialect.match(exchange.request.raw(exchange.at))
    first = dialect.verify(matched, [PARTNER], exchange.at)
    again = dialect.verify(matched, [PARTNER], exchange.at + timedelta(seconds=1))
    assert first.replay_key == again.replay_key
    assert first.replay_seconds == again.replay_seconds + 1
    forgotten_at = exchange.at + timedelta(seconds=first.replay_seconds)
    with pytest.raises(errors.StaleRequest):
        dialect.verify(matched, [PARTNER], forgotten_at)


def test_no_two_recorded_calls_share_a_replay_key():
    found = [exchange.call["replay_key"] for _, _, exchange in CALLS]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(("dialect", "path", "exchange"), CALLS, ids=named)
def test_an_unknown_field_is_refused_by_name(dialect, path, exchange):
    for part, pairs in parts(exchange.request):
        for index, (name, value) in enumerate(pairs):
            if name == dialect.locators.content:
                content = json.loads(value) | {"surplus": "1"}
                pairs[index] = (name, json.dumps(content))
                request = rewritten(exchange.request, pairs, part)
                signed = recordings.sign(dialect, request, "partner")
                error = refused(dialect, exchange, signed)
                assert isinstance(error, errors.InvalidField)
                assert error.extras["field"] == "surplus"


@pytest.mark.parametrize(("dialect", "path", "exchange"), CALLS, ids=named)
def test_an_unknown_parameter_is_refused_though_it_is_signed(dialect, path, exchange):
    request = msgspec.structs.replace(exchange.request, query=exchange.request.query + "&more=1")
    request.query = request.query.lstrip("&")
    error = refused(dialect, exchange, recordings.sign(dialect, request, "partner"))
    assert isinstance(error, errors.InvalidField)
    assert error.extras["field"] == "more"


@pytest.mark.parametrize(("dialect", "path", "exchange"), ANSWERED, ids=named)
def test_an_answer_with_a_member_no_row_knows_is_not_sent(dialect, path, exchange):
    matched = dialect.match(exchange.request.raw(exchange.at))
    for answer in (exchange.answer | {"surplus": 1}, dict(list(exchange.answer.items())[1:])):
        with pytest.raises(errors.GatewayError) as caught:
            dialect.seal(matched, answer, GATEWAY_KEY)
        assert caught.value.status == 500
    with pytest.raises(errors.GatewayError):
        dialect.seal(matched, exchange.answer, None)


@pytest.mark.parametrize("dialect", DIALECTS, ids=named)
@pytest.mark.parametrize("error", errors.tree(), ids=lambda error: error.code)
def test_every_error_can_be_spoken(dialect, error):
    operation = dialect.operations[0]
    for method, ours in ((operation.theirs, operation.ours), (None, None)):
        matched = Matched(dialect.name, "client", method, ours, {}, None)
        for instance in (
            error(),
            error("why {so}", field="amount", headroom={"minor_units": 1, "currency": "CNY"}),
            error(problem="missing", field="x", headroom=None, nested={"a": [1, None, "}"]}),
        ):
            raw = dialect.seal(matched, instance, GATEWAY_KEY)
            members = next(iter(json.loads(raw.body).values()))
            assert members["code"]
            assert members["sub_code"]
            assert "{" not in members["sub_code"]
            assert raw.status == dialect.answers.status


@pytest.mark.parametrize("dialect", DIALECTS, ids=named)
def test_every_published_event_type_is_announced(dialect):
    spoken = {event for notice in dialect.notifications.notices for event in notice.events}
    assert all(dialect.announces(event) for event in spoken)
    assert not dialect.announces("order.invented")
    with pytest.raises(errors.UnknownOperation):
        dialect.announce(
            {"type": "order.invented"},
            recordings.private_pem("gateway"),
            "client",
            EXAMPLES[0][2].at,
        )


@pytest.mark.parametrize(("dialect", "path", "exchange"), CALLS, ids=named)
def test_no_secret_shows_in_a_repr_or_in_an_error(dialect, path, exchange):
    request = exchange.request.raw(exchange.at)
    matched = dialect.match(request)
    verified = dialect.verify(matched, [PARTNER], exchange.at)
    call = verified.call()
    answer = dialect.seal(matched, errors.NotFound(), GATEWAY_KEY)
    shown = "".join(map(repr, (dialect, request, matched, verified, call, answer, GATEWAY_KEY)))
    forged = msgspec.structs.replace(exchange.request, query=exchange.request.query + "&a=1")
    forged.query = forged.query.lstrip("&")
    shown += repr(refused(dialect, exchange, forged))
    secrets = [matched.values[dialect.locators.signature], call.grant_handle]
    for secret in filter(None, secrets):
        assert secret not in shown
    assert "PRIVATE" not in shown


def test_a_name_that_is_no_folder_finds_nothing():
    for name in ("", "nobody", "..", "dialect", "lantu.words", "lantu/../lantu"):
        assert partners.find(name) is None
