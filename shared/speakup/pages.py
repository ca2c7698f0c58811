"""HTML pages: one frame for all services, in the reader's language, without scripts or styles inline.

A service keeps its templates in a folder of its own and extends `frame.html`. In a template `t(name)` is
a text, `language` the reader's language; what is missing raises, so that no blank is ever shown.
"""

from __future__ import annotations

from functools import partial
from os import stat_result
from pathlib import Path
from typing import Any

from babel.numbers import format_decimal
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import URL
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from speakup.events import Language
from speakup.i18n import COOKIE, language_of, texts

HERE = Path(__file__).parent
NAMES = {Language.kk: "Қазақша", Language.ru: "Русский", Language.en: "English"}
"""What the languages call themselves."""
YEAR_SECONDS = 365 * 24 * 3600


class Pages:
    """Shows the templates of one folder within the frame."""

    def __init__(self, folder: Path = HERE / "templates") -> None:
        self._environment = Environment(
            loader=FileSystemLoader([folder, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def show(
        self, request: Request, template: str, *, status: int = 200, **values: object
    ) -> HTMLResponse:
        """The page. A language asked for by `?lang=` is remembered in a cookie.

        Raises KeyError or UndefinedError where a text or a value is missing.
        """
        language = language_of(request)
        page = self._environment.get_template(template).render(
            t=partial(texts(), language),
            number=partial(format_decimal, locale=language.value),
            language=language.value,
            languages=[(code.value, name, _link(request, code)) for code, name in NAMES.items()],
            **values,
        )
        response = HTMLResponse(page, status)
        response.headers["content-language"] = language.value
        if request.query_params.get("lang") == language:
            response.set_cookie(
                COOKIE,
                language.value,
                max_age=YEAR_SECONDS,
                httponly=True,
                samesite="lax",
                secure=request.url.scheme == "https",
            )
        return response


def _link(request: Request, language: Language) -> str:
    # A query alone: it stays on this page, whatever the path.
    return "?" + URL(str(request.url)).include_query_params(lang=language.value).query


class StaticPages(StaticFiles):
    """Stylesheets, scripts and icon, from this machine; a browser asks whether its copy is still good."""

    def __init__(self, folder: Path = HERE / "static") -> None:
        super().__init__(directory=folder)

    def file_response(
        self, full_path: Any, stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, or 304."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = "no-cache"
        return response
