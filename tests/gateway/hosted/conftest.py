"""The pages over their real neighbours: the bank, the register, the catalogue, OAuth."""

import asyncio
import functools
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import msgspec
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar

from contracts.v1.onboarding import Registration
from gateway.audit.service import Audit
from gateway.consents.service import Consents
from gateway.corebank.sandbox.personas import load_personas
from gateway.corebank.sandbox.service import SandboxBank
from gateway.database import Database
from gateway.events.service import Events
from gateway.hosted.pages import Pages
from gateway.hosted.routes import hosted_routes
from gateway.hosted.service import Hosted, SandboxMessenger, Sessions
from gateway.hosted.texts import load_texts
from gateway.kit.vault import Vault
from gateway.oauth.requests import FormRequest
from gateway.oauth.service import OAuth
from gateway.onboarding.service import SCOPES, Onboarding
from gateway.products.package_files import PackageFile
from gateway.products.service import Catalogue, DisclosureRules, load_packages, load_types
from gateway.rules.service import load_book
from tests.conftest import SetClock
from tests.gateway.hosted.reader import Reader
from tests.gateway.oauth.partner import DETAILS, ISSUER, REDIRECT_URI, SWEEP, Partner, new_key

ALL_PARTS = [*DETAILS, SWEEP]


@functools.cache
def pages_of(issuer: str, live: bool) -> Pages:
    """Templates are compiled once for the whole run."""
    return Pages(load_texts(), issuer=issuer, live=live)


class House:
    """Every room that the pages need, and two partners in the register."""

    def __init__(
        self, database: Database, clock: SetClock, packages: tuple[PackageFile, ...] = ()
    ) -> None:
        audit, vault, pack = Audit(load_book()), Vault.fresh(), load_book()
        self.database = database
        self.clock = clock
        self.vault = vault
        self.pack = pack
        self.bank = SandboxBank(database, pack, clock)
        self.onboarding = Onboarding(database, audit, vault, sandbox=True)
        self.consents = Consents(database, Events(database), audit)
        catalogue = Catalogue(
            (*load_packages(), *packages), pack, clock, register=self.onboarding.standings
        )
        self.oauth = OAuth(
            database,
            self.onboarding,
            self.consents,
            catalogue,
            audit,
            vault,
            clock,
            issuer=ISSUER,
        )
        self.rooms: tuple[Any, ...] = (
            database,
            Sessions(database, vault),
            self.oauth.authorizations,
            self.consents,
            self.onboarding,
            catalogue,
            self.bank,
            audit,
            clock,
        )

    def app(self, *, issuer: str = ISSUER, live: bool = False) -> Litestar:
        messenger = None if live else SandboxMessenger(self.database, self.vault)
        hosted = Hosted(
            *self.rooms,
            rules=self.pack,
            disclosures=DisclosureRules(load_types(), self.pack),
            issuer=issuer,
            messenger=messenger,
        )
        return Litestar(list(hosted_routes(hosted, pages_of(issuer, live))), openapi_config=None)

    async def register(self, **changes: Any) -> Partner:
        key = new_key()
        usual: dict[str, Any] = {
            "partner_name": "Wayfare",
            "partner_name_zh": "路途出行",
            "mark": "W",
            "scenarios": ["travel_app"],
            "redirect_uris": [REDIRECT_URI],
            "scope": " ".join(SCOPES),
            "jwks": {"keys": [key.as_dict(private=False)]},
        }
        registered = await self.onboarding.register(
            Registration(**(usual | changes)), operator="test", at=self.clock.now()
        )
        return Partner(registered.client_id, self.clock, key)

    async def enlist(self, partner: Partner) -> Partner:
        """Puts the partner on the bank's list of partners in credit."""
        client = await self.onboarding.find(partner.client_id)
        assert client is not None
        await self.onboarding.standings.enlist(
            client.partner_id, True, operator="test", at=self.clock.now()
        )
        return partner

    async def entrance(self, partner: Partner, **fields: Any) -> str:
        """The address to which a partner sends its customer."""
        wanted = {"authorization_details": msgspec.json.encode(ALL_PARTS).decode()} | fields
        pushed = await self.oauth.push(FormRequest(form=partner.par_form(**wanted)))
        query = httpx.QueryParams(client_id=partner.client_id, request_uri=pushed["request_uri"])
        return f"/oauth/authorize?{query}"


@pytest.fixture
def packages() -> tuple[PackageFile, ...]:
    """What is on sale besides what ships."""
    return ()


@pytest.fixture
async def house(database: Database, clock: SetClock, packages: tuple[PackageFile, ...]) -> House:
    built = House(database, clock, packages)
    await built.oauth.ensure()
    await built.bank.seed(load_personas()[:2])
    return built


@pytest.fixture
async def partner(house: House) -> Partner:
    return await house.register()


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Callable[..., Reader]]:
    """Makes browsers: each has cookies of its own; ``en`` unless told otherwise."""
    opened = []

    def make(language: str = "en", **options: Any) -> Reader:
        # The app runs in the test's own event loop, to which the database belongs.
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(house.app(**options)),
            base_url=options.get("issuer", ISSUER),
            headers={"accept-language": language} if language else {},
        )
        opened.append(client)
        return Reader(client)

    yield make
    for client in opened:
        await client.aclose()


class Callback(BaseHTTPRequestHandler):
    """The partner's own address, on an origin that is not the bank's."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>Back at the partner</title><p>Back")

    def log_message(self, format: str, *args: Any) -> None:
        return


@pytest.fixture
def callback() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Callback)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/cb"
    server.shutdown()
    server.server_close()


@pytest.fixture
async def address(house: House) -> AsyncIterator[str]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    # A name and not an IP address, so that there can be passkeys; plain http is secure there.
    issuer = f"http://localhost:{port}"
    server = Server(house.app(issuer=issuer), port=port, interface=Interfaces.ASGINL)
    serving = asyncio.create_task(server.serve())
    yield issuer
    server.stop()
    await serving
