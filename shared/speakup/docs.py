"""The page `/docs`: what `/openapi.json` says, readable without a script from elsewhere."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from speakup.pages import Pages


def router() -> APIRouter:
    """The page's route."""
    routes, pages = APIRouter(), Pages()

    @routes.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        return pages.show(request, "docs.html", operations=_operations(request.app.openapi()))

    return routes


def _operations(openapi: dict[str, Any]) -> list[dict[str, Any]]:
    """Each method of each path, with its parameters and those of its body."""
    found = []
    for path, methods in sorted(openapi.get("paths", {}).items()):
        for method, operation in methods.items():
            parameters = [
                {"name": p["name"], "place": p["in"], "required": p.get("required", False)}
                for p in operation.get("parameters", [])
            ]
            body = operation.get("requestBody", {})
            for media, content in body.get("content", {}).items():
                fields = _schema(openapi, content.get("schema", {}))
                parameters += [
                    {"name": name, "place": media, "required": name in fields.get("required", [])}
                    for name in fields.get("properties", {})
                ]
            found.append(
                {
                    "method": method.upper(),
                    "path": path,
                    "text": operation.get("description") or operation.get("summary", ""),
                    "parameters": parameters,
                }
            )
    return found


def _schema(openapi: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    found: dict[str, Any] = openapi["components"]["schemas"][name] if name else schema
    return found
