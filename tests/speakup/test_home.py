"""The page `/` and the frame of all pages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import APIRouter
from httpx import ASGITransport, AsyncClient

from speakup import web
from speakup.i18n import COOKIE
from speakup.service import Service
from speakup.settings import Common


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(web.create_app([], Common(var=tmp_path)))
    async with AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.mark.parametrize(
    ("language", "address"),
    [
        ("kk", "Абай көшесі, 12-ғимарат"),
        ("ru", "Абая, здание 12"),
        ("en", "Bldg. 12, Abai Str., Karaganda 100012"),
    ],
)
async def test_the_three_channels_are_named_in_each_language(
    visitor: AsyncClient, language: str, address: str
) -> None:
    page = await visitor.get("/", headers={"accept-language": f"{language}-XX,de;q=0.5"})
    assert f'<html lang="{language}">' in page.text
    assert [w for w in ("8-800-080-8089", "mailto:", address) if w not in page.text] == []


async def test_what_is_not_connected_says_so(visitor: AsyncClient) -> None:
    page = await visitor.get("/?lang=en")
    assert re.findall(r'class="state (\w+)"', page.text) == ["ready", "waiting", "waiting"]


async def test_the_phone_works_where_something_takes_calls(tmp_path: Path) -> None:
    routes = APIRouter(prefix="/phone")

    @routes.post("/voice")
    async def voice() -> None:
        """Takes a call."""

    app = web.create_app([Service("intake-phone", [routes])], Common(var=tmp_path))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        page = await client.get("/?lang=en")
    assert re.findall(r'class="state (\w+)"', page.text) == ["ready", "ready", "waiting"]
    assert "call again later and you hear the answer" in page.text


async def test_staff_find_their_doors(visitor: AsyncClient) -> None:
    page = await visitor.get("/")
    assert [
        door
        for door in ("/login", "/mailroom", "/reports", "/docs")
        if f'"{door}"' not in page.text
    ] == []


async def test_the_api_is_described_without_a_script(tmp_path: Path) -> None:
    routes = APIRouter()

    @routes.post("/api/v1/things/{thing}")
    async def add(thing: str, colour: str) -> None:
        """Adds a thing."""

    app = web.create_app([Service("things", [routes])], Common(var=tmp_path))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        page = await client.get("/docs")
    words = ("POST", "/api/v1/things/{thing}", "Adds a thing.", "colour")
    assert [word for word in words if word not in page.text] == []
    assert "<script" not in page.text


async def test_a_chosen_language_is_remembered(visitor: AsyncClient) -> None:
    await visitor.get("/?lang=ru")
    assert visitor.cookies[COOKIE] == "ru"
    assert '<html lang="ru">' in (await visitor.get("/")).text


async def test_an_unknown_language_is_not_remembered(visitor: AsyncClient) -> None:
    page = await visitor.get("/?lang=xx")
    assert page.status_code == 200
    assert COOKIE not in visitor.cookies


async def test_a_page_brings_nothing_from_elsewhere_and_nothing_inline(
    visitor: AsyncClient,
) -> None:
    page = await visitor.get("/")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", page.text)
    for link in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)):
        assert (await visitor.get(link)).status_code == 200


async def test_a_stylesheet_is_asked_for_again_only_when_it_changed(visitor: AsyncClient) -> None:
    first = await visitor.get("/static/speakup.css")
    again = await visitor.get(
        "/static/speakup.css", headers={"if-none-match": first.headers["etag"]}
    )
    assert (first.headers["cache-control"], again.status_code) == ("no-cache", 304)
