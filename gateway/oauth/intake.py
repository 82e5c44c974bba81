"""Taking a request in: who sends it, and every row that its decision may need, read at once."""

from contracts import errors
from gateway.database import Database
from gateway.kit.clock import Clock
from gateway.kit.ids import digest
from gateway.kit.jose import CompactReader, JoseRefused, parse_header
from gateway.oauth import store
from gateway.oauth.addresses import Addresses, Endpoint
from gateway.oauth.assertions import Assertion, read_assertion
from gateway.oauth.clients import RegisteredClients, Sought
from gateway.oauth.nonces import Nonces
from gateway.oauth.requests import FormRequest
from gateway.oauth.work import Work


class Intake:
    """Loads what a request names; proves nothing."""

    def __init__(
        self,
        database: Database,
        clients: RegisteredClients,
        reader: CompactReader,
        addresses: Addresses,
        nonces: Nonces,
        clock: Clock,
    ) -> None:
        self._database = database
        self._clients = clients
        self._reader = reader
        self._addresses = addresses
        self._nonces = nonces
        self._clock = clock

    async def load(self, endpoint: Endpoint, arrival: FormRequest) -> Work:
        """The request's work; raises ``InvalidClient`` when it names no client at all."""
        at = self._clock.now()
        await self._nonces.keep_fresh(at)
        assertion = None
        if arrival.form.keys() & ("client_assertion", "client_assertion_type"):
            assertion = read_assertion(arrival.form, self._reader)
        elif "client_id" not in arrival.form:
            raise errors.InvalidClient(
                "The client must authenticate: with private_key_jwt, or by its certificate with a"
                " client_id."
            )
        named = arrival.form["client_id"] if assertion is None else assertion.client_id
        work = Work(
            endpoint=endpoint,
            url=self._addresses.url(endpoint, at_mtls=arrival.at_mtls),
            arrival=arrival,
            assertion=assertion,
            client=await self._clients.find(named, _sought(arrival, assertion)),
            at=at,
        )
        if assertion is not None and arrival.certificate is not None and work.client is not None:
            work.is_certificate_anothers = await self._clients.is_anothers(
                arrival.certificate.key_thumbprint, work.client
            )
        form = arrival.form
        if endpoint == "token":
            await self._load_grant(work, form)
        elif endpoint != "par" and "token" in form:
            await self._load_named(work, digest(form["token"]))
        return work

    async def _load_named(self, work: Work, named: str) -> None:
        find = self._database.find
        work.access = await find(store.FIND_ACCESS_TOKEN, token_digest=named)
        if work.access is None:
            work.refresh = await find(store.FIND_REFRESH_TOKEN, token_digest=named)
        # A dialect's handle can be taken back here, but no resource server asks about one.
        if work.access is None and work.refresh is None and work.endpoint == "revocation":
            work.grant_handle = await find(store.FIND_HANDLE, handle_digest=named)

    async def _load_grant(self, work: Work, form: dict[str, str]) -> None:
        grant_type = form.get("grant_type")
        if grant_type == "authorization_code" and "code" in form:
            work.code = await self._database.find(store.FIND_CODE, code_digest=digest(form["code"]))
        elif grant_type == "refresh_token" and "refresh_token" in form:
            work.refresh = await self._database.find(
                store.FIND_REFRESH_TOKEN, token_digest=digest(form["refresh_token"])
            )


def _sought(arrival: FormRequest, assertion: Assertion | None) -> Sought:
    """The keys that the request names: those of its signatures, or of its certificate."""
    named = [] if assertion is None else [assertion.compact.header.kid]
    if "request" in arrival.form:
        named.append(_kid_of(arrival.form["request"]))
    certificate = arrival.certificate if assertion is None else None
    return Sought(
        tuple(kid for kid in named if kid is not None),
        None if certificate is None else certificate.key_thumbprint,
    )


def _kid_of(token: str) -> str | None:
    """The `kid` in a token's header, whatever else the token is."""
    try:
        return parse_header(token.partition(".")[0]).kid
    except JoseRefused:
        return None
