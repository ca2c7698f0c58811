"""The HTTP face that every process has: health, readiness, metrics, safe headers, bounded bodies."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Mapping, Sequence

from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from speakup import client_address, docs, home, problems, trace
from speakup.pages import StaticPages
from speakup.service import Check, Service
from speakup.settings import Common

BODY_BYTES = 1024 * 1024
"""Of a request; a service says otherwise for its paths that take files (`Service.bodies`)."""

_SAFE = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


def create_app(services: Sequence[Service], settings: Common) -> FastAPI:
    """One app with the routes of the services."""
    app = FastAPI(title="Speak Up", version="1", docs_url=None, redoc_url=None)
    for service in services:
        for router in service.routers:
            app.include_router(router)
    paths = {getattr(route, "path", "") for s in services for r in s.routers for route in r.routes}
    app.include_router(home.router(settings, takes_calls="/phone/voice" in paths))
    app.include_router(docs.router())
    app.mount("/static", StaticPages())

    @app.get("/healthz", include_in_schema=False)
    async def health() -> Response:
        """Liveness: the process answers."""
        return JSONResponse({"status": "ok"})

    @app.get("/readyz", include_in_schema=False)
    async def readiness() -> Response:
        """Readiness: what is missing, by service."""
        missing = await _said(
            {f"{s.name}/{name}": c for s in services for name, c in s.checks.items()}
        )
        noted = await _said(
            {f"{s.name}/{name}": c for s in services for name, c in s.notices.items()}
        )
        return JSONResponse(
            {"status": "waiting" if missing else "ok", "missing": missing, "notices": noted},
            503 if missing else 200,
        )

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        """Prometheus metrics; they carry no person's data."""
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    problems.install(app)
    app.add_middleware(
        _Guard,
        bodies=[(re.compile(path), size) for s in services for path, size in s.bodies.items()],
        proxies=frozenset(settings.trusted_proxies.replace(",", " ").split()),
    )
    return app


async def _said(checks: Mapping[str, Check]) -> dict[str, str]:
    """The answers of those that have something to say."""
    answers = await asyncio.gather(*(check() for check in checks.values()))
    return {name: answer for name, answer in zip(checks, answers, strict=True) if answer}


class _Guard:
    """Safe headers, a trace and the address of the request, and no body beyond the bound."""

    def __init__(
        self,
        app: ASGIApp,
        bodies: Sequence[tuple[re.Pattern[str], int]],
        proxies: Collection[str],
    ) -> None:
        self._app, self._bodies, self._proxies = app, bodies, proxies

    def _bound(self, path: str) -> int:
        return next((size for known, size in self._bodies if known.fullmatch(path)), BODY_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        announced = headers.get("content-length", "0")
        bound = self._bound(scope["path"])
        if not announced.isdigit() or int(announced) > bound:
            await problems.too_large(bound)(scope, receive, send)
            return
        received = 0

        async def bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > bound:
                raise problems.Problem(413, problems.too_large_detail(bound))
            return message

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in _SAFE.items():
                    answer.setdefault(name, value)
            await send(message)

        # Each request is a task of its own: nothing has to be put back.
        client_address.current.set(client_address.of(scope, self._proxies))
        with trace.within(headers.get("traceparent")):
            await self._app(scope, bounded, safe)
