"""What the practice line keeps of calls, and the part of Twilio's REST API that the service uses.

https://www.twilio.com/docs/voice/api/recording and https://www.twilio.com/docs/voice/api/call-resource: read, list and
delete, with HTTP basic authentication. Errors have Twilio's codes.
"""

from __future__ import annotations

import asyncio
import base64
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from embedded import ports
from embedded.practice_credentials import Credentials

VERSION = "2010-04-01"
NUMBER = "+78000808089"
"""That is called."""

PAGE, LONGEST_PAGE = 50, 1000


@dataclass(slots=True)
class PracticeCall:
    """A call as Twilio knows it: with the caller's number, until it is deleted."""

    sid: str
    account_sid: str
    number: str
    started: datetime
    status: str = "ringing"
    ended: datetime | None = None

    def parameters(self) -> dict[str, str]:
        """Of each request within the call."""
        nowhere = {
            f"{who}{what}": ""
            for who in ("From", "Caller", "To", "Called")
            for what in ("City", "State", "Zip")
        }
        countries = {f"{who}Country": "KZ" for who in ("From", "Caller", "To", "Called")}
        return {
            **nowhere,
            **countries,
            "AccountSid": self.account_sid,
            "ApiVersion": VERSION,
            "CallSid": self.sid,
            "CallStatus": self.status,
            "Direction": "inbound",
            "From": self.number,
            "Caller": self.number,
            "To": NUMBER,
            "Called": NUMBER,
        }

    def resource(self) -> dict[str, Any]:
        """As the API shows it."""
        seconds = int(((self.ended or self.started) - self.started).total_seconds())
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "api_version": VERSION,
            "date_created": format_datetime(self.started),
            "date_updated": format_datetime(self.ended or self.started),
            "direction": "inbound",
            "duration": str(seconds) if self.ended else None,
            "start_time": format_datetime(self.started),
            "end_time": format_datetime(self.ended) if self.ended else None,
            "from": self.number,
            "to": NUMBER,
            "status": self.status,
            "uri": f"/{VERSION}/Accounts/{self.account_sid}/Calls/{self.sid}.json",
        }


@dataclass(slots=True)
class Recording:
    """A recording at Twilio."""

    sid: str
    account_sid: str
    call_sid: str
    started: datetime
    exact_seconds: float
    audio: bytes = field(repr=False)
    base: str
    status: str = "completed"
    """`processing`: it can't be fetched yet; `absent`: there is nothing to fetch."""

    @property
    def seconds(self) -> int:
        """Whole ones, as Twilio tells them."""
        return max(1, round(self.exact_seconds)) if self.exact_seconds else 0

    @property
    def path(self) -> str:
        """Without an ending."""
        return f"/{VERSION}/Accounts/{self.account_sid}/Recordings/{self.sid}"

    @property
    def url(self) -> str:
        """`RecordingUrl`."""
        return self.base + self.path

    def resource(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "sid": self.sid,
            "account_sid": self.account_sid,
            "call_sid": self.call_sid,
            "conference_sid": None,
            "api_version": VERSION,
            "date_created": format_datetime(self.started),
            "date_updated": format_datetime(self.started),
            "start_time": format_datetime(self.started),
            "duration": str(self.seconds) if self.status == "completed" else None,
            "status": self.status,
            "channels": 1,
            "source": "RecordVerb",
            "error_code": None,
            "price": None,
            "price_unit": "USD",
            "encryption_details": None,
            "uri": f"{self.path}.json",
            "media_url": self.url,
        }


