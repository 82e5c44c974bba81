"""Refusals in the words of OAuth (RFC 6749 section 5.2 and its successors)."""

from contracts.error_root import Refused


class OAuthRefused(Refused):
    code = "oauth.invalid_request"
    title = "The OAuth request is not acceptable"


class InvalidClient(OAuthRefused):
    status = 401
    code = "oauth.invalid_client"
    title = "The client could not be authenticated"
    oauth = "invalid_client"
    next_action = "check_client_authentication"


class InvalidGrant(OAuthRefused):
    code = "oauth.invalid_grant"
    title = "The grant is not valid for this client"
    oauth = "invalid_grant"
    next_action = "obtain_grant"


class UnauthorizedClient(OAuthRefused):
    code = "oauth.unauthorized_client"
    title = "The client may not use this grant"
    oauth = "unauthorized_client"
    next_action = "check_registration"


class UnsupportedGrantType(OAuthRefused):
    code = "oauth.unsupported_grant_type"
    title = "The grant type is not supported"
    oauth = "unsupported_grant_type"
    next_action = "check_metadata"


class UnsupportedResponseType(OAuthRefused):
    code = "oauth.unsupported_response_type"
    title = "The response type is not supported"
    oauth = "unsupported_response_type"
    next_action = "check_metadata"


class InvalidScope(OAuthRefused):
    code = "oauth.invalid_scope"
    title = "The scope is not one this client may have"
    oauth = "invalid_scope"
    next_action = "check_registration"


class InvalidRequestUri(OAuthRefused):
    code = "oauth.invalid_request_uri"
    title = "The request_uri is unknown, used or expired"
    oauth = "invalid_request_uri"
    next_action = "push_again"


class InvalidRequestObject(OAuthRefused):
    code = "oauth.invalid_request_object"
    title = "The request object is not valid"
    oauth = "invalid_request_object"


class InvalidAuthorizationDetails(OAuthRefused):
    code = "oauth.invalid_authorization_details"
    title = "The authorization_details are not acceptable"
    oauth = "invalid_authorization_details"


class InvalidDpopProof(OAuthRefused):
    code = "oauth.invalid_dpop_proof"
    title = "The DPoP proof is missing or not valid"
    oauth = "invalid_dpop_proof"
    next_action = "sign_again"


class UseDpopNonce(OAuthRefused):
    code = "oauth.use_dpop_nonce"
    title = "The DPoP proof must carry the server's nonce"
    oauth = "use_dpop_nonce"
    next_action = "sign_again"


class AccessDenied(OAuthRefused):
    status = 403
    code = "oauth.access_denied"
    title = "The customer or the bank said no"
    oauth = "access_denied"
    next_action = "ask_customer"


class InvalidToken(OAuthRefused):
    status = 401
    code = "oauth.invalid_token"
    title = "The access token is not valid here"
    oauth = "invalid_token"
    next_action = "obtain_token"


class InsufficientScope(OAuthRefused):
    status = 403
    code = "oauth.insufficient_scope"
    title = "The access token lacks the scope"
    oauth = "insufficient_scope"
    next_action = "obtain_token"


class InsufficientUserAuthentication(OAuthRefused):
    status = 401
    code = "oauth.insufficient_user_authentication"
    title = "The customer must authenticate better, or again"
    oauth = "insufficient_user_authentication"
    next_action = "authorize_again"


class UnmetAuthenticationRequirements(OAuthRefused):
    code = "oauth.unmet_authentication_requirements"
    title = "The authentication asked for was not reached"
    oauth = "unmet_authentication_requirements"
    next_action = "authorize_again"


class InvalidRedirectUri(OAuthRefused):
    code = "oauth.invalid_redirect_uri"
    title = "A redirect address is not acceptable"
    oauth = "invalid_redirect_uri"
    next_action = "correct_field"


class InvalidClientMetadata(OAuthRefused):
    code = "oauth.invalid_client_metadata"
    title = "The client's metadata is not acceptable"
    oauth = "invalid_client_metadata"
    next_action = "correct_field"


class InvalidSoftwareStatement(OAuthRefused):
    code = "oauth.invalid_software_statement"
    title = "The software statement is not valid"
    oauth = "invalid_software_statement"
    next_action = "obtain_statement"


class UnapprovedSoftwareStatement(OAuthRefused):
    code = "oauth.unapproved_software_statement"
    title = "The software statement comes from nobody the bank trusts for this partner"
    oauth = "unapproved_software_statement"
    next_action = "obtain_statement"
