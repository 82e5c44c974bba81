"""The one tree of errors, spoken in three voices: problem details, OAuth JSON, a partner's own.

A class states only facts (status, code, title, OAuth error); an instance adds a public ``detail``
and members of the problem document such as ``headroom`` or ``next_action`` (RFC 9457 section 3.2).

GatewayError 500 internal_error
├── Refused 400 request.invalid
│   ├── LimitExceeded 422 limit.exceeded
│   │   ├── LimitPerDebit 422 limit.per_debit
│   │   ├── LimitMandateDay 422 limit.mandate_day
│   │   ├── LimitDay 422 limit.day
│   │   ├── LimitYear 422 limit.year
│   │   └── LimitBalance 422 limit.balance
│   ├── BalanceInsufficient 422 balance.insufficient
│   ├── MandateNotLive 422 mandate.not_live
│   ├── PaymentDeclined 422 payment.declined
│   ├── OAuthRefused 400 oauth.invalid_request
│   │   ├── InvalidClient 401 oauth.invalid_client
│   │   ├── InvalidGrant 400 oauth.invalid_grant
│   │   ├── UnauthorizedClient 400 oauth.unauthorized_client
│   │   ├── UnsupportedGrantType 400 oauth.unsupported_grant_type
│   │   ├── UnsupportedResponseType 400 oauth.unsupported_response_type
│   │   ├── InvalidScope 400 oauth.invalid_scope
│   │   ├── InvalidRequestUri 400 oauth.invalid_request_uri
│   │   ├── InvalidRequestObject 400 oauth.invalid_request_object
│   │   ├── InvalidAuthorizationDetails 400 oauth.invalid_authorization_details
│   │   ├── InvalidDpopProof 400 oauth.invalid_dpop_proof
│   │   ├── UseDpopNonce 400 oauth.use_dpop_nonce
│   │   ├── AccessDenied 403 oauth.access_denied
│   │   ├── InvalidToken 401 oauth.invalid_token
│   │   ├── InsufficientScope 403 oauth.insufficient_scope
│   │   ├── InsufficientUserAuthentication 401 oauth.insufficient_user_authentication
│   │   ├── UnmetAuthenticationRequirements 400 oauth.unmet_authentication_requirements
│   │   ├── InvalidRedirectUri 400 oauth.invalid_redirect_uri
│   │   ├── InvalidClientMetadata 400 oauth.invalid_client_metadata
│   │   ├── InvalidSoftwareStatement 400 oauth.invalid_software_statement
│   │   └── UnapprovedSoftwareStatement 400 oauth.unapproved_software_statement
│   ├── QuoteNotUsable 409 quote.not_usable
│   │   ├── QuoteMismatch 409 quote.mismatch
│   │   └── QuoteExpired 409 quote.expired
│   ├── QuoteOutOfBounds 422 quote.out_of_bounds
│   ├── QuoteReferred 403 quote.referred
│   ├── TooManyQuotes 429 quote.too_many
│   ├── DirectFeedForbidden 403 credit.direct_feed_forbidden
│   ├── MemberForbidden 422 member.forbidden
│   ├── PartnerNotListed 403 partner.not_listed
│   ├── PackageNotOrderable 422 package.not_orderable
│   ├── MalformedBody 400 body.malformed
│   ├── InvalidField 422 field.invalid
│   ├── BodyTooLarge 413 body.too_large
│   ├── UnsupportedMediaType 415 media_type.unsupported
│   ├── MethodNotAllowed 405 method.not_allowed
│   ├── NotFound 404 resource.not_found
│   ├── Conflict 409 state.conflict
│   │   ├── RequestInFlight 409 idempotency.in_flight
│   │   ├── OrderExists 409 order.exists
│   │   └── DisclosureStale 409 disclosure.stale
│   ├── DisclosureReadTime 422 disclosure.read_time
│   ├── IdempotencyKeyMissing 400 idempotency.key_missing
│   ├── IdempotencyKeyReused 422 idempotency.key_reused
│   ├── InvalidSignature 401 signature.invalid
│   │   ├── StaleRequest 401 signature.stale
│   │   └── ReplayedRequest 401 signature.replayed
│   ├── UnknownOperation 400 operation.unknown
│   ├── GrantHandleNotLive 403 grant_handle.not_live
│   ├── ConsentNotLive 403 consent.not_live
│   ├── ConsentMismatch 403 consent.mismatch
│   ├── OrderNotEligible 422 order.not_eligible
│   ├── KeyAlreadyRegistered 409 key.already_registered
│   ├── EndpointForbidden 422 endpoint.forbidden
│   ├── TooManyRequests 429 rate.exceeded
│   ├── SignInFailed 401 sign_in.failed
│   ├── PageExpired 400 page.expired
│   └── AssessmentExpired 403 assessment.expired
└── Unavailable 503 service.unavailable
    ├── CoreBankUnavailable 503 core_bank.unavailable
    ├── CoreBankUnknown 503 core_bank.unknown_outcome
    └── Overloaded 503 service.overloaded
"""

