"""What each endpoint checks, in order: read down a column to know the endpoint.

A check sees a frozen request whose client is proved already; it passes or raises. What Authlib's
grants decide (grant, code, verifier, refresh token) comes after these.
"""

from collections.abc import Callable
from typing import get_args

from gateway.oauth.addresses import Endpoint
from gateway.oauth.checks.client import (
    check_client_live,
    check_client_named_once,
    check_single_authentication,
)
from gateway.oauth.checks.dpop import check_code_key, check_dpop_jkt, check_proof_sent
from gateway.oauth.checks.pkce import check_code_challenge
from gateway.oauth.checks.pushed import (
    check_grant_registered,
    check_no_request_object,
    check_no_request_uri,
    check_response_mode,
    check_response_type,
    check_state_length,
)
from gateway.oauth.checks.rar import check_details, check_details_registered
from gateway.oauth.checks.redirect import check_redirect_uri
from gateway.oauth.checks.scope import check_client_scope, check_scope_registered
from gateway.oauth.requests import AuthenticatedRequest

Check = Callable[[AuthenticatedRequest], None]

# fmt: off
ROWS: tuple[tuple[Check, bool, bool, bool, bool], ...] = (
    # check                        par    token  revoke introspect
    (check_client_live,            True,  True,  True,  True),
    (check_single_authentication,  True,  True,  True,  True),
    (check_client_named_once,      True,  True,  True,  True),
    (check_no_request_uri,         True,  False, False, False),
    (check_no_request_object,      True,  False, False, False),
    (check_grant_registered,       True,  False, False, False),
    (check_response_type,          True,  False, False, False),
    (check_response_mode,          True,  False, False, False),
    (check_redirect_uri,           True,  False, False, False),
    (check_state_length,           True,  False, False, False),
    (check_code_challenge,         True,  False, False, False),
    (check_proof_sent,             False, True,  False, False),
    (check_dpop_jkt,               True,  False, False, False),
    (check_code_key,               False, True,  False, False),
    (check_scope_registered,       True,  False, False, False),
    (check_client_scope,           False, True,  False, False),
    (check_details_registered,     True,  False, False, False),
    (check_details,                True,  False, False, False),
)
# fmt: on

CHECKS: dict[Endpoint, tuple[Check, ...]] = {
    endpoint: tuple(row[0] for row in ROWS if row[1 + column])
    for column, endpoint in enumerate(get_args(Endpoint))
}


def check(request: AuthenticatedRequest) -> None:
    """Runs the column of the request's endpoint; the first refusal is the answer."""
    for one in CHECKS[request.endpoint]:
        one(request)