class Api:
    """The resources, and an HTTP server for them."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.calls: dict[str, PracticeCall] = {}
        self.recordings: dict[str, Recording] = {}
        self.asked: list[tuple[str, str, int]] = []
        """Method, path and status of each request."""
        self.is_slow = False
        """New recordings can't be fetched until their `status` is set to `completed`."""
        self.failures: list[int] = []
        """Statuses that the next requests are answered by, whatever they ask."""
        self._server = _Server(self._app())
        self._serving: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen. Raises OSError where the port is taken."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((ports.HOST, self._credentials.port))
        except OSError:
            listening.close()
            raise
        # Not `serve`, which would take the signals of whoever runs us.
        self._serving = asyncio.create_task(self._server._serve(sockets=[listening]))
        await self._server.listens.wait()

    async def close(self) -> None:
        """Finish what is asked and stop."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

    def add_call(self, number: str) -> PracticeCall:
        """Somebody calls."""
        now = datetime.now(UTC)
        call = PracticeCall(_sid("CA"), self._credentials.account_sid, number, now)
        self.calls[call.sid] = call
        return call

    def add_recording(
        self, call: PracticeCall, started: datetime, seconds: float, audio: bytes
    ) -> Recording:
        """Something was recorded; of no length: absent."""
        recording = Recording(
            _sid("RE"),
            self._credentials.account_sid,
            call.sid,
            started,
            seconds,
            audio,
            self._credentials.api_base,
            ("processing" if self.is_slow else "completed") if seconds else "absent",
        )
        self.recordings[recording.sid] = recording
        return recording

    def recording_at(self, url: str) -> Recording | None:
        """The recording that this address names, if it is one of ours."""
        return next(
            (
                recording
                for recording in self.recordings.values()
                if url.removesuffix(".wav").removesuffix(".mp3") == recording.url
            ),
            None,
        )

    def _app(self) -> Starlette:
        account = f"/{VERSION}/Accounts/{{account}}"
        return Starlette(
            routes=[
                Route(f"{account}/Recordings.json", self._list_recordings),
                Route(f"{account}/Recordings/{{name}}", self._recording, methods=["GET"]),
                Route(f"{account}/Recordings/{{name}}", self._delete, methods=["DELETE"]),
                Route(f"{account}/Calls.json", self._list_calls),
                Route(f"{account}/Calls/{{name}}", self._call, methods=["GET"]),
                Route(f"{account}/Calls/{{name}}", self._delete_call, methods=["DELETE"]),
            ]
        )

    def _refused(self, request: Request) -> Response | None:
        """An error for whoever isn't the account."""
        if self.failures:
            status = self.failures.pop(0)
            return self._answer(request, _error(status, 20000 + status % 1000, "Try again later"))
        known = f"{self._credentials.account_sid}:{self._credentials.auth_token}"
        wanted = f"Basic {base64.b64encode(known.encode()).decode()}"
        given = request.headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), wanted.encode()):
            return self._answer(request, _error(401, 20003, "Authenticate"))
        if request.path_params["account"] != self._credentials.account_sid:
            return self._missing(request)
        return None

    def _answer(self, request: Request, response: Response) -> Response:
        self.asked.append((request.method, request.url.path, response.status_code))
        return response

    def _missing(self, request: Request) -> Response:
        path = request.url.path
        return self._answer(
            request, _error(404, 20404, f"The requested resource {path} was not found")
        )

    async def _recording(self, request: Request) -> Response:
        sid, _, ending = request.path_params["name"].partition(".")
        if (refused := self._refused(request)) is not None:
            return refused
        recording = self.recordings.get(sid)
        if recording is None or ending not in ("", "json", "wav"):
            return self._missing(request)
        if ending == "json":
            return self._answer(request, JSONResponse(recording.resource()))
        if recording.status != "completed":
            return self._missing(request)
        return self._answer(request, Response(recording.audio, media_type="audio/x-wav"))

    async def _delete(self, request: Request) -> Response:
        if (refused := self._refused(request)) is not None:
            return refused
        sid = request.path_params["name"].removesuffix(".json")
        if self.recordings.pop(sid, None) is None:
            return self._missing(request)
        return self._answer(request, Response(status_code=204))

    async def _call(self, request: Request) -> Response:
        if (refused := self._refused(request)) is not None:
            return refused
        call = self.calls.get(request.path_params["name"].removesuffix(".json"))
        if call is None:
            return self._missing(request)
        return self._answer(request, JSONResponse(call.resource()))

    async def _delete_call(self, request: Request) -> Response:
        if (refused := self._refused(request)) is not None:
            return refused
        call = self.calls.get(request.path_params["name"].removesuffix(".json"))
        if call is None:
            return self._missing(request)
        if call.ended is None:
            said = "Cannot delete because Call is still in progress"
            return self._answer(request, _error(409, 20009, said))
        del self.calls[call.sid]
        return self._answer(request, Response(status_code=204))

    async def _list_recordings(self, request: Request) -> Response:
        if (refused := self._refused(request)) is not None:
            return refused
        call_sid = request.query_params.get("CallSid")
        found = [
            recording.resource()
            for recording in reversed(self.recordings.values())
            if call_sid in (None, recording.call_sid)
            and _within(recording.started, request.query_params, "DateCreated")
        ]
        return self._answer(request, _page(request, "recordings", found))

    async def _list_calls(self, request: Request) -> Response:
        if (refused := self._refused(request)) is not None:
            return refused
        status = request.query_params.get("Status")
        found = [
            call.resource()
            for call in reversed(self.calls.values())
            if status in (None, call.status)
            and _within(call.started, request.query_params, "StartTime")
            and _within(call.ended, request.query_params, "EndTime")
        ]
        return self._answer(request, _page(request, "calls", found))


class _Server(uvicorn.Server):
    """uvicorn that says when it listens."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                lifespan="off",
                timeout_graceful_shutdown=2,
                ws="none",
            )
        )
        self.listens = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listens.set()


def _sid(kind: str) -> str:
    return kind + secrets.token_hex(16)


def _error(status: int, code: int, message: str) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": more, "status": status}
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else None
    return JSONResponse(body, status, headers)


def _within(when: datetime | None, asked: Mapping[str, str], name: str) -> bool:
    """Filters by day in UTC: `name=` that day, `name>=` from it on, `name<=` up to and with it."""
    day = "" if when is None else when.date().isoformat()
    exact, first, last = (asked.get(f"{name}{sign}") for sign in ("", ">", "<"))
    if when is None:
        return exact is None and first is None and last is None
    return (
        (exact is None or day == exact[:10])
        and (first is None or day >= first[:10])
        and (last is None or day <= last[:10])
    )


def _page(request: Request, name: str, found: list[dict[str, Any]]) -> Response:
    """One page; `next_page_uri` is to be followed as it stands."""
    asked = request.query_params
    size = min(int(asked.get("PageSize", PAGE)), LONGEST_PAGE)
    number = int(asked.get("Page", 0))
    start = number * size
    items = found[start : start + size]

    def uri(page: int, token: str = "") -> str:
        kept = {k: v for k, v in asked.items() if k not in ("Page", "PageSize", "PageToken")}
        more = {"PageSize": size, "Page": page, **({"PageToken": token} if token else {})}
        return f"{request.url.path}?{urlencode({**kept, **more})}"

    more = start + size < len(found)
    return JSONResponse(
        {
            name: items,
            "first_page_uri": uri(0),
            "next_page_uri": uri(number + 1, f"PA{items[-1]['sid']}") if more else None,
            "previous_page_uri": uri(number - 1) if number else None,
            "page": number,
            "page_size": size,
            "start": start,
            "end": start + len(items) - 1 if items else 0,
            "uri": uri(number),
        }
    )
