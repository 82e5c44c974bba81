"""What is measured: the cases, whose client signs them, and what each success must have written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.load import Request
from tests.bench.signing import Signer

# What a case writes: one row of this table for every success, and for no refusal.
ROWS = {
    "token": "access_token",
    "par": "pushed_request",
    "get": "oauth_replay",
    "order": "order_",
}
# The shares that issue 3 asks for, of the floor or of the framework's hello.
TARGETS = {"token": ("floor", 0.36), "par": ("floor", 0.36), "get": ("hello", 0.22)}


@dataclass(frozen=True)
class Case:
    """One row of the table: a request of one kind, signed by keys of one kind."""

    name: str
    algorithm: str
    make: Callable[[], list[Request]]

    @property
    def table(self) -> str:
        """The table that grows by one row with every success."""
        return ROWS[self.name]


def cases(
    signers: dict[str, Signer], names: Sequence[str], requests: int, orders: int
) -> list[Case]:
    """Every kind of request by every kind of client; orders by the first, who has customers."""
    found = []
    for number, (algorithm, signer) in enumerate(signers.items()):
        found += _of_signer(signer, algorithm, requests)
        if number == 0:
            found.append(Case("order", algorithm, lambda signer=signer: signer.orders(orders)))  # type: ignore[misc]
    return [case for case in found if case.name in names]


def _of_signer(signer: Signer, algorithm: str, requests: int) -> list[Case]:
    return [
        Case("token", algorithm, lambda: signer.tokens(requests)),
        Case("par", algorithm, lambda: signer.pushes(requests)),
        Case("get", algorithm, lambda: signer.reads(requests * 2)),
    ]
