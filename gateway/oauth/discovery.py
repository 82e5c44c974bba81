"""What the server says of itself (RFC 8414): exactly what it enforces."""

from typing import Any
from urllib.parse import urlsplit

from contracts.v1.consents import PACKAGE_ORDER_TYPE
from gateway.kit.jose import SIGNING_ALGORITHMS
from gateway.oauth.clients import AUTHENTICATION_METHOD
from gateway.onboarding.service import GRANT_TYPES, SCOPES

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def metadata_path(issuer: str) -> str:
    """Where the metadata is: the well-known part goes before the issuer's path (RFC 8414 3)."""
    return WELL_KNOWN + urlsplit(issuer).path.rstrip("/")


def server_metadata(issuer: str) -> dict[str, Any]:
    """The metadata document."""
    algorithms = list(SIGNING_ALGORITHMS)
    endpoint = issuer.rstrip("/") + "/oauth/"
    metadata: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": endpoint + "authorize",
        "pushed_authorization_request_endpoint": endpoint + "par",
        "token_endpoint": endpoint + "token",
        "jwks_uri": endpoint + "jwks",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "require_pushed_authorization_requests": True,
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": algorithms,
        "authorization_details_types_supported": [PACKAGE_ORDER_TYPE],
        "request_parameter_supported": False,
        "ui_locales_supported": ["zh-CN", "en"],
    }
    for name, path in (("revocation", "revoke"), ("introspection", "introspect")):
        metadata[f"{name}_endpoint"] = endpoint + path
    for name in ("token", "revocation", "introspection"):
        metadata[f"{name}_endpoint_auth_methods_supported"] = [AUTHENTICATION_METHOD]
        metadata[f"{name}_endpoint_auth_signing_alg_values_supported"] = algorithms
    return metadata
