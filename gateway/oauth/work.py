"""One request's work: what was loaded for it, and the unit that its decisions fill."""

from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Payload, OAuth2Request

from gateway.database import Unit
from gateway.oauth.addresses import Endpoint
from gateway.oauth.assertions import Assertion
from gateway.oauth.binding import Binding
from gateway.oauth.clients import RegisteredClient
from gateway.oauth.details import Details
from gateway.oauth.dpop import Proof
from gateway.oauth.requests import FormRequest
from gateway.oauth.store import AccessTokenRow, CodeRow, HandleRow, RefreshTokenRow
from gateway.oauth.tokens import Grant


class Work:
    """Everything a decision may read, and the unit it writes to; no I/O happens in between."""

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        url: str,
        arrival: FormRequest,
        assertion: Assertion | None,
        client: RegisteredClient | None,
        at: datetime,
    ) -> None:
        self.endpoint: Endpoint = endpoint
        self.url = url
        self.arrival = arrival
        # Absent where the client authenticates by its certificate.
        self.assertion = assertion
        self.client = client
        self.at = at
        # The client is as memory has it: the unit, or a read, has yet to confirm it.
        self.is_from_memory = False
        # Beside an assertion: the certificate has a key that somebody else registered.
        self.is_certificate_anothers = False
        # What a pushed request asks: the form, or what its request object holds.
        self.parameters: dict[str, str] = arrival.form
        self.code: CodeRow | None = None
        self.refresh: RefreshTokenRow | None = None
        self.access: AccessTokenRow | None = None
        self.grant_handle: HandleRow | None = None
        self.unit = Unit(f"oauth.{endpoint}")
        self.proof: Proof | None = None
        # What tokens issued for this request are bound to; the proof's key or the certificate.
        self.binding: Binding | None = None
        self.details: Details | None = None
        # What the issued tokens stand for, once a customer's grant was redeemed.
        self.grant: Grant | None = None
        # Set when a code comes a second time from its own client: its tokens must end.
        self.code_spent = False


class FormPayload(OAuth2Payload):  # type: ignore[misc]
    """A form as Authlib reads it; repeated parameters never got this far."""

    def __init__(self, form: dict[str, str]) -> None:
        self._form = form

    @property
    def data(self) -> dict[str, str]:
        """The parameters."""
        return self._form

    @property
    def datalist(self) -> dict[str, list[str]]:
        """The parameters, each as a list of one."""
        return {name: [value] for name, value in self._form.items()}


class ProtocolRequest(OAuth2Request):  # type: ignore[misc]
    """A request as Authlib's grants see it; `uri` is the external address."""

    def __init__(self, uri: str, form: dict[str, str], work: Work | None = None) -> None:
        # What the base class sets, without its look into the environment for every request: the
        # settings have judged the issuer's scheme.
        self.method = "POST"
        self.headers: dict[str, str] = {}
        self._body: Any = None
        self._scope: Any = None
        self.client: Any = None
        self.auth_method: str | None = None
        self.user: Any = None
        self.authorization_code: Any = None
        self.refresh_token: Any = None
        self.credential: Any = None
        self.uri = uri
        self.payload: Any = FormPayload(form)
        self.work = work
        # Whoever is authenticating the client.
        self.server: Any = None

    @property
    def form(self) -> dict[str, str]:
        """The parameters of the body."""
        form: dict[str, str] = self.payload.data
        return form
