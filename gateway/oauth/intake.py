"""Taking a request in: who sends it, and every row that its decision may need, read at once."""

from contracts import errors
from gateway.database import Database
from gateway.kit.clock import Clock
from gateway.kit.ids import digest
from gateway.kit.jose import CompactReader, JoseRefused, parse_header
from gateway.oauth import store
from gateway.oauth.addresses import Addresses, Endpoint
from gateway.oauth.assertions import Assertion, read_assertion
from gateway.oauth.clients import RegisteredClient, RegisteredClients, Sought
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

    async def load(
        self, endpoint: Endpoint, arrival: FormRequest, *, from_memory: bool = False
    ) -> Work:
        """The request's work; raises ``InvalidClient`` when it names no client at all.

        With ``from_memory`` the client may be one that is still to be confirmed: see ``deciding``.
        """
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
        client = self._remembered(named, arrival, assertion) if from_memory else None
        is_from_memory = client is not None
        if client is None:
            client = await self._clients.find(named, _sought(arrival, assertion))
        work = Work(
            endpoint=endpoint,
            url=self._addresses.url(endpoint, at_mtls=arrival.at_mtls),
            arrival=arrival,
            assertion=assertion,
            client=client,
            at=at,
        )
        work.is_from_memory = is_from_memory
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

    async def confirms(self, work: Work) -> bool:
        """Whether the client that was decided on is still as it was read."""
        if work.is_from_memory and work.client is not None:
            if not await self._clients.is_current(work.client):
                return False
            work.is_from_memory = False
        return True

    def _remembered(
        self, named: str, arrival: FormRequest, assertion: Assertion | None
    ) -> RegisteredClient | None:
        # One statement confirms the client and uses both proofs up; where they are not both
        # there, or a certificate is to be looked at, everything is read first.
        if assertion is None or len(arrival.proofs) != 1 or arrival.certificate is not None:
            return None
        return self._clients.remembered(named)

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
