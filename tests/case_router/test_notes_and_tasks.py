"""Notes and tasks of a case: for whoever works it, and nobody else."""

from __future__ import annotations

import pytest

from tests.case_router.world import World


async def test_a_note_is_read_by_who_works_the_case_and_lies_nowhere_in_plain(
    world: World,
) -> None:
    number = await world.add_case(handler="handler")
    answer = await world.change(number, "notes", {"text": "canary-note in the blue folder"})
    assert answer.status_code == 201, answer.text
    (note,) = (await world.get(f"/cases/{number}/notes", "handler")).json()["items"]
    assert (note["by"], note["text"]) == ("officer", "canary-note in the blue folder")
    assert "canary" not in str(
        await world.rows("SELECT notes::text, audit::text FROM notes, audit")
    )


@pytest.mark.parametrize("what", ["notes", "tasks"])
async def test_who_may_not_see_a_case_sees_nothing_of_what_is_added(
    world: World, what: str
) -> None:
    number = await world.add_case()
    for role in ("handler", "chair", "auditor", "admin", "mailroom"):
        assert (await world.get(f"/cases/{number}/{what}", role)).status_code == 404


async def test_a_note_is_found_by_its_own_writer_alone(world: World) -> None:
    number = await world.add_case(handler="handler")
    await world.add_case()
    await world.change(number, "notes", {"text": "Көк папкада шот-фактуралар"})

    async def found(words: str, by: str = "officer") -> list[str]:
        items = (await world.get(f"/cases?note={words}", by)).json()["items"]
        return [case["case_number"] for case in items]

    assert await found("көк ПАПКАДА") == [number]
    assert await found("папка") == []
    assert await found("көк", "handler") == []


async def test_an_erased_case_takes_no_note(world: World) -> None:
    number = await world.add_case()
    await world.erase()
    assert (await world.change(number, "notes", {"text": "More."})).status_code == 409


async def test_a_task_is_somebody_s_until_it_is_done(world: World) -> None:
    number = await world.add_case(handler="handler")
    body = {"title": "Ask for the invoices", "due_on": "2026-04-02", "assignee": "handler"}
    taken = await world.change(number, "tasks", body)
    assert taken.status_code == 201, taken.text
    (task,) = (await world.get("/tasks/mine", "handler")).json()["items"]
    assert (task["title"], task["case_number"]) == ("Ask for the invoices", number)
    etag = (await world.get(f"/cases/{number}")).headers["etag"]
    done = await world.client.patch(
        f"/api/v1/cases/{number}/tasks/{task['task_id']}",
        json={"done": True},
        headers=world.bearer() | {"If-Match": etag},
    )
    assert done.status_code == 200
    assert (await world.get("/tasks/mine", "handler")).json()["items"] == []
    (task,) = (await world.get(f"/cases/{number}/tasks")).json()["items"]
    assert task["done_at"] is not None


@pytest.mark.parametrize("assignee", ["handler2", "chair", "mailroom", "nobody"])
async def test_a_task_is_given_to_nobody_who_may_not_see_the_case(
    world: World, assignee: str
) -> None:
    number = await world.add_case(handler="handler")
    body = {"title": "Ask", "due_on": "2026-04-02", "assignee": assignee}
    assert (await world.change(number, "tasks", body)).status_code == 422


async def test_a_task_in_a_case_that_one_may_not_see_any_more_is_not_one_s_own(
    world: World,
) -> None:
    number = await world.add_case(handler="handler")
    await world.change(
        number, "tasks", {"title": "A", "due_on": "2026-04-02", "assignee": "handler"}
    )
    await world.execute(
        "INSERT INTO exclusions (case_number, account_id) VALUES (:n, :a)",
        n=number,
        a=world.accounts["handler"],
    )
    assert (await world.get("/tasks/mine", "handler")).json()["items"] == []


@pytest.mark.parametrize(
    ("language", "word"), [("kk", "Өтініш"), ("ru", "заявител"), ("en", "reporter")]
)
async def test_a_step_of_the_law_is_told_in_the_reader_s_language(
    world: World, language: str, word: str
) -> None:
    number = await world.add_case()
    said = {"kind": "breach_report", "retaliation_risk": "high", "corruption": True}
    await world.change(number, "triage", said)
    items = (await world.get(f"/cases/{number}/tasks?lang={language}")).json()["items"]
    assert any(word in task["title"] for task in items)
