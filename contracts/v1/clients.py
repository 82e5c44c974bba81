"""Client metadata: what a client says of itself at registration (RFC 7591 section 2 and its kin).

Every member carries the name its specification gives it; ``Client`` keeps the whole document, so
that what was registered can be echoed completely.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from contracts.v1.names import Code, Id, Scopes

SigningAlgorithm = Literal["ES256", "PS256", "EdDSA"]
AuthenticationMethod = Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]
ResponseMode = Literal["query", "query.jwt", "jwt"]

Address = Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[\x21-\x7e]+$")]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f\x7f]+$")]
# As long as names of RFC 4514 get in certificates of banks.
SubjectName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=1024, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Few = msgspec.Meta(max_length=8)
KeySet = Annotated[
    dict[str, Any],
    msgspec.Meta(max_length=8, description="A JWK set (RFC 7517) of public keys."),
]
# Members of one document, those that nobody here knows among them.
MEMBERS_MOST: Final = 64


class ClientMetadata(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=False
):
    """A client's metadata; a member that nobody here knows is not kept (RFC 7591 section 2)."""

    client_name: Name | None = None
    client_uri: Address | None = None
    logo_uri: Address | None = None
    policy_uri: Address | None = None
    tos_uri: Address | None = None
    contacts: Annotated[list[Name], Few] = []
    software_id: Id | None = None
    software_version: Id | None = None

    redirect_uris: Annotated[list[Address], Few] = []
    scope: Scopes = ""
    grant_types: Annotated[list[Code], Few] = []
    response_types: Annotated[list[Literal["code"]], Few] = []
    response_modes: Annotated[list[ResponseMode], Few] = []
    authorization_details_types: Annotated[list[Address], Few] = []

    # How the client proves who it is (OIDC Core 9, RFC 8705 section 2).
    token_endpoint_auth_method: AuthenticationMethod = "private_key_jwt"  # noqa: S105
    token_endpoint_auth_signing_alg: SigningAlgorithm | None = None
    jwks: KeySet | None = None
    jwks_uri: Address | None = None
    tls_client_auth_subject_dn: SubjectName | None = None
    tls_client_auth_san_dns: Name | None = None
    tls_client_auth_san_uri: Name | None = None
    tls_client_auth_san_ip: Name | None = None
    tls_client_auth_san_email: Name | None = None
    use_mtls_endpoint_aliases: bool = False

    # What its tokens are bound to (RFC 9449 section 5.2, RFC 8705 section 3.4): exactly one.
    dpop_bound_access_tokens: bool = True
    tls_client_certificate_bound_access_tokens: bool = False

    # Message signing (RFC 9101 section 10.5, JARM section 3, RFC 9701 section 6).
    require_pushed_authorization_requests: bool = True
    require_signed_request_object: bool = False
    request_object_signing_alg: SigningAlgorithm | None = None
    authorization_signed_response_alg: Literal["ES256"] | None = None
    introspection_signed_response_alg: Literal["ES256"] | None = None
    # RFC 9421 as FAPI 2.0 HTTP Signatures uses it: whether every A2 write must be signed.
    http_message_signatures: Literal["optional", "required"] = "optional"

    # OpenID Connect (Dynamic Client Registration 1.0 section 2).
    id_token_signed_response_alg: Literal["ES256"] = "ES256"  # noqa: S105
    subject_type: Literal["pairwise"] = "pairwise"
    sector_identifier_uri: Address | None = None
    default_max_age: Annotated[int, msgspec.Meta(ge=0, le=86400)] | None = None
    require_auth_time: bool = False
    default_acr_values: Annotated[list[Address], Few] = []
