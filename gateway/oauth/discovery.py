"""What the server says of itself (RFC 8414): exactly what it enforces."""

from typing import Any
from urllib.parse import urlsplit

from gateway.kit.jose import SIGNING_ALGORITHMS
from gateway.oauth.answers import RESPONSE_MODES
from gateway.oauth.clients import AUTHENTICATION_METHOD, CLIENT_METHODS
from gateway.oauth.id_tokens import CLAIMS
from gateway.oauth.identity.asking import PROMPTS
from gateway.oauth.identity.assurance import ACR_VALUES
from gateway.oauth.keys import ALGORITHM
from gateway.onboarding.service import DETAILS_TYPES, GRANT_TYPES, SCOPES

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def metadata_path(issuer: str) -> str:
    """Where the metadata is: the well-known part goes before the issuer's path (RFC 8414 3)."""
    return WELL_KNOWN + urlsplit(issuer).path.rstrip("/")


# OpenID Connect Discovery section 4 appends to the issuer instead. Whoever serves the gateway below
# a path takes the path away before it gets here, as for every endpoint.
OPENID_PATH = "/.well-known/openid-configuration"


def server_metadata(issuer: str, mtls: str = "") -> dict[str, Any]:
    """The metadata document; ``mtls`` is the start of the mutual-TLS addresses, if there are."""
    algorithms = list(SIGNING_ALGORITHMS)
    endpoint = issuer.rstrip("/") + "/oauth/"
    metadata: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": endpoint + "authorize",
        "pushed_authorization_request_endpoint": endpoint + "par",
        "token_endpoint": endpoint + "token",
        # RFC 7591, for whoever brings a software statement of a trusted issuer.
        "registration_endpoint": endpoint + "register",
        "jwks_uri": endpoint + "jwks",
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "code_challenge_methods_supported": ["S256"],
        "require_pushed_authorization_requests": True,
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": algorithms,
        "authorization_details_types_supported": list(DETAILS_TYPES),
        **_message_signing(algorithms),
        **_openid(endpoint),
        "ui_locales_supported": ["zh-CN", "en"],
    }
    for name, path in (("revocation", "revoke"), ("introspection", "introspect")):
        metadata[f"{name}_endpoint"] = endpoint + path
    methods = list(CLIENT_METHODS) if mtls else [AUTHENTICATION_METHOD]
    for name in ("token", "revocation", "introspection"):
        metadata[f"{name}_endpoint_auth_methods_supported"] = methods
        metadata[f"{name}_endpoint_auth_signing_alg_values_supported"] = algorithms
    return metadata | (_mutual_tls(metadata, issuer, mtls) if mtls else {})


def _mutual_tls(metadata: dict[str, Any], issuer: str, mtls: str) -> dict[str, Any]:
    """RFC 8705 sections 3.3 and 5: what there is at the terminator that asks for certificates.

    Browsers never go there, so the authorization endpoint has no alias.
    """
    start, there = issuer.rstrip("/"), mtls.rstrip("/")
    return {
        "tls_client_certificate_bound_access_tokens": True,
        "mtls_endpoint_aliases": {
            name: there + address.removeprefix(start)
            for name, address in metadata.items()
            if name.endswith("_endpoint") and name != "authorization_endpoint"
        },
    }


def _openid(endpoint: str) -> dict[str, Any]:
    """OpenID Connect Discovery section 3: one algorithm, pairwise names, few claims."""
    return {
        "userinfo_endpoint": endpoint + "userinfo",
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "acr_values_supported": list(ACR_VALUES),
        "prompt_values_supported": list(PROMPTS),
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "claims_supported": list(CLAIMS),
    }


def _message_signing(algorithms: list[str]) -> dict[str, Any]:
    """RFC 9101 section 10.5, JARM section 4, RFC 9701 section 7; the server signs with one."""
    return {
        "request_parameter_supported": True,
        # A request_uri is one that this server gave out, never an address it would fetch.
        "request_uri_parameter_supported": False,
        "require_signed_request_object": False,
        "request_object_signing_alg_values_supported": algorithms,
        "authorization_signing_alg_values_supported": [ALGORITHM],
        "introspection_signing_alg_values_supported": [ALGORITHM],
    }
