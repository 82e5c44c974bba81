"""What a resource checks, in order; the first refusal is the answer."""

from typing import Final

from gateway.oauth.checks.acr import check_token_authentication
from gateway.oauth.checks.assessment import check_partner_assessed
from gateway.oauth.checks.resource import check_token_bound, check_token_live, check_token_scope
from gateway.oauth.resources import ResourceCheck, ResourceRequest

CHECKS: Final[tuple[ResourceCheck, ...]] = (
    check_token_live,
    check_token_bound,
    check_token_scope,
    check_partner_assessed,
    check_token_authentication,
)


def check(request: ResourceRequest) -> None:
    """Runs every check; passes or raises with a challenge."""
    for one in CHECKS:
        one(request)
