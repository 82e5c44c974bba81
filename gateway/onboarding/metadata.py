"""What a client's metadata must be to be registered: defaults filled in, then one list of checks.

Each check sees the whole document (RFC 7591 section 2) with the facts it is judged by, and passes
or raises ``InvalidField`` naming the member to correct.
"""

import ipaddress
from collections.abc import Callable
from typing import Any, Final

import msgspec

from contracts import errors
from contracts.v1.clients import MEMBERS_MOST, ClientMetadata
from contracts.v1.consents import ACCOUNT_INFORMATION_TYPE, PACKAGE_ORDER_TYPE
from contracts.v1.onboarding import Registration
from gateway.kit import jose
from gateway.kit.distinguished_names import parse_distinguished_name
from gateway.onboarding import member_names, redirects
from gateway.onboarding.levels import LEVELS, WRITES, level_of

GRANT_TYPES: Final = ["authorization_code", "refresh_token", "client_credentials"]
DETAILS_TYPES: Final = [PACKAGE_ORDER_TYPE, ACCOUNT_INFORMATION_TYPE]
# RFC 8705 section 2.1.2: a certificate of a trusted authority is known by exactly one of these.
SUBJECT_MEMBERS: Final = (
    "tls_client_auth_subject_dn",
    "tls_client_auth_san_dns",
    "tls_client_auth_san_uri",
    "tls_client_auth_san_ip",
    "tls_client_auth_san_email",
)
_PAGES: Final = ("client_uri", "logo_uri", "policy_uri", "tos_uri", "sector_identifier_uri")
_ALGORITHM_MEMBERS: Final = ("token_endpoint_auth_signing_alg", "request_object_signing_alg")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A document with its defaults, and what it is judged by."""

    metadata: ClientMetadata
    # The keys registered by value, already judged; empty where there are none.
    jwks: tuple[dict[str, Any], ...]
    sandbox: bool
    # Whether this server has addresses at which it asks for certificates.
    mutual_tls: bool
    # The methods CN-API-03 lets a client of level A2 use, on the day of the registration.
    a2_methods: tuple[str, ...]
    # What CN-API-05 asks of a write of level A2, on the same day.
    a2_integrity: tuple[str, ...]

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes asked for."""
        return frozenset(self.metadata.scope.split())


def decode(document: dict[str, Any]) -> ClientMetadata:
    """The document as metadata; raises ``msgspec.ValidationError`` for a wrong type or value.

    More than ``MEMBERS_MOST`` members, unknown ones among them, are wrong as well. A client that
    asks for certificate-bound tokens and says nothing of DPoP wants the one and not the other
    (RFC 9449 section 5.2: the member's own default is false).
    """
    return msgspec.convert(_one_constraint(document), ClientMetadata)


def decode_registration(document: dict[str, Any]) -> Registration:
    """An operator's file as a registration, its ``metadata`` as `decode` reads one.

    Raises ``InvalidField`` for a member that nobody knows, here or in ``metadata``, and
    ``msgspec.ValidationError`` for a wrong type or value.
    """
    member_names.check_registration(document)
    inner = document.get("metadata")
    if isinstance(inner, dict):
        document = document | {"metadata": _one_constraint(inner)}
    return msgspec.convert(document, Registration)


def decode_amendment(document: dict[str, Any]) -> ClientMetadata:
    """An operator's file of a client's whole metadata; raises as `decode_registration` does."""
    member_names.check_metadata(document, field="")
    return decode(document)


def _one_constraint(document: dict[str, Any]) -> dict[str, Any]:
    if len(document) > MEMBERS_MOST:
        raise msgspec.ValidationError(f"Expected metadata of at most {MEMBERS_MOST} members")
    bound_by_certificate = document.get("tls_client_certificate_bound_access_tokens") is True
    if bound_by_certificate and "dpop_bound_access_tokens" not in document:
        return document | {"dpop_bound_access_tokens": False}
    return document


def completed(metadata: ClientMetadata) -> ClientMetadata:
    """The metadata with what the server fills in where the client says nothing."""
    grant_types = metadata.grant_types or GRANT_TYPES
    by_code = "authorization_code" in grant_types
    return msgspec.structs.replace(
        metadata,
        scope=" ".join(sorted(set(metadata.scope.split()))),
        grant_types=grant_types,
        response_types=metadata.response_types or (["code"] if by_code else []),
        authorization_details_types=metadata.authorization_details_types
        or ([PACKAGE_ORDER_TYPE] if by_code else []),
        # RFC 9126 section 5: the server asks it of everybody, whatever a client says of itself.
        require_pushed_authorization_requests=True,
    )


