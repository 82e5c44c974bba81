"""Webhook endpoints: where a partner wants its events."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from contracts.v1.names import Id


class WebhookEndpointRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Registers an address; ``voice`` is ``standard-webhooks`` or the name of a dialect."""

    url: Annotated[str, msgspec.Meta(min_length=8, max_length=500)]
    voice: Annotated[str, msgspec.Meta(max_length=64)] = "standard-webhooks"


class WebhookEndpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """An address; ``secret`` is there only in the answer to its registration."""

    endpoint_id: Id
    url: str
    voice: str
    status: Literal["active", "disabled"]
    created_at: datetime
    secret: str | None = None


class WebhookEndpointList(msgspec.Struct, frozen=True):
    """The calling client's addresses."""

    endpoints: list[WebhookEndpoint]
