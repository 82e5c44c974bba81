"""Matching: the parameters of a request, wherever they were sent, before any of them is trusted."""

from contracts.errors import (
    BodyTooLarge,
    GatewayError,
    MalformedBody,
    MethodNotAllowed,
    UnsupportedMediaType,
)
from partners import envelopes
from partners.tables import Tables
from partners.wire import RawRequest


def merge(tables: Tables, request: RawRequest) -> tuple[dict[str, str], GatewayError | None]:
    """Query and body as one set of parameters, and the first thing wrong with them.

    Parameters sent twice are left out of the set, so neither of the two can be taken. Nothing is
    raised: as much as could be read is returned, so that the caller's client may still be named.
    """
    pairs: envelopes.Pairs = []
    fault: GatewayError | None = None
    try:
        pairs += _query_pairs(tables, request)
        pairs += _body_pairs(tables, request)
        if len(pairs) > tables.limits.parameters:
            raise MalformedBody(f"more than {tables.limits.parameters} parameters")
    except GatewayError as problem:
        fault = problem
    names = [name for name, _ in pairs]
    doubled = {name for name in names if names.count(name) > 1}
    if fault is None and doubled:
        known = sorted(doubled & {parameter.name for parameter in tables.parameters})
        # Only words of our own tables are repeated to a caller who is not verified yet.
        fault = MalformedBody(f"{known[0] if known else 'a parameter'} is sent more than once")
    return {name: value for name, value in pairs if name not in doubled}, fault


def _query_pairs(tables: Tables, request: RawRequest) -> envelopes.Pairs:
    if len(request.query) > tables.limits.query_bytes:
        raise BodyTooLarge(f"a query string holds at most {tables.limits.query_bytes} bytes")
    return envelopes.read_form(request.query, tables.limits.parameters)


def _body_pairs(tables: Tables, request: RawRequest) -> envelopes.Pairs:
    if request.method not in tables.methods:
        raise MethodNotAllowed(f"use {' or '.join(tables.methods)}")
    if not request.body:
        return []
    if request.method == "GET":
        raise MalformedBody("a GET carries no body")
    if len(request.body) > tables.limits.body_bytes:
        raise BodyTooLarge(f"a body holds at most {tables.limits.body_bytes} bytes")
    if not envelopes.is_form(request.header("content-type")):
        raise UnsupportedMediaType(f"send {envelopes.FORM};charset=utf-8")
    return envelopes.read_form(request.body, tables.limits.parameters)
