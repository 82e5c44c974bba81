"""Requests at the OAuth endpoints: as they arrive, and as the checks see them."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from gateway.oauth.addresses import Endpoint
from gateway.oauth.binding import Binding
from gateway.oauth.certificates import ClientCertificate
from gateway.oauth.clients import RegisteredClient
from gateway.oauth.details import Details, DetailsChecker
from gateway.oauth.dpop import Proof
from gateway.oauth.nonces import Nonces
from gateway.oauth.store import CodeRow, RefreshTokenRow


class FormRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it arrived: its parameters and the headers that mean something here."""

    form: dict[str, str]
    proofs: tuple[str, ...] = ()
    has_authorization: bool = False
    accept: str = ""
    # Proved by the handshake at the mutual-TLS addresses; nobody else can hand one in.
    certificate: ClientCertificate | None = None
    at_mtls: bool = False


class AuthenticatedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose client is proved, with everything the checks may look at.

    ``form`` is what arrived; ``parameters`` is what a pushed request asks, which is the form or
    the content of its request object.
    """

    endpoint: Endpoint
    form: Mapping[str, str]
    parameters: Mapping[str, str]
    has_authorization: bool
    client: RegisteredClient
    proof: Proof | None
    certificate: ClientCertificate | None
    binding: Binding | None
    details: Details | None
    code: CodeRow | None
    refresh: RefreshTokenRow | None
    catalogue: DetailsChecker
    nonces: Nonces
    # How a client with a scope of level A2 may authenticate, by the rule pack in force.
    a2_methods: frozenset[str]
    # The levels of scope that need a risk assessment of the partner, by the same.
    assessed_levels: frozenset[str]
    at: datetime
