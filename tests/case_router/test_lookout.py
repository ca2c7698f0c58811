"""Whoever may be named in a case is kept out of it before anybody can see it."""

from __future__ import annotations

import pytest

from speakup.staff import Role
from speakup.submission import Content
from tests.building import submission_event
from tests.case_router.staff import add_person
from tests.case_router.test_who_sees_what import sees
from tests.case_router.world import World, add_call, opening

OFFICER = "Ахметов Серік Маратұлы"
SAYS_SO = "Ахметовтың інісі тендерді ұтты, Серік мырза біледі."


@pytest.fixture
async def staffed(world: World) -> World:
    """The officer is Серік Ахметов; there is a second one."""
    await world.add_account("officer2", Role.officer)
    await add_person(world.engine, OFFICER, account=world.accounts["officer"])
    return world


async def test_a_case_that_names_an_officer_is_the_chairs(staffed: World) -> None:
    event = submission_event(staffed.keys, text=SAYS_SO)
    await opening(staffed).handle([event])
    assert await sees(staffed, event.subject) == {"chair"}
    assert await excluded(staffed, event.subject) == {"officer"}


async def test_a_case_that_names_nobody_is_the_officers(staffed: World) -> None:
    event = submission_event(staffed.keys, text="The foreman sells our diesel.")
    await opening(staffed).handle([event])
    assert await sees(staffed, event.subject) == {"officer", "officer2"}
    assert await excluded(staffed, event.subject) == set()


async def test_of_a_batch_only_the_case_that_names_somebody_is_restricted(staffed: World) -> None:
    batch = [submission_event(staffed.keys, text=f"Digger {n} is broken.") for n in range(8)]
    batch[3] = submission_event(staffed.keys, text="Mr Akhmetov is bribed")
    await opening(staffed).handle(batch)
    rows = await staffed.rows("SELECT case_number FROM cases WHERE restricted")
    assert [row.case_number for row in rows] == [batch[3].subject]


@pytest.mark.parametrize(
    "content",
    [
        Content(subject="Ахметов", text="help"),
        Content(text="see below", quoted="> from: Akhmetov Serik"),
    ],
)
async def test_subject_and_thread_are_looked_at_too(staffed: World, content: Content) -> None:
    event = submission_event(staffed.keys, content=content)
    await opening(staffed).handle([event])
    assert await sees(staffed, event.subject) == {"chair"}


async def test_a_follow_up_that_names_the_officer_takes_the_case_from_them(staffed: World) -> None:
    event = submission_event(staffed.keys)
    handle = opening(staffed).handle
    await handle([event])
    assert "officer" in await sees(staffed, event.subject)
    await handle(
        [submission_event(staffed.keys, number=event.subject, follow_up=True, text=SAYS_SO)]
    )
    assert await sees(staffed, event.subject) == {"chair"}


async def test_a_follow_up_that_waited_for_its_case_is_looked_at_with_it(staffed: World) -> None:
    event = submission_event(staffed.keys)
    early = submission_event(staffed.keys, number=event.subject, follow_up=True, text=SAYS_SO)
    handle = opening(staffed).handle
    await handle([early])
    await handle([event])
    assert await sees(staffed, event.subject) == {"chair"}


async def test_a_transcript_that_an_officer_types_may_take_the_case_from_them(
    staffed: World,
) -> None:
    spoken = await add_call(staffed, b"sound")
    answer = await staffed.change(
        spoken.number,
        f"recordings/{spoken.recording_id}/transcript",
        {"text": SAYS_SO, "language": "kk"},
    )
    assert answer.status_code == 201
    assert await sees(staffed, spoken.number) == {"chair"}


async def test_a_report_about_the_boss_is_not_for_those_who_report_to_them(world: World) -> None:
    head = await add_person(world.engine, "Вишневский Павел")
    boss = await add_person(world.engine, "Омаров Болат", manager=head)
    await add_person(world.engine, "Садыкова Алия", account=world.accounts["officer"], manager=boss)
    event = submission_event(world.keys, text="Директор Вишневский берёт откаты")
    await opening(world).handle([event])
    assert await sees(world, event.subject) == {"chair"}
    assert await excluded(world, event.subject) == {"officer"}


async def test_people_without_power_over_cases_change_nothing(staffed: World) -> None:
    await add_person(staffed.engine, "Есенов Данияр")
    await add_person(staffed.engine, "Пак Ирина", account=staffed.accounts["mailroom"])
    event = submission_event(staffed.keys, text="Есенов и Ирина Пак берут взятки")
    await opening(staffed).handle([event])
    assert await sees(staffed, event.subject) == {"officer", "officer2"}


async def test_the_chair_named_alone_leaves_the_case_to_the_officers(world: World) -> None:
    await add_person(world.engine, "Вишневская Мария", account=world.accounts["chair"])
    event = submission_event(world.keys, text="Вишневской заносят каждую неделю")
    await opening(world).handle([event])
    assert await sees(world, event.subject) == {"officer"}


async def excluded(world: World, number: str) -> set[str]:
    rows = await world.rows(
        "SELECT name FROM exclusions JOIN accounts USING (account_id) WHERE case_number = :n",
        n=number,
    )
    return {row.name for row in rows}
