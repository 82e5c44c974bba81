"""Clients that authenticate by their certificate (RFC 8705 section 2), or only hold one."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.kit.distinguished_names import parse_distinguished_name
from gateway.oauth.certificates import ClientCertificate, comparable_email, comparable_ip
from gateway.oauth.clients import RegisteredClient

Holds = Callable[[ClientCertificate, str], bool]

# RFC 8705 section 2.1.2: a client registers exactly one of these, and it is compared whole. A
# wildcard in a certificate stands for itself.
_SUBJECTS: Final[dict[str, Holds]] = {
    "tls_client_auth_subject_dn": lambda held, text: held.subject == parse_distinguished_name(text),
    "tls_client_auth_san_dns": lambda held, text: text.lower() in held.names.dns,
    "tls_client_auth_san_uri": lambda held, text: text in held.names.uri,
    "tls_client_auth_san_ip": lambda held, text: comparable_ip(text) in held.names.ip,
    "tls_client_auth_san_email": lambda held, text: comparable_email(text) in held.names.email,
}


def verify_tls_client(
    certificate: ClientCertificate | None, client: RegisteredClient, at: datetime
) -> None:
    """`tls_client_auth` (RFC 8705 section 2.1): the certificate names the registered subject.

    That a trusted authority issued it is the terminator's to prove and to say. One that serves
    self-signed clients too lets certificates in that nobody vouches for, so a certificate counts
    here only if the terminator says of this one that it was verified. Which name it is issued in
    proves nothing: TLS libraries compare names by other rules than we do. Raises ``InvalidClient``.
    """
    held = _valid(certificate, at)
    if not held.is_verified:
        raise errors.InvalidClient("No authority that is trusted here vouches for the certificate.")
    if held.is_self_issued:
        raise errors.InvalidClient("A self-signed certificate proves no subject.")
    registered = registered_subjects(client.client.metadata)
    if len(registered) != 1:
        raise errors.InvalidClient("The client must be registered with exactly one subject.")
    if not _names(held, *registered[0]):
        raise errors.InvalidClient("The certificate does not name the client's subject.")


def verify_self_signed(
    certificate: ClientCertificate | None, client: RegisteredClient, at: datetime
) -> None:
    """`self_signed_tls_client_auth` (RFC 8705 section 2.2): its key is a registered one.

    Raises ``InvalidClient``.
    """
    held = _valid(certificate, at)
    if held.key_thumbprint is None or not client.has_key(held.key_thumbprint):
        raise errors.InvalidClient("The certificate's key is not registered for the client.")


def registered_subjects(metadata: ClientMetadata) -> list[tuple[str, str]]:
    """Each member that says which subject the client's certificate has, with its value."""
    found = ((member, getattr(metadata, member)) for member in _SUBJECTS)
    return [(member, text) for member, text in found if text]


def _names(held: ClientCertificate, member: str, text: str) -> bool:
    try:
        return _SUBJECTS[member](held, text)
    except ValueError:
        # What was registered can be no certificate's subject.
        return False


def _valid(certificate: ClientCertificate | None, at: datetime) -> ClientCertificate:
    if certificate is None:
        raise errors.InvalidClient("The client must present its certificate in the TLS handshake.")
    if not certificate.is_valid(at):
        raise errors.InvalidClient("The client's certificate has expired or is not valid yet.")
    return certificate
