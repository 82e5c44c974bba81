"""Taking a request in: who sends it, and every row that its decision may need, read at once."""

from gateway.database import Database
from gateway.kit.clock import Clock
from gateway.kit.ids import digest
from gateway.kit.jose import CompactReader
from gateway.oauth import store
from gateway.oauth.addresses import Addresses, Endpoint
from gateway.oauth.assertions import read_assertion
from gateway.oauth.clients import RegisteredClients
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
        clock: Clock,
    ) -> None:
        self._database = database
        self._clients = clients
        self._reader = reader
        self._addresses = addresses
        self._clock = clock

    async def load(self, endpoint: Endpoint, arrival: FormRequest) -> Work:
        """The request's work; raises ``InvalidClient`` when it names no client at all."""
        at = self._clock.now()
        assertion = read_assertion(arrival.form, self._reader)
        work = Work(
            endpoint=endpoint,
            url=self._addresses.url(endpoint, at_mtls=arrival.at_mtls),
            arrival=arrival,
            assertion=assertion,
            client=await self._clients.find(assertion.client_id),
            at=at,
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
