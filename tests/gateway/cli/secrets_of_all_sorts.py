"""A gateway with something sealed in every column that holds sealed values."""

import asyncio
from datetime import timedelta
from functools import cache

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey

from contracts.v1.onboarding import DialectKey, Registration
from contracts.v1.webhooks import WebhookEndpointRequest
from gateway.database import Query
from gateway.hosted.codes import CodeMessage, SandboxMessenger
from gateway.hosted.sessions import Browser, Sessions
from gateway.kit.caller import Caller
from gateway.kit.ids import new_secret
from gateway.rooms import Rooms

REQUEST_URI = "urn:ietf:params:oauth:request_uri:kept"


class EndpointRow(msgspec.Struct, frozen=True):
    secret_sealed: str


ENDPOINTS = Query("select secret_sealed from webhook_endpoint", EndpointRow)


class AuditRow(msgspec.Struct, frozen=True):
    action: str
    actor: str
    resource: str


AUDIT = Query(
    "select action, actor, resource from audit_record where actor like 'operator:%'"
    " order by recorded_at, ordinal",
    AuditRow,
)


@cache
def dialect_pem() -> str:
    """A partner's public key, which takes long to make."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key.public_bytes(*form).decode()


class Tale:
    """What was sealed, and the question whether it still opens for those who need it."""

    def __init__(self, built: Rooms) -> None:
        self.built = built
        self.sessions = Sessions(built.database, built.vault)
        self.browser = Browser(new_secret())
        self.flows: list[str] = []
        self.client_id = self.subject = ""

    async def set_up(self, flows: int = 3) -> "Tale":
        """Two signing keys, a salt, a dialect's key, a webhook secret, and flows of a browser."""
        built, at = self.built, self.built.clock.now()
        await built.oauth.ensure()
        self.subject = built.oauth.subjects.pairwise("cus_1", "a.example")
        registered = await built.onboarding.register(
            Registration(
                partner_name="Wayfare",
                partner_name_zh="路途出行",
                mark="W",
                scenarios=["travel_app"],
                redirect_uris=["https://wayfare.example/return"],
                scope="catalog.read event.subscribe",
                jwks={"keys": [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)]},
                dialect_keys=[DialectKey("lantu", dialect_pem())],
            ),
            operator="ada",
            at=at,
        )
        self.client_id = registered.client_id
        self.caller = Caller(
            partner_id=registered.partner_id,
            client_id=registered.client_id,
            scope=frozenset(["event.subscribe"]),
            at=at,
            interaction_id="test",
        )
        await self.new_webhook_secret()
        message = CodeMessage("cnf_1", "cus_1", "123456", "sign_in", "", "en")
        await SandboxMessenger(built.database, built.vault).send(message, at)
        await asyncio.gather(*(self.open_flow() for _ in range(flows)))
        return self

    async def new_webhook_secret(self) -> str | None:
        """Registers the one endpoint, again after the first time, which replaces its secret."""
        wanted = WebhookEndpointRequest("http://127.0.0.1:9999/events")
        return (await self.built.webhooks.register(self.caller, wanted)).secret

    async def open_flow(self) -> None:
        """One more sealed value, as a customer's browser makes them."""
        at = self.built.clock.now()
        flow = await self.sessions.open_flow(
            self.browser,
            client_id=self.client_id,
            request_uri=REQUEST_URI,
            expires_at=at + timedelta(minutes=5),
            at=at,
        )
        self.flows.append(flow)

    async def flow_opens(self, flow_id: str) -> bool:
        """Whether a browser's request is still known."""
        return (await self.sessions.flow(self.browser, flow_id)).request_uri == REQUEST_URI

    async def everything_opens(self) -> bool:
        """Whether everybody who sealed something can still read it."""
        built = self.built
        flows = [await self.flow_opens(flow_id) for flow_id in self.flows]
        key = await built.onboarding.bank_key(self.client_id, "lantu")
        await built.oauth.subjects.ensure(built.clock.now())
        same = built.oauth.subjects.pairwise("cus_1", "a.example") == self.subject
        return all(flows) and key is not None and "PRIVATE KEY" in key.private_key_pem and same

    async def audited(self) -> list[AuditRow]:
        """What operators did."""
        return await self.built.database.all(AUDIT)
