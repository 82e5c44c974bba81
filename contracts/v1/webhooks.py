"""Webhook endpoints: where a partner wants its events."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.names import Code, Id, Moment, Url


class WebhookEndpointRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Registers an address; ``voice`` is ``standard-webhooks`` or the name of a dialect."""

    url: Annotated[str, msgspec.Meta(min_length=8, max_length=500)]
    voice: Code = "standard-webhooks"


class WebhookEndpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """An address; ``secret`` is there only in the answer to its registration."""

    endpoint_id: Id
    url: Url
    voice: Code
    status: Literal["active", "disabled"]
    created_at: Moment
    secret: (
        Annotated[
            str,
            msgspec.Meta(max_length=100, description="``whsec_`` and base64 of the signing key."),
        ]
        | None
    ) = None


class WebhookEndpointList(msgspec.Struct, frozen=True):
    """The calling client's addresses."""

    endpoints: list[WebhookEndpoint]
