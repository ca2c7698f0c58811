"""The case API's own routes, called within the process.

What a page shows or does is what the API shows or does: the same checks of role and sight, the same audit, the
same refusals, by the same functions. A page has no way of its own to a case.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Request
from starlette.datastructures import Headers

from case_router.api.parts import PREFIX
from case_router.pages.session import token_of
from speakup import problems
from speakup.i18n import language_of
from speakup.problems import Problem


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route answered."""

    status: int
    headers: Headers
    content: bytes

    @property
    def body(self) -> Any:
        """Of JSON."""
        return json.loads(self.content) if self.content else None


class Api:
    """Calls the routes on behalf of who asked for the page."""

    def __init__(self, routers: Sequence[APIRouter]) -> None:
        self._app = FastAPI(
            routes=[route for router in routers for route in router.routes],
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
        )
        problems.install(self._app)
        self._paths = {
            (method, str(getattr(route, "path", "")))
            for route in self._app.routes
            for method in getattr(route, "methods", None) or ()
        }

    def has(self, method: str, path: str) -> bool:
        """Whether there is such a route; `path` as it is declared."""
        return (method, PREFIX + path) in self._paths

    async def get(
        self, request: Request, path: str, query: Mapping[str, str] | str = "", **headers: str
    ) -> Answer:
        """Raises Problem as the API refuses."""
        asked = query if isinstance(query, str) else urlencode(query)
        return await self._call(request, "GET", path, asked, None, headers)

    async def send(
        self, request: Request, path: str, body: object, method: str = "POST", **headers: str
    ) -> Answer:
        """A change. Raises Problem as the API refuses."""
        return await self._call(request, method, path, "", json.dumps(body).encode(), headers)

    async def _call(
        self,
        request: Request,
        method: str,
        path: str,
        query: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"authorization": f"Bearer {token_of(request) or ''}", "host": request.url.netloc}
        # Some answers are words of ours: in the page's language.
        sent["accept-language"] = language_of(request).value
        if body is not None:
            sent |= {"content-type": "application/json", "content-length": str(len(body))}
        scope = {
            name: request.scope[name]
            for name in ("type", "asgi", "http_version", "scheme", "client", "server")
            if name in request.scope
        } | {
            "method": method,
            "path": PREFIX + path,
            "raw_path": (PREFIX + path).encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in sent.items()],
        }
        answer = await _answered(self._app, scope, body or b"")
        if answer.status >= 400:
            raise _refusal(answer)
        return answer


async def _answered(app: FastAPI, scope: MutableMapping[str, Any], body: bytes) -> Answer:
    start: MutableMapping[str, Any] = {}
    content = bytearray()

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            content.extend(message.get("body", b""))

    await app(scope, receive, send)
    return Answer(start["status"], Headers(raw=start["headers"]), bytes(content))


def _refusal(answer: Answer) -> Problem:
    told = answer.body or {}
    return Problem(answer.status, str(told.get("detail", "")), errors=told.get("errors", []))
