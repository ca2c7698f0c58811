"""The list of staff in the service: imported by an admin, with exclusions that follow it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from case_router import people_cli
from speakup import postgres
from tests.case_router.test_who_sees_what import sees
from tests.case_router.world import World

HEADER = "personnel_number,name,manager,unit,unit_name,parent_unit,account\n"
BOSS = "1,Омаров Болат,,works,Works,,\n"
OFFICER = "2,Ахметов Серік,1,works,,,officer\n"


async def send(world: World, *lines: str, by: str = "admin", **headers: str) -> httpx.Response:
    sent = world.bearer(by) | {"content-type": "text/csv; charset=utf-8"} | headers
    content = (HEADER + "".join(lines)).encode()
    return await world.client.post("/api/v1/people/import", content=content, headers=sent)


async def test_an_import_tells_what_there_is(world: World) -> None:
    answer = await send(world, BOSS, OFFICER)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"people": 2, "left": 0, "units": 1, "tied": 1}
    assert (await send(world, BOSS, OFFICER)).json() == answer.json()
    assert [entry[:2] for entry in await world.audit()] == [("people.imported", "admin")] * 2


async def test_who_is_in_the_list_no_longer_has_left_and_is_kept(world: World) -> None:
    await send(world, BOSS, OFFICER)
    assert (await send(world, BOSS)).json() == {"people": 1, "left": 1, "units": 1, "tied": 1}
    (person,) = (await world.get("/people?name=ахметов", "chair")).json()["items"]
    assert person["left_at"] is not None
    assert person["account"] == "officer"
    assert (await send(world, BOSS, OFFICER)).json()["left"] == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("3,Ким Ольга,7,,,,\n", "The manager isn't in the list"),
        ("3,Ким Ольга,,,,,nobody\n", "There is no account by this name."),
    ],
)
async def test_with_one_wrong_line_nothing_is_changed(world: World, line: str, says: str) -> None:
    await send(world, BOSS)
    answer = await send(world, OFFICER, BOSS, line)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["line"] == 4
    assert error["what"].startswith(says)
    assert len(await world.rows("SELECT * FROM people")) == 1


async def test_exclusions_follow_whoever_reports_to_whom(world: World) -> None:
    await send(world, BOSS, OFFICER.replace(",1,", ",,"))
    number = await world.add_case()
    await world.change(number, "concerned", {"person": "1"})
    assert "officer" in await sees(world, number)
    await send(world, BOSS, OFFICER)
    assert "officer" not in await sees(world, number)


async def test_an_account_goes_over_to_another_person(world: World) -> None:
    await send(world, BOSS, OFFICER)
    answer = await send(world, BOSS.replace(",\n", ",officer\n"), OFFICER.replace("officer", ""))
    assert answer.json()["tied"] == 1
    (person,) = (await world.get("/people?name=1", "admin")).json()["items"]
    assert person["account"] == "officer"


@pytest.mark.parametrize("role", ["mailroom", "handler", "officer", "chair", "auditor"])
async def test_only_an_admin_imports(world: World, role: str) -> None:
    assert (await send(world, BOSS, by=role)).status_code == 404


async def test_what_is_no_csv_is_refused(world: World) -> None:
    assert (await send(world, BOSS, **{"content-type": "application/json"})).status_code == 415


async def test_units_are_listed_with_their_parents(world: World) -> None:
    await send(world, BOSS, ",,,works/mill,Mill,works,\n")
    assert (await world.get("/units")).json()["items"] == [
        {"unit": "works", "name": "Works", "parent": None},
        {"unit": "works/mill", "name": "Mill", "parent": "works"},
    ]


def test_the_command_tells_the_lines_of_a_file_that_is_wrong(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def engine(*_: object, **__: object) -> AsyncEngine:
        raise AssertionError("a faulty file reaches no database")

    monkeypatch.setattr(postgres, "open_engine", engine)
    file = tmp_path / "staff.csv"
    file.write_text(HEADER + "1,Омаров,7,,,,\n", encoding="utf-8")
    assert people_cli.main([str(file)]) == 1
    said = capsys.readouterr().err
    assert said.startswith("line 2: The manager")
    assert said.endswith("Nothing was imported.\n")
    assert people_cli.main([str(tmp_path / "missing.csv")]) == 1
