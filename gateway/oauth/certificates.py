"""Client certificates (RFC 8705), as the TLS terminator hands them on (RFC 9440)."""

import msgspec
from cryptography import x509


class ClientCertificate(msgspec.Struct, frozen=True):
    """A certificate whose key the client proved to hold in the TLS handshake."""

    certificate: x509.Certificate
    thumbprint: str
