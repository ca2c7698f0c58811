"""Every route about one case, as the OpenAPI document tells of them, asked with a body that fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import httpx

from tests.case_router.world import World

NOT_THERE = "2000000008"

BODIES: dict[str, Any] = {
    "concerned": {"unit": "x"},
    "status": {"status": "in_review"},
}
"""By the path's last word, where the schema's examples don't make one that fits."""


class Route(NamedTuple):
    """One of them."""

    method: str
    path: str
    body: Any


async def case_routes(world: World) -> list[Route]:
    """All that have a case's number in their path."""
    document = (await world.client.get("/openapi.json")).json()
    return [
        Route(method, path, _body(document, path, operation))
        for path, operations in document["paths"].items()
        if "{number}" in path
        for method, operation in operations.items()
    ]


async def ask(
    world: World, route: Route, by: str, number: str, ids: Mapping[str, object] | None = None
) -> httpx.Response:
    """Ask it of a case; parts of the case are what `ids` says, or aren't there."""
    named = _Ids({"number": number, "index": 0} | dict(ids or {}))
    headers = world.bearer(by) | {"If-Match": "*"}
    path = route.path.format_map(named)
    if route.body is None:
        return await world.client.request(route.method, path, headers=headers)
    return await world.client.request(route.method, path, headers=headers, json=route.body)


class _Ids(dict[str, object]):
    def __missing__(self, key: str) -> object:
        return uuid4()


def _body(document: Any, path: str, operation: Any) -> Any:
    last = path.rsplit("/", 1)[-1]
    if "requestBody" not in operation:
        return None
    if last in BODIES:
        return BODIES[last]
    content = operation["requestBody"]["content"]
    schema = content.get("application/json", {}).get("schema", {})
    return _example(document, schema)


def _example(document: Any, schema: Any) -> Any:
    """A value that fits a JSON schema: by its examples, else the plainest one."""
    if "$ref" in schema:
        return _example(document, document["components"]["schemas"][schema["$ref"].split("/")[-1]])
    said = [*schema.get("examples", ()), *schema.get("enum", ())]
    said += [schema[known] for known in ("const", "default") if known in schema]
    if said:
        return said[0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _example(document, schema[several][0])
    return _plainest(document, schema)


def _plainest(document: Any, schema: Any) -> Any:
    match schema.get("type"):
        case "object":
            properties = schema.get("properties", {})
            return {
                name: _example(document, properties[name]) for name in schema.get("required", ())
            }
        case "array":
            return [_example(document, schema["items"])] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "string":
            return _text(schema)
        case _:
            return True


def _text(schema: Any) -> str:
    formats = {"uuid": str(uuid4()), "date": "2026-12-01", "date-time": "2026-12-01T09:00:00Z"}
    shortest = int(schema.get("minLength", 1))
    return formats.get(str(schema.get("format")), "words" * (1 + shortest // 5))