from contracts.error_root import GatewayError, Refused
from contracts.limit_errors import (
    BalanceInsufficient,
    LimitBalance,
    LimitDay,
    LimitExceeded,
    LimitMandateDay,
    LimitPerDebit,
    LimitYear,
    MandateNotLive,
    PaymentDeclined,
)
from contracts.oauth_errors import (
    AccessDenied,
    InsufficientScope,
    InsufficientUserAuthentication,
    InvalidAuthorizationDetails,
    InvalidClient,
    InvalidClientMetadata,
    InvalidDpopProof,
    InvalidGrant,
    InvalidRedirectUri,
    InvalidRequestObject,
    InvalidRequestUri,
    InvalidScope,
    InvalidSoftwareStatement,
    InvalidToken,
    OAuthRefused,
    UnapprovedSoftwareStatement,
    UnauthorizedClient,
    UnmetAuthenticationRequirements,
    UnsupportedGrantType,
    UnsupportedResponseType,
    UseDpopNonce,
)
from contracts.quote_errors import (
    DirectFeedForbidden,
    MemberForbidden,
    PackageNotOrderable,
    PartnerNotListed,
    QuoteExpired,
    QuoteMismatch,
    QuoteNotUsable,
    QuoteOutOfBounds,
    QuoteReferred,
    TooManyQuotes,
)
from contracts.request_errors import (
    BodyTooLarge,
    InvalidField,
    MalformedBody,
    MethodNotAllowed,
    UnsupportedMediaType,
)

__all__ = [
    "AccessDenied",
    "AssessmentExpired",
    "BalanceInsufficient",
    "BodyTooLarge",
    "Conflict",
    "ConsentMismatch",
    "ConsentNotLive",
    "CoreBankUnavailable",
    "CoreBankUnknown",
    "DirectFeedForbidden",
    "DisclosureReadTime",
    "DisclosureStale",
    "EndpointForbidden",
    "GatewayError",
    "GrantHandleNotLive",
    "IdempotencyKeyMissing",
    "IdempotencyKeyReused",
    "InsufficientScope",
    "InsufficientUserAuthentication",
    "InvalidAuthorizationDetails",
    "InvalidClient",
    "InvalidClientMetadata",
    "InvalidDpopProof",
    "InvalidField",
    "InvalidGrant",
    "InvalidRedirectUri",
    "InvalidRequestObject",
    "InvalidRequestUri",
    "InvalidScope",
    "InvalidSignature",
    "InvalidSoftwareStatement",
    "InvalidToken",
    "KeyAlreadyRegistered",
    "LimitBalance",
    "LimitDay",
    "LimitExceeded",
    "LimitMandateDay",
    "LimitPerDebit",
    "LimitYear",
    "MalformedBody",
    "MandateNotLive",
    "MemberForbidden",
    "MethodNotAllowed",
    "NotFound",
    "OAuthRefused",
    "OrderExists",
    "OrderNotEligible",
    "Overloaded",
    "PackageNotOrderable",
    "PageExpired",
    "PartnerNotListed",
    "PaymentDeclined",
    "QuoteExpired",
    "QuoteMismatch",
    "QuoteNotUsable",
    "QuoteOutOfBounds",
    "QuoteReferred",
    "Refused",
    "ReplayedRequest",
    "RequestInFlight",
    "SignInFailed",
    "StaleRequest",
    "TooManyQuotes",
    "TooManyRequests",
    "UnapprovedSoftwareStatement",
    "UnauthorizedClient",
    "Unavailable",
    "UnknownOperation",
    "UnmetAuthenticationRequirements",
    "UnsupportedGrantType",
    "UnsupportedMediaType",
    "UnsupportedResponseType",
    "UseDpopNonce",
    "tree",
]