def check(asked: Asked) -> None:
    """Runs every check; the first refusal is the answer."""
    for one in CHECKS:
        one(asked)


def check_scope(asked: Asked) -> None:
    """RFC 7591 section 2: scopes that exist, at least one."""
    unknown = sorted(asked.scopes - LEVELS.keys())
    if unknown or not asked.scopes:
        raise errors.InvalidField(
            f"Choose from: {', '.join(sorted(LEVELS))}.", field="scope", unknown=unknown
        )


def check_grants(asked: Asked) -> None:
    """RFC 7591 section 2.1: known grants, and `code` exactly where the code grant is."""
    metadata = asked.metadata
    unknown = sorted(set(metadata.grant_types) - set(GRANT_TYPES))
    if unknown:
        raise errors.InvalidField(
            f"Choose from: {', '.join(GRANT_TYPES)}.", field="grant_types", unknown=unknown
        )
    if ("authorization_code" in metadata.grant_types) != ("code" in metadata.response_types):
        raise errors.InvalidField(
            "The response type code and the grant authorization_code go together.",
            field="response_types",
        )


def check_details_types(asked: Asked) -> None:
    """RFC 9396 section 10: only types that this server knows."""
    unknown = sorted(set(asked.metadata.authorization_details_types) - set(DETAILS_TYPES))
    if unknown:
        raise errors.InvalidField(
            f"Choose from: {', '.join(DETAILS_TYPES)}.",
            field="authorization_details_types",
            unknown=unknown,
        )


def check_redirects(asked: Asked) -> None:
    """FAPI 2.0 SP 5.3.2.2-8, RFC 6749 section 3.1.2; the code grant needs one."""
    metadata = asked.metadata
    if "authorization_code" in metadata.grant_types and not metadata.redirect_uris:
        raise errors.InvalidField("The code grant needs a redirect address.", field="redirect_uris")
    for uri in metadata.redirect_uris:
        redirects.check(uri, sandbox=asked.sandbox)


def check_pages(asked: Asked) -> None:
    """RFC 7591 section 2: the client's own pages are https, as its redirect addresses are."""
    for member in _PAGES:
        uri = getattr(asked.metadata, member)
        if uri is not None:
            redirects.check(uri, sandbox=asked.sandbox, field=member)


def check_method(asked: Asked) -> None:
    """CN-API-03: a client with a scope of level A2 authenticates in one of the stronger ways."""
    method = asked.metadata.token_endpoint_auth_method
    if method in asked.a2_methods:
        return
    held = sorted(scope for scope in asked.scopes if level_of(scope) == "A2")
    if held:
        raise errors.InvalidField(
            f"With {', '.join(held)} use one of: {', '.join(asked.a2_methods)}.",
            field="token_endpoint_auth_method",
            rule="CN-API-03",
        )


def check_mutual_tls(asked: Asked) -> None:
    """RFC 8705 section 5: certificates are of use only at addresses that ask for them."""
    metadata = asked.metadata
    by_certificate = metadata.token_endpoint_auth_method != "private_key_jwt"  # noqa: S105
    if asked.mutual_tls or not (
        by_certificate or metadata.tls_client_certificate_bound_access_tokens
    ):
        return
    raise errors.InvalidField(
        "This server asks nobody for certificates: TESSERA_MTLS_ISSUER must be set first, with"
        " TESSERA_TERMINATORS and TESSERA_TERMINATOR_SECRET_FILE.",
        field="token_endpoint_auth_method"
        if by_certificate
        else "tls_client_certificate_bound_access_tokens",
    )


def check_keys(asked: Asked) -> None:
    """RFC 7591 section 2: keys by value or by address, never both; needed where they prove."""
    metadata = asked.metadata
    if metadata.jwks is not None and metadata.jwks_uri is not None:
        raise errors.InvalidField("Give jwks or jwks_uri, not both.", field="jwks")
    if metadata.jwks_uri is not None:
        redirects.check(metadata.jwks_uri, sandbox=asked.sandbox, field="jwks_uri")
    by_certificate = metadata.token_endpoint_auth_method == "tls_client_auth"  # noqa: S105
    if metadata.jwks is None and metadata.jwks_uri is None:
        if not by_certificate:
            raise errors.InvalidField(
                f"{metadata.token_endpoint_auth_method} needs keys: give jwks or jwks_uri.",
                field="jwks",
            )
        if metadata.require_signed_request_object:
            raise errors.InvalidField(
                "Signed request objects need keys: give jwks or jwks_uri.", field="jwks"
            )
        _check_unsigned(asked)


