"""The letters' API in memory, for the page's tests: as its contract says, without reading, sealing or sending anything.

Pages are `waiting` until a test calls `read`. `away`: how many requests to answer with 503 from now on.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from PIL import Image, ImageDraw
from starlette.datastructures import UploadFile

from speakup.problems import Problem, not_found

ENTRY = {
    "received_on": "2026-11-23",
    "postmarked_on": None,
    "registered_mail_number": "",
    "envelope": True,
    "seal_intact": True,
    "enclosures": "",
    "opened_by": "A. Opener",
    "witnessed_by": "B. Witness",
    "storage_place": "Safe 2",
}
WIDTH, HEIGHT = 600, 850


def picture() -> bytes:
    """A page with lines on it, as PNG."""
    image = Image.new("L", (WIDTH, HEIGHT), 255)
    draw = ImageDraw.Draw(image)
    for line in range(60, 500, 24):
        draw.line((60, line, 540, line), fill=90, width=6)
    draw.rectangle((20, 20, 50, 50), fill=0)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def new_page(text: str = "", *, state: str = "waiting", unsure: str = "") -> dict[str, Any]:
    """`unsure`: a word of the text that the reader of pages isn't sure of."""
    start = text.index(unsure) if unsure else 0
    marks = [{"start": start, "end": start + len(unsure), "box": [300, 200, 90, 30]}]
    return {
        "page_id": str(uuid4()),
        "state": state,
        "text": text,
        "unsure": marks if unsure else [],
        "width": WIDTH,
        "height": HEIGHT,
        "rotation": 0,
        "dropped": False,
        "handwritten": False,
        "edited": False,
        "language": None,
        "problem": None,
    }


@dataclass
class Letters:
    """What the API holds, open to a test's hands."""

    letters: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: list[dict[str, Any]] = field(default_factory=list)
    defaults: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Any] = field(default_factory=dict)
    tries: list[str] = field(default_factory=list)
    """The idempotency key of each upload that came, whatever was answered."""
    refusing: dict[str, str] = field(default_factory=dict)
    """What is wrong with a file of this name."""
    away: int = 0

    def empty(self) -> None:
        """As at first."""
        for name, value in vars(Letters()).items():
            setattr(self, name, value)

    def add(self, *pages: dict[str, Any], number: int | None = None) -> dict[str, Any]:
        """A letter that is being worked on."""
        place = number or len(self.letters) + 1
        letter = {
            "letter_id": str(uuid4()),
            "number": f"2026-M-{place:06d}",
            "state": "draft",
            "version": 1,
            "entry": dict(ENTRY),
            "sha256": ["ab" * 32],
            "created_at": datetime.now(UTC).isoformat(),
            "sent_at": None,
            "opened_at": None,
            "versions": [],
            "draft": {
                "revision": 1,
                "files": [{"sha256": "ab" * 32, "bytes": 9, "name": "scan.pdf", "state": "opened", "problem": None}],
                "pages": list(pages),
                "language": None,
                "relation": "unknown",
                "person": "unknown",
                "address": "",
                "wants_no_answer": False,
                "quotes": "",
                "quotes_valid": False,
                "unread": False,
            },
        }  # fmt: skip
        letter["versions"] = [self._version(letter, None)]
        self.letters[str(letter["letter_id"])] = letter
        return letter

    def read(self, letter: dict[str, Any], text: str, unsure: str = "") -> None:
        """All its waiting pages are read."""
        for page in letter["draft"]["pages"]:
            if page["state"] == "waiting":
                marks = new_page(text, unsure=unsure)["unsure"]
                state = "check" if unsure else "read"
                page.update(state=state, text=text, unsure=marks)
        letter["draft"]["revision"] += 1

    @staticmethod
    def _version(letter: dict[str, Any], reason: str | None) -> dict[str, Any]:
        at = datetime.now(UTC).isoformat()
        told = {"version": letter["version"], "entry": letter["entry"], "reason": reason}
        return told | {"at": at, "by": "mailroom"}

    def correct(self, letter: dict[str, Any], changes: dict[str, Any]) -> None:
        """A new version of its entry."""
        reason = changes.pop("reason")
        letter["entry"] = letter["entry"] | changes
        letter["version"] += 1
        letter["versions"].append(self._version(letter, reason))


def line(letter: dict[str, Any]) -> dict[str, Any]:
    """As the list shows it."""
    draft = letter["draft"]
    states = [page["state"] for page in draft["pages"]] if draft else []
    progress = {
        "pages": len(states),
        "waiting": states.count("waiting"),
        "check": states.count("check"),
        "problems": states.count("missing"),
        "stale": False,
    }
    shown = {name: value for name, value in letter.items() if name not in ("draft", "versions")}
    return shown | {"progress": progress if draft else None}


