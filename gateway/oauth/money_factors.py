"""CN-API-04: money moves on two factors; one check for every room that moves any."""

from datetime import date

from gateway.kit.caller import Caller
from gateway.oauth.challenges import insufficient_authentication
from gateway.oauth.identity.assurance import factors, with_factors
from gateway.rules.service import RuleBook


def check_money_factors(rules: RuleBook, caller: Caller, approved: str, *, on: date) -> None:
    """Passes where the token or the approval behind the act stands for enough factors.

    ``approved`` is the class of the customer's approval, empty where there is none; ``on`` is a
    day of the bank. Raises ``InsufficientUserAuthentication`` with the class to ask for (RFC 9470).
    """
    wanted = with_factors(rules.number("CN-API-04", "factors_min", on=on))
    reached = max(factors(caller.acr), factors(approved))
    if wanted is not None and reached < factors(wanted):
        raise insufficient_authentication(wanted, scheme=caller.token_type)