def _check_unsigned(asked: Asked) -> None:
    """CN-API-05: a client that must sign its calls has a key to sign them with."""
    signing = "Besides its certificate the client needs a signing key: give jwks or jwks_uri."
    if asked.metadata.http_message_signatures == "required":
        raise errors.InvalidField(f"It is to sign its calls. {signing}", field="jwks")
    writes = sorted(asked.scopes & WRITES)
    if writes and "signature" in asked.a2_integrity:
        raise errors.InvalidField(
            f"Calls with {', '.join(writes)} are signed. {signing}", field="jwks", rule="CN-API-05"
        )


def check_subject(asked: Asked) -> None:
    """RFC 8705 section 2.1.2: exactly one subject member with tls_client_auth, else none."""
    metadata = asked.metadata
    given = [member for member in SUBJECT_MEMBERS if getattr(metadata, member) is not None]
    by_certificate = metadata.token_endpoint_auth_method == "tls_client_auth"  # noqa: S105
    if by_certificate and len(given) != 1:
        raise errors.InvalidField(
            f"tls_client_auth needs exactly one of: {', '.join(SUBJECT_MEMBERS)}.",
            field=given[1] if given else SUBJECT_MEMBERS[0],
        )
    if given and not by_certificate:
        raise errors.InvalidField("Only tls_client_auth has a subject.", field=given[0])
    if metadata.tls_client_auth_san_ip is not None:
        try:
            ipaddress.ip_address(metadata.tls_client_auth_san_ip)
        except ValueError:
            raise errors.InvalidField("Not an IP address.", field=given[0]) from None
    if metadata.tls_client_auth_subject_dn is not None:
        try:
            parse_distinguished_name(metadata.tls_client_auth_subject_dn)
        except ValueError as error:
            raise errors.InvalidField(f"This is {error}.", field=given[0]) from None


def check_constraint(asked: Asked) -> None:
    """FAPI 2.0 SP 5.3.2.1-4: tokens are bound to a DPoP key or to a certificate, to one of them."""
    metadata = asked.metadata
    bound_by_certificate = metadata.tls_client_certificate_bound_access_tokens
    if metadata.dpop_bound_access_tokens == bound_by_certificate:
        raise errors.InvalidField(
            "Set exactly one of dpop_bound_access_tokens and"
            " tls_client_certificate_bound_access_tokens.",
            field="dpop_bound_access_tokens",
        )


def check_algorithms(asked: Asked) -> None:
    """RFC 8725 section 3.1: an algorithm that is registered is one the registered keys can make."""
    metadata = asked.metadata
    method = metadata.token_endpoint_auth_method
    if metadata.token_endpoint_auth_signing_alg is not None and method != "private_key_jwt":
        raise errors.InvalidField(
            f"{method} signs nothing.", field="token_endpoint_auth_signing_alg"
        )
    if metadata.jwks_uri is not None:
        # The keys there may be others tomorrow.
        return
    possible = {one for jwk in asked.jwks for one in jose.parse_public_jwk(jwk).algorithms}
    for member in _ALGORITHM_MEMBERS:
        algorithm = getattr(metadata, member)
        if algorithm is not None and algorithm not in possible:
            raise errors.InvalidField(f"No registered key makes {algorithm}.", field=member)


def check_hosts(asked: Asked) -> None:
    """OIDC Core 8.1: redirect addresses on several hosts need a `sector_identifier_uri`."""
    metadata = asked.metadata
    hosts = {redirects.sector(uri) for uri in metadata.redirect_uris}
    if len(hosts) > 1 and metadata.sector_identifier_uri is None:
        raise errors.InvalidField(
            "Redirect addresses on several hosts need a sector_identifier_uri.",
            field="sector_identifier_uri",
        )


CHECKS: Final[tuple[Callable[[Asked], None], ...]] = (
    check_scope,
    check_grants,
    check_details_types,
    check_redirects,
    check_pages,
    check_method,
    check_mutual_tls,
    check_keys,
    check_subject,
    check_constraint,
    check_algorithms,
    check_hosts,
)