def router(world: Letters) -> APIRouter:  # noqa: C901 - a function for each route
    """`/api/v1/letters…` over what `world` holds."""
    routes = APIRouter(prefix="/api/v1/letters")

    def found(letter_id: str) -> dict[str, Any]:
        if letter_id not in world.letters:
            raise not_found()
        return world.letters[letter_id]

    def whole(letter: dict[str, Any]) -> Response:
        revision = letter["draft"]["revision"] if letter["draft"] else 0
        return JSONResponse({**line(letter), **letter}, headers={"ETag": f'"{revision}"'})

    def changed(request: Request, letter: dict[str, Any]) -> dict[str, Any]:
        if world.away:
            world.away -= 1
            raise Problem(503, "A part of the system is away.")
        draft: dict[str, Any] = letter["draft"]
        wanted = request.headers.get("if-match")
        if wanted not in (None, f'"{draft["revision"]}"'):
            raise Problem(412, "The letter has changed.")
        draft["revision"] += 1
        return draft

    @routes.get("")
    async def lines(state: str | None = None) -> Any:
        chosen = [one for one in world.letters.values() if state in (None, one["state"])]
        return {"items": [line(one) for one in reversed(chosen)], "next": None}

    @routes.post("", status_code=201)
    async def add(request: Request) -> Any:
        key = request.headers["idempotency-key"]
        world.tries.append(key)
        if world.away:
            world.away -= 1
            raise Problem(503, "A part of the system is away.")
        if key in world.keys:
            return world.keys[key]
        async with request.form() as form:
            files = [one for one in form.getlist("files") if isinstance(one, UploadFile)]
            names = [one.filename or "" for one in files]
            fields = dict(form)
        bad = [
            {"file": n, "code": "refused", "what": world.refusing[name]}
            for n, name in enumerate(names, 1)
            if name in world.refusing
        ]
        if bad:
            raise Problem(422, "Some files can't be scans.", errors=bad)
        pages = [[new_page() for _ in files]] if fields["together"] == "true" else [[new_page()]]
        made = [world.add(*some) for some in pages]
        for letter in made:
            letter["entry"] |= {name: fields[name] for name in ("received_on", "opened_by")}
        world.keys[key] = {
            "letters": [{"letter_id": one["letter_id"], "number": one["number"]} for one in made]
        }
        return world.keys[key]

    @routes.get("/defaults")
    async def defaults() -> Any:
        names = ("received_on", "opened_by", "witnessed_by", "storage_place", "envelope")
        unset = dict.fromkeys((*names, "seal_intact", "language"))
        folder = {"watched": True, "waiting": 2, "refused": 1}
        return unset | world.defaults | {"folder": folder}

    @routes.put("/defaults")
    async def set_defaults(request: Request) -> Any:
        world.defaults = await request.json()
        return await defaults()

    @routes.get("/labels")
    async def labels() -> Any:
        return {"items": world.labels, "next": None}

    @routes.post("/labels/{code}/{what}")
    async def label(code: str, what: str, request: Request) -> Any:
        found = next(one for one in world.labels if one["code"] == code)
        found |= {"state": what, f"{what}_at": "2026-11-23T10:00:00Z"} | await request.json()
        return found

    @routes.get("/{letter_id}")
    async def one(letter_id: str) -> Response:
        return whole(found(letter_id))

    @routes.patch("/{letter_id}/entry")
    async def entry(letter_id: str, request: Request) -> Response:
        letter = found(letter_id)
        if request.headers["if-match"] != f'"{letter["version"]}"':
            raise Problem(412, "The entry has changed.")
        world.correct(letter, await request.json())
        return whole(letter)

    @routes.patch("/{letter_id}/draft")
    async def draft(letter_id: str, request: Request) -> Response:
        letter = found(letter_id)
        changed(request, letter).update(await request.json())
        letter["draft"]["quotes_valid"] = letter["draft"]["quotes"] == "3123456789"
        return whole(letter)

    def page_of(draft: dict[str, Any], page_id: str) -> dict[str, Any]:
        return next(page for page in draft["pages"] if page["page_id"] == page_id)

    @routes.patch("/{letter_id}/pages/{page_id}")
    async def page(letter_id: str, page_id: str, request: Request) -> Response:
        letter = found(letter_id)
        draft = changed(request, letter)
        values = await request.json()
        edited = {"edited": True} if "text" in values else {}
        page_of(draft, page_id).update(values | edited)
        return whole(letter)

    @routes.post("/{letter_id}/pages/{page_id}/read")
    async def read(letter_id: str, page_id: str, request: Request) -> Response:
        letter = found(letter_id)
        body = await request.json()
        letter["draft"]["revision"] += 1
        page_of(letter["draft"], page_id).update(state="waiting", language=body["language"])
        return whole(letter)

    @routes.get("/{letter_id}/pages/{page_id}/picture")
    async def page_picture(letter_id: str, page_id: str) -> Response:
        return Response(picture(), media_type="image/png")

    @routes.post("/{letter_id}/split", status_code=201)
    async def split(letter_id: str, request: Request) -> Any:
        draft = found(letter_id)["draft"]
        page = page_of(draft, (await request.json())["page_id"])
        here = draft["pages"].index(page)
        made = world.add(*draft["pages"][here:])
        draft["pages"] = draft["pages"][:here]
        return {"letter_id": made["letter_id"], "number": made["number"]}

    @routes.post("/{letter_id}/join")
    async def join(letter_id: str, request: Request) -> Any:
        letter = found(letter_id)
        found((await request.json())["into"])["draft"]["pages"] += letter["draft"]["pages"]
        letter.update(state="void", draft=None)
        return line(letter)

    @routes.post("/{letter_id}/void")
    async def void(letter_id: str, request: Request) -> Any:
        letter = found(letter_id)
        letter.update(state="void", draft=None)
        return line(letter)

    @routes.post("/{letter_id}/send")
    async def send(letter_id: str) -> Any:
        letter = found(letter_id)
        if any(page["state"] == "waiting" for page in letter["draft"]["pages"]):
            raise Problem(409, "Pages are still being read.")
        letter.update(state="sending", sent=letter["draft"], draft=None)
        return line(letter)

    return routes
