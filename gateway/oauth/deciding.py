"""Deciding on a client as memory has it, which the unit's commit confirms, or else anew.

Reading the client costs a request as much as its own unit does. So the token and pushed request
endpoints take the client as it was last read, and the first statement of their unit holds only
while it still is (``replay.BURN_BOTH``). A refusal counts only once the register has confirmed the
client it was made on: a suspended or changed client is told so on its very next call.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from contracts import errors
from gateway.oauth.addresses import Endpoint
from gateway.oauth.intake import Intake
from gateway.oauth.replay import Unconfirmed
from gateway.oauth.requests import FormRequest
from gateway.oauth.work import Work

Answer = TypeVar("Answer")


async def decide(
    intake: Intake,
    endpoint: Endpoint,
    arrival: FormRequest,
    carry_out: Callable[[Work], Awaitable[Answer]],
) -> Answer:
    """What ``carry_out`` answers; it commits one unit or raises, and may be asked twice."""
    work = await intake.load(endpoint, arrival, from_memory=True)
    try:
        return await carry_out(work)
    except Unconfirmed:
        # Nothing of the unit has happened. Read anew, the client tells which: it has changed, or
        # one of the two proofs was used before.
        pass
    except errors.Unavailable:
        # The unit may have happened; deciding again would call its own proofs used.
        raise
    except errors.GatewayError:
        if await intake.confirms(work):
            raise
    return await carry_out(await intake.load(endpoint, arrival))