class NotFound(Refused):
    status = 404
    code = "resource.not_found"
    title = "There is no such resource"
    next_action = "check_identifier"


class Conflict(Refused):
    status = 409
    code = "state.conflict"
    title = "Somebody else changed this at the same time"
    next_action = "retry_same_key"


class RequestInFlight(Conflict):
    code = "idempotency.in_flight"
    title = "The first request with this key is still under way"


class OrderExists(Conflict):
    code = "order.exists"
    title = "This consent already carries an order for the package"
    next_action = "read_existing"


class DisclosureStale(Conflict):
    code = "disclosure.stale"
    title = "What the customer read is not what must be read by now"
    next_action = "authorize_again"


class DisclosureReadTime(Refused):
    status = 422
    code = "disclosure.read_time"
    title = "The texts were not on the screen for as long as they must be"
    next_action = "read_on"


class IdempotencyKeyMissing(Refused):
    code = "idempotency.key_missing"
    title = "This operation needs an Idempotency-Key"
    next_action = "send_key"


class IdempotencyKeyReused(Refused):
    status = 422
    code = "idempotency.key_reused"
    title = "This key was used with another request"
    next_action = "use_new_key"


class InvalidSignature(Refused):
    status = 401
    code = "signature.invalid"
    title = "The signature does not verify"
    next_action = "check_signature"


class StaleRequest(InvalidSignature):
    code = "signature.stale"
    title = "The signed time is outside the accepted window"
    next_action = "check_clock"


class ReplayedRequest(InvalidSignature):
    code = "signature.replayed"
    title = "This signed request was accepted before"
    next_action = "sign_again"


class UnknownOperation(Refused):
    code = "operation.unknown"
    title = "The dialect has no such operation"
    next_action = "check_operation"


class GrantHandleNotLive(Refused):
    status = 403
    code = "grant_handle.not_live"
    title = "The grant handle is not live for this caller"
    next_action = "obtain_grant"


class ConsentNotLive(Refused):
    status = 403
    code = "consent.not_live"
    title = "The customer's consent is not live"
    next_action = "ask_customer"


class ConsentMismatch(Refused):
    status = 403
    code = "consent.mismatch"
    title = "The consent does not cover what was asked"
    next_action = "ask_customer"


class OrderNotEligible(Refused):
    status = 422
    code = "order.not_eligible"
    title = "The customer cannot take this package"
    next_action = "show_reason"


class KeyAlreadyRegistered(Refused):
    status = 409
    code = "key.already_registered"
    title = "This public key is registered already"
    next_action = "use_new_key_pair"


class EndpointForbidden(Refused):
    status = 422
    code = "endpoint.forbidden"
    title = "The address is not one the gateway may call"
    next_action = "correct_address"


class TooManyRequests(Refused):
    status = 429
    code = "rate.exceeded"
    title = "Too many requests"
    next_action = "retry_later"


class SignInFailed(Refused):
    status = 401
    code = "sign_in.failed"
    title = "The sign-in did not succeed"
    next_action = "try_again"


class PageExpired(Refused):
    code = "page.expired"
    title = "This page is no longer valid"
    next_action = "start_again"


class AssessmentExpired(Refused):
    status = 403
    code = "assessment.expired"
    title = "The bank's risk assessment of the partner has expired or is missing"
    next_action = "renew_assessment"


class Unavailable(GatewayError):
    status = 503
    code = "service.unavailable"
    title = "The gateway cannot do this right now"
    oauth = "temporarily_unavailable"
    next_action = "retry_same_key"


class CoreBankUnavailable(Unavailable):
    code = "core_bank.unavailable"
    title = "The bank cannot be reached; nothing was done"


class CoreBankUnknown(Unavailable):
    code = "core_bank.unknown_outcome"
    title = "The bank has not told the outcome yet"


class Overloaded(Unavailable):
    code = "service.overloaded"
    title = "The gateway has too much to do"


def tree(root: type[GatewayError] = GatewayError) -> list[type[GatewayError]]:
    """Every error class, parents before children, in the order drawn above."""
    found = [root]
    for child in root.__subclasses__():
        found += tree(child)
    return found
