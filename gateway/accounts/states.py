"""The lives of an account and of a mandate: how each begins, and the moves it may make."""

from typing import Final, Literal

AccountStatus = Literal["active", "closed"]
MandateStatus = Literal["active", "ended"]

ACCOUNT_BEGINS: Final = "account.opened"
ACCOUNT_MOVES: Final[dict[tuple[AccountStatus, AccountStatus], str]] = {
    ("active", "closed"): "account.closed",
}
MANDATE_BEGINS: Final = "mandate.active"
MANDATE_MOVES: Final[dict[tuple[MandateStatus, MandateStatus], str]] = {
    ("active", "ended"): "mandate.ended",
}
