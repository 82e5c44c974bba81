"""What each endpoint checks, in order: read down a column to know the endpoint.

A check sees a frozen request whose client is proved already; it passes or raises. What Authlib's
grants decide (grant, code, verifier, refresh token) comes after these.
"""

from collections.abc import Callable
from typing import get_args

from gateway.oauth.addresses import Endpoint
from gateway.oauth.checks import request_object
from gateway.oauth.checks.assessment import check_assessment
from gateway.oauth.checks.authentication import (
    check_acr_reachable,
    check_claims,
    check_login_hint,
    check_max_age,
    check_nonce_length,
    check_prompt,
    check_ui_locales,
)
from gateway.oauth.checks.client import (
    check_a2_authentication,
    check_client_live,
    check_client_named_once,
    check_single_authentication,
)
from gateway.oauth.checks.dpop import (
    check_code_key,
    check_dpop_jkt,
    check_dpop_nonce,
    check_no_key_asked,
    check_one_constraint,
    check_sender_constraint,
)
from gateway.oauth.checks.key_purpose import check_proof_key
from gateway.oauth.checks.pkce import check_code_challenge
from gateway.oauth.checks.pushed import (
    check_grant_registered,
    check_no_request_uri,
    check_response_mode,
    check_response_type,
    check_state_length,
)
from gateway.oauth.checks.rar import check_details, check_details_registered
from gateway.oauth.checks.redirect import check_redirect_uri
from gateway.oauth.checks.request_object import check_request_object_sent
from gateway.oauth.checks.scope import check_client_scope, check_scope_registered
from gateway.oauth.request_objects import RequestObject
from gateway.oauth.requests import AuthenticatedRequest

Check = Callable[[AuthenticatedRequest], None]

Row = tuple[Check, bool, bool, bool, bool]

# fmt: off
# Who sends the request, by what right, and whether its proof is fresh.
SENDER_ROWS: tuple[Row, ...] = (
    # check                        par    token  revoke introspect
    (check_client_live,            True,  True,  True,  True),
    (check_single_authentication,  True,  True,  True,  True),
    (check_client_named_once,      True,  True,  True,  True),
    (check_a2_authentication,      True,  True,  True,  True),
    (check_dpop_nonce,             True,  True,  False, False),
    (check_one_constraint,         True,  True,  False, False),
    (check_proof_key,              True,  True,  False, False),
)
# What the request asks; only now is a request object opened, and are details parsed.
ASKED_ROWS: tuple[Row, ...] = (
    (check_no_request_uri,         True,  False, False, False),
    (check_request_object_sent,    True,  False, False, False),
    (check_grant_registered,       True,  False, False, False),
    (check_response_type,          True,  False, False, False),
    (check_response_mode,          True,  False, False, False),
    (check_redirect_uri,           True,  False, False, False),
    (check_state_length,           True,  False, False, False),
    (check_code_challenge,         True,  False, False, False),
    (check_nonce_length,           True,  False, False, False),
    (check_prompt,                 True,  False, False, False),
    (check_max_age,                True,  False, False, False),
    (check_login_hint,             True,  False, False, False),
    (check_ui_locales,             True,  False, False, False),
    (check_claims,                 True,  False, False, False),
    (check_acr_reachable,          True,  False, False, False),
    (check_sender_constraint,      False, True,  False, False),
    (check_no_key_asked,           True,  True,  False, False),
    (check_dpop_jkt,               True,  False, False, False),
    (check_code_key,               False, True,  False, False),
    (check_scope_registered,       True,  False, False, False),
    (check_client_scope,           False, True,  False, False),
    (check_assessment,             True,  True,  False, False),
    (check_details_registered,     True,  False, False, False),
    (check_details,                True,  False, False, False),
)
# fmt: on
ROWS = (*SENDER_ROWS, *ASKED_ROWS)


def _columns(rows: tuple[Row, ...]) -> dict[Endpoint, tuple[Check, ...]]:
    return {
        endpoint: tuple(row[0] for row in rows if row[1 + column])
        for column, endpoint in enumerate(get_args(Endpoint))
    }


_SENDER_CHECKS, _ASKED_CHECKS = _columns(SENDER_ROWS), _columns(ASKED_ROWS)

# What a signed request must be before anything in it counts, in order.
REQUEST_OBJECT_CHECKS: tuple[Callable[[RequestObject], None], ...] = (
    request_object.check_type,
    request_object.check_signature,
    request_object.check_parties,
    request_object.check_no_assertion,
    request_object.check_audience,
    request_object.check_window,
    request_object.check_bookkeeping,
    request_object.check_no_reference,
)


def check_request_object(signed: RequestObject) -> None:
    """Raises ``InvalidRequestObject`` unless the object is the client's, for us, and now."""
    for one in REQUEST_OBJECT_CHECKS:
        one(signed)


def check_sender(request: AuthenticatedRequest) -> None:
    """Runs the upper part of the endpoint's column; the first refusal is the answer."""
    for one in _SENDER_CHECKS[request.endpoint]:
        one(request)


def check_asked(request: AuthenticatedRequest) -> None:
    """Runs the lower part, on what the sender turned out to ask."""
    for one in _ASKED_CHECKS[request.endpoint]:
        one(request)
