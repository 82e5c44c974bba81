"""Sectors: within which a customer has one name, told by a host or by a document that lists it."""

from typing import Final

import msgspec

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.kit.http import ForbiddenAddress, Sender, Unreachable
from gateway.onboarding import redirects

TIMEOUT_SECONDS: Final = 5.0


async def sector_of(metadata: ClientMetadata, sender: Sender | None) -> str:
    """The host for pairwise subjects (OIDC Core 8.1); raises ``InvalidField``.

    A `sector_identifier_uri` is fetched, this once, and must list every redirect address: else
    anybody could claim a customer's name at somebody else's sector.
    """
    uri = metadata.sector_identifier_uri
    if uri is None:
        return redirects.sector(metadata.redirect_uris[0]) if metadata.redirect_uris else ""
    listed = await _listed(uri, sender)
    missing = sorted(set(metadata.redirect_uris) - listed)
    if missing:
        raise errors.InvalidField(
            "The document there does not list every redirect address.",
            field="sector_identifier_uri",
            missing=missing,
        )
    return redirects.sector(uri)


async def _listed(uri: str, sender: Sender | None) -> frozenset[str]:
    try:
        if sender is None:
            raise Unreachable("nothing is fetched here")
        answer = await sender.get(uri, TIMEOUT_SECONDS)
        if answer.status != 200:
            raise Unreachable(f"the answer has status {answer.status}")
        return msgspec.json.decode(answer.body, type=frozenset[str])
    except msgspec.MsgspecError:
        raise errors.InvalidField(
            "The document there is not a JSON array of addresses.", field="sector_identifier_uri"
        ) from None
    except (ForbiddenAddress, Unreachable) as error:
        raise errors.InvalidField(
            f"The document there was not read: {error}.", field="sector_identifier_uri"
        ) from None
