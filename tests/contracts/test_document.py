"""The committed OpenAPI document: generated, valid, complete, bounded, with true examples."""

import copy
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.architecture.source import assert_kept
from tests.contracts import document as rules
from tests.contracts.document import SCHEMAS

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "contracts" / "v1" / "openapi.json"
Spoil = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(COMMITTED.read_bytes())
    return found


def test_the_committed_document_is_the_generated_one() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "gateway", "openapi"], cwd=ROOT, capture_output=True, check=True
    )
    assert made.stdout == COMMITTED.read_bytes(), "generate it anew: tessera openapi"


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_every_operation_says_what_it_needs_and_how_it_refuses(document: dict[str, Any]) -> None:
    assert list(rules.operations(document))
    assert_kept(rules.operation_breaches(document))


def test_every_example_is_one(document: dict[str, Any]) -> None:
    assert_kept(rules.example_breaches(document))
    assert_kept(rules.example_breaches(rules.shapes()))


def test_no_request_may_be_as_large_as_it_likes(document: dict[str, Any]) -> None:
    assert_kept(rules.unbounded(document))


@pytest.mark.parametrize("name", ["PackageOrderDetail", "Registration", "DialectKey"])
def test_no_other_document_we_read_may_be_either(name: str) -> None:
    found = rules.shapes()
    media = {"content": {"application/json": {"schema": {"$ref": SCHEMAS + name}}}}
    found["paths"] = {name: {"post": {"requestBody": media, "responses": {}}}}
    assert_kept(rules.unbounded(found))


def test_every_member_is_described_or_bounded(document: dict[str, Any]) -> None:
    assert_kept(rules.unexplained(document))


def test_every_shape_of_the_contract_says_what_it_is(document: dict[str, Any]) -> None:
    silent = [
        name
        for name, shape in rules.shapes()["components"]["schemas"].items()
        if not shape.get("description")
    ]
    assert not silent


def _order(document: dict[str, Any]) -> Any:
    return document["paths"]["/v1/orders"]["post"]


def _request(document: dict[str, Any]) -> Any:
    return document["components"]["schemas"]["OrderRequest"]


@pytest.mark.parametrize(
    ("spoil", "rule", "said"),
    [
        (lambda d: _order(d).pop("x-scope"), rules.operation_breaches, "names no scope"),
        (lambda d: _order(d).pop("x-api-level"), rules.operation_breaches, "no API level"),
        (lambda d: _order(d).pop("summary"), rules.operation_breaches, "no summary"),
        (lambda d: _order(d).pop("operationId"), rules.operation_breaches, "no operationId"),
        (
            lambda d: _order(d)["responses"].pop("default"),
            rules.operation_breaches,
            "how it refuses",
        ),
        (
            lambda d: _request(d)["properties"]["reference"].pop("maxLength"),
            rules.unbounded,
            "POST /v1/orders reference is a text of any length",
        ),
        (
            lambda d: _request(d)["properties"]["package"].update(examples=["Not A Code"]),
            rules.example_breaches,
            "OrderRequest.package: 'Not A Code' is refused",
        ),
        (
            lambda d: d["components"]["schemas"]["Order"]["properties"].update(
                colour={"type": "string"}
            ),
            rules.unexplained,
            "Order.colour is neither described nor bounded",
        ),
    ],
)
def test_a_breach_is_said(
    document: dict[str, Any], spoil: Spoil, rule: Callable[[Any], list[str]], said: str
) -> None:
    spoiled = copy.deepcopy(document)
    spoil(spoiled)
    found = [breach for breach in rule(spoiled) if said in breach]
    assert found and not set(found) & set(rule(document))
