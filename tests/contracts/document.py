"""Rules that the published OpenAPI document keeps, each told as a list of breaches."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from openapi_schema_validator import OAS31Validator, oas31_format_checker

import contracts.v1

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
LEVELS = ("A1", "A2")
SCHEMAS = "#/components/schemas/"
_BOUNDS = {"maxLength", "minimum", "maximum", "maxItems", "maxProperties"}
_COMBINED = ("anyOf", "oneOf", "allOf", "prefixItems")

Document = Mapping[str, Any]


def operations(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every operation with its place, such as ``POST /v1/orders``."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def operation_breaches(document: Document) -> list[str]:
    """What an operation lacks: scope, API level, summary, id, its own good answer, the problem."""
    breaches, seen = [], set()
    for place, operation in operations(document):
        scope = operation.get("x-scope")
        # A customer's token may need another scope than a client's own.
        scopes = [scope, *filter(None, [operation.get("x-customer-scope")])]
        if "/v1/public/" in place:
            if scope or operation.get("security") != []:
                breaches.append(f"{place} is public and names a scope, or demands a token")
        elif not scope or operation.get("security") != [{"dpop": [name]} for name in scopes]:
            breaches.append(f"{place} names no scope, or demands another")
        if operation.get("x-api-level") not in LEVELS:
            breaches.append(f"{place} has no API level")
        for name in ("summary", "operationId"):
            if not operation.get(name):
                breaches.append(f"{place} has no {name}")
        if operation.get("operationId") in seen:
            breaches.append(f"{place} has the operationId of another operation")
        seen.add(operation.get("operationId"))
        answers = operation.get("responses", {})
        refusal = answers.get("default", {}).get("content", {}).get("application/problem+json", {})
        if refusal.get("schema") != {"$ref": f"{SCHEMAS}Problem"}:
            breaches.append(f"{place} does not say how it refuses")
        if not any(status.startswith("2") for status in answers):
            breaches.append(f"{place} has no good answer")
    return breaches


def example_breaches(document: Document) -> list[str]:
    """Every example and default that its own schema refuses."""
    breaches = []
    for place, schema in schemas(document):
        examples = list(schema.get("examples", []))
        if "default" in schema:
            examples.append(schema["default"])
        if not examples:
            continue
        judge = validator(document, schema)
        breaches += [
            f"{place}: {example!r} is refused: {error.message}"
            for example in examples
            for error in judge.iter_errors(example)
        ]
    return breaches


def unbounded(document: Document) -> list[str]:
    """Every string, list, number and object that a request may make as large as it likes."""
    breaches: list[str] = []
    for place, operation in operations(document):
        for parameter in operation.get("parameters", []):
            where = f"{place} {parameter['in']} {parameter['name']}"
            breaches += _unbounded(document, parameter["schema"], where)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            breaches += _unbounded(document, media["schema"], place)
    return sorted(set(breaches))


def _unbounded(document: Document, schema: Mapping[str, Any], place: str) -> Iterator[str]:
    schema = resolved(document, schema)
    for name in _COMBINED:
        for part in schema.get(name, ()):
            # Bounds beside the alternatives hold for each of them.
            beside = {key: schema[key] for key in _BOUNDS & schema.keys()}
            yield from _unbounded(document, {**beside, **resolved(document, part)}, place)
    if schema.keys() & {"enum", "const"}:
        return
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if "string" in kinds and not schema.keys() & {"maxLength", "format"}:
        yield f"{place} is a text of any length"
    if {"integer", "number"} & set(kinds) and not {"minimum", "maximum"} <= schema.keys():
        yield f"{place} is a number of any size"
    if "array" in kinds:
        if "maxItems" not in schema:
            yield f"{place} is a list of any length"
        yield from _unbounded(document, schema.get("items", {}), f"{place}[]")
    if "object" in kinds:
        if schema.get("additionalProperties") is not False and "maxProperties" not in schema:
            yield f"{place} takes members that are not named"
        for name, member in schema.get("properties", {}).items():
            yield from _unbounded(document, member, f"{place} {name}")


def unexplained(document: Document) -> list[str]:
    """Every member of a shape that neither says what it is nor is bounded by its type."""
    breaches = []
    for name, shape in document["components"]["schemas"].items():
        for member, schema in shape.get("properties", {}).items():
            if not _explains_itself(schema):
                breaches.append(f"{name}.{member} is neither described nor bounded")
    return breaches


def _explains_itself(schema: Mapping[str, Any]) -> bool:
    told = {"$ref", "description", "enum", "const", "pattern", "format"} | _BOUNDS
    if schema.keys() & told or schema.get("type") in ("boolean", "null"):
        return True
    for name in _COMBINED:
        if name in schema:
            return all(_explains_itself(part) for part in schema[name])
    return "items" in schema and _explains_itself(schema["items"])


def shapes() -> dict[str, Any]:
    """A document that holds the schema of every struct of the contract, published or not."""
    found = []
    for entry in pkgutil.iter_modules(contracts.v1.__path__):
        module = importlib.import_module(f"contracts.v1.{entry.name}")
        found += [
            kind
            for _, kind in inspect.getmembers(module, inspect.isclass)
            if issubclass(kind, msgspec.Struct) and kind.__module__ == module.__name__
        ]
    _, schemas = msgspec.json.schema_components(found, ref_template=SCHEMAS + "{name}")
    return {"paths": {}, "components": {"schemas": schemas}}


def resolved(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, or the shape that it refers to."""
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = document["components"]["schemas"][
        schema["$ref"].removeprefix(SCHEMAS)
    ]
    # What stands beside a reference holds as well (JSON Schema 2020-12).
    return {**found, **{key: schema[key] for key in _BOUNDS & schema.keys()}}


def schemas(document: Document) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every schema in the document, inner ones too, with its place."""
    for place, operation in operations(document):
        for parameter in operation.get("parameters", []):
            yield from _inner(f"{place} {parameter['name']}", parameter["schema"])
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in contents:
            for media in content.get("content", {}).values():
                yield from _inner(place, media["schema"])
    for name, shape in document["components"]["schemas"].items():
        yield from _inner(name, shape)


def _inner(place: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield place, schema
    for name, member in schema.get("properties", {}).items():
        yield from _inner(f"{place}.{name}", member)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), Mapping):
            yield from _inner(f"{place}[]", schema[name])
    for name in _COMBINED:
        for part in schema.get(name, ()):
            yield from _inner(place, part)


def validator(document: Document, schema: Mapping[str, Any]) -> OAS31Validator:
    """Judges values by a schema of the document."""
    whole = {**schema, "components": document["components"]}
    return OAS31Validator(whole, format_checker=oas31_format_checker)
