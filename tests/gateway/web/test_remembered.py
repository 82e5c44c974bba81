"""A refusal comes back from the store as the error it was."""

import msgspec
import pytest

from contracts import errors
from contracts.v1.money import Money
from gateway.web.remembered import recall, remember

MET_BY = "00000000-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    "kind",
    [kind for kind in errors.tree() if kind.__module__.startswith("contracts.")],
    ids=lambda kind: kind.code,
)
def test_a_remembered_error_is_raised_word_for_word(kind: type[errors.GatewayError]) -> None:
    error = kind("Why.", headroom=Money(5), rules=["CN-ACC-04"])
    first = recall(remember(error, MET_BY))
    assert type(first) is kind
    assert first.detail == "Why."
    assert msgspec.json.encode(first.extras) == (
        b'{"headroom":{"minor_units":5,"currency":"CNY"},"rules":["CN-ACC-04"],'
        b'"instance":"urn:uuid:00000000-0000-4000-8000-000000000001"}'
    )


def test_only_a_repetition_says_that_it_is_one() -> None:
    body = remember(errors.OrderExists(order_id="ord_1"), MET_BY)
    assert recall(body).headers == {}
    assert recall(body, replayed=True).headers == {"Idempotent-Replayed": "true"}
