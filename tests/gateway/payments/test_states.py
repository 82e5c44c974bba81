"""Every move of the table is made, and every other is refused."""

from typing import get_args

import pytest

from contracts.v1.events import EventType
from contracts.v1.payments import PaymentStatus
from gateway.payments import states

EDGES = {
    "received -> settled",
    "received -> declined",
    "received -> unknown",
    "unknown -> settled",
    "unknown -> declined",
}


@pytest.mark.parametrize("from_", get_args(PaymentStatus))
@pytest.mark.parametrize("to", get_args(PaymentStatus))
def test_a_payment_makes_the_moves_of_its_table_and_no_other(
    from_: PaymentStatus, to: PaymentStatus
) -> None:
    if f"{from_} -> {to}" in EDGES:
        assert states.event_of(from_, to) in (None, *get_args(EventType))
    else:
        with pytest.raises(states.MoveForbidden):
            states.event_of(from_, to)


def test_a_payment_at_rest_has_no_way_on() -> None:
    for from_, _ in states.MOVES:
        assert from_ not in states.RESTS
