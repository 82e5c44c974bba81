"""The OpenAPI 3.1 document of the native contract, generated from the routes and their shapes."""

import inspect
from typing import Any

import msgspec
from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.routes import HTTPRoute

from contracts.v1 import (
    accounts,
    consents,
    events,
    money,
    orders,
    packages,
    payments,
    qualifications,
    quotes,
    webhooks,
)
from contracts.v1.names import Id, PackageCode
from gateway import doors
from gateway.onboarding.service import level_of
from gateway.rooms import Rooms

_CONTRACT = (
    accounts,
    consents,
    events,
    money,
    orders,
    packages,
    payments,
    qualifications,
    quotes,
    webhooks,
)
CONTRACT_VERSION = "1.0.0"

_PROBLEM = {
    "type": "object",
    "description": "Problem details (RFC 9457). `code` is stable; further members help to act.",
    "required": ["type", "title", "status", "code", "next_action", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string", "description": "The code in words; the same for every case."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {
            "type": "string",
            "description": "What is wrong; stable, see the list of errors.",
            "examples": ["limit.per_debit"],
        },
        "detail": {"type": "string", "description": "This case in words."},
        "next_action": {
            "type": "string",
            "description": "What would help.",
            "examples": ["lower_amount"],
        },
        "instance": {"type": "string", "format": "uri"},
    },
    "additionalProperties": True,
}
_REFUSAL = {
    "description": "Refused or failed; the body says why and what to do next.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def document(built: Rooms) -> bytes:
    """The document as committed in ``contracts/v1/openapi.json``."""
    routes = [*doors.native_routes(built), *doors.open_contract_routes(built)]
    app = Litestar(route_handlers=routes, openapi_config=_config())
    schema = app.openapi_schema.to_schema()
    shapes = schema["components"].setdefault("schemas", {})
    shapes |= {name: shape for name, shape in _shapes().items() if name in shapes}
    shapes["Problem"] = _PROBLEM
    for path, method, scope, customer_scope in _scopes(app):
        operation = schema["paths"].get(path, {}).get(method)
        if operation is None:
            continue
        operation["security"] = [{"dpop": [scope]}] if scope else []
        if scope:
            operation["x-scope"] = scope
        # JR/T 0185-2020 section 6 (rule CN-API-01); what asks for no scope tells of products alone.
        operation["x-api-level"] = level_of(scope) if scope else "A1"
        if customer_scope:
            # What a customer's token needs instead; the level is that of the customer's scope then.
            operation["security"].append({"dpop": [customer_scope]})
            operation["x-customer-scope"] = customer_scope
        for parameter in operation.get("parameters", []):
            _bound(parameter)
        if method != "get" and (operation["x-api-level"] == "A2" or customer_scope):
            signature = _signature(operation, required=not customer_scope)
            operation.setdefault("parameters", []).extend(signature)
        operation["responses"] = {
            status: response
            for status, response in operation["responses"].items()
            if status.startswith("2")
        } | {"default": _REFUSAL}
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=2) + b"\n"


def _scopes(app: Litestar) -> list[tuple[str, str, str, str]]:
    """Path, method, scope and customer's scope; without a scope it is open to everybody."""
    found = []
    for route in app.routes:
        if not isinstance(route, HTTPRoute):
            continue
        for handler in route.route_handlers:
            for method in handler.http_methods:
                scopes = (handler.opt.get(name, "") for name in ("scope", "customer_scope"))
                found.append((route.path_format, method.lower(), *scopes))
    return found


def _shapes() -> dict[str, Any]:
    """The schemas of the contract's structs as msgspec keeps them: bounds, texts, no strangers."""
    kinds = [
        kind
        for module in _CONTRACT
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, msgspec.Struct)
    ]
    _, shapes = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return shapes


def _bound(parameter: dict[str, Any]) -> None:
    """States the bounds that the gateway keeps for names in paths and for idempotency keys."""
    if parameter["in"] == "path":
        parameter["schema"] = msgspec.json.schema(
            PackageCode if parameter["name"] == "code" else Id
        )
    elif parameter["name"] == "Idempotency-Key":
        parameter["required"] = True
        parameter["schema"] = {
            "type": "string",
            "minLength": 1,
            "maxLength": 128,
            "pattern": "^[\\x21-\\x7e]+$",
        }


def _signature(operation: dict[str, Any], *, required: bool) -> list[dict[str, Any]]:
    """The fields of a message signature: what rule CN-API-05 has writes of level A2 carry.

    Not ``required`` where only a customer's token makes it one.
    """
    covered = "@method, @target-uri, authorization, dpop where there is a proof"
    meanings = {
        "Signature-Input": f"RFC 9421, tag fapi-2-request, at most a minute old; covers {covered},"
        " and content-digest where there is a body.",
        "Signature": "RFC 9421, by a registered key of the client. The answer is signed in turn,"
        " tag fapi-2-response, over this request too.",
    }
    if "requestBody" in operation:
        meanings["Content-Digest"] = "RFC 9530, sha-256 or sha-512 of the body."
    return [
        {
            "name": name,
            "in": "header",
            "required": required,
            "description": meaning,
            "schema": {"type": "string", "minLength": 1, "maxLength": 8192},
        }
        for name, meaning in meanings.items()
    ]


def _config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Tessera partner gateway",
        version=CONTRACT_VERSION,
        description=(
            "Packaged banking products for partners. Calls carry a DPoP-bound access token "
            "(RFC 9449); writes carry an Idempotency-Key, and those of level A2 a message "
            "signature (RFC 9421)."
        ),
        create_examples=False,
        render_plugins=[],
        components=Components(
            security_schemes={
                "dpop": SecurityScheme(
                    type="http",
                    scheme="DPoP",
                    description="An access token bound to the key of the DPoP header's proof.",
                )
            }
        ),
    )
