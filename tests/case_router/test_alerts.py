"""Alerts of urgent cases: whom they reach, how often, and nothing in them but number and link."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from pydantic import ValidationError

from case_router.settings import Settings
from case_router.webhook import HEADER
from speakup.staff import Role
from tests.case_router.telling import NOW, SECRET, Telling, give_addresses, open_telling
from tests.case_router.world import PUBLIC, START, World

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
OFFICERS = ["officer", "officer2"]


@pytest.fixture
async def telling(world: World) -> AsyncIterator[Telling]:
    await give_addresses(world)
    with open_telling(world) as opened:
        yield opened


async def exclude(world: World, number: str, name: str) -> None:
    await world.execute(
        "INSERT INTO exclusions (case_number, account_id) VALUES (:number, :account)",
        number=number,
        account=world.accounts[name],
    )


async def test_an_urgent_case_is_told_by_mail_and_webhook(telling: Telling) -> None:
    number = await telling.world.add_case(urgent=True)
    assert await telling.look() == [OFFICERS]
    ((headers, body),) = telling.hook.posts
    assert json.loads(body) == {"case_number": number, "link": f"{PUBLIC}/cases/{number}"}
    stamp, _, mac = headers[HEADER.lower()].partition(",v1=")
    signed = f"{stamp.removeprefix('t=')}.".encode() + body
    assert mac == hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()


async def test_nothing_but_the_number_is_told(telling: Telling) -> None:
    number = await telling.world.add_case(urgent=True)
    await telling.look()
    ((_, mail),) = telling.mailbox.mails
    assert number in str(mail["Subject"])
    assert "diesel" not in mail.as_string().lower()


async def test_a_case_that_becomes_urgent_at_triage_is_told(telling: Telling) -> None:
    number = await telling.world.add_case(kind="breach_report")
    assert await telling.look() == []
    triage = {"kind": "breach_report", "retaliation_risk": "high", "priority": "urgent"}
    answer = await telling.world.change(number, "triage", triage)
    assert answer.status_code == 200, answer.text
    assert await telling.look(NOW + 10 * SECOND) == [OFFICERS]


async def test_it_comes_again_until_somebody_acknowledges_it(telling: Telling) -> None:
    number = await telling.world.add_case(urgent=True)
    await telling.look()
    assert await telling.look(NOW + 15 * MINUTE - SECOND) == []
    assert await telling.look(NOW + 15 * MINUTE) == [OFFICERS]
    answer = await telling.world.post(f"/cases/{number}/alert/acknowledged", by="officer")
    assert (answer.json()["by"], answer.json()["times"]) == ("officer", 2)
    assert await telling.look(NOW + 60 * MINUTE) == []
    assert len(telling.hook.posts) == 2


async def test_after_half_an_hour_the_chair_is_told_as_well(telling: Telling) -> None:
    await telling.world.add_case(urgent=True)
    await telling.look()
    assert await telling.look(NOW + 30 * MINUTE - SECOND) == [OFFICERS]
    assert await telling.look(NOW + 45 * MINUTE) == [["chair", *OFFICERS]]


async def test_a_chair_who_is_kept_out_isnt_told_ever(telling: Telling) -> None:
    number = await telling.world.add_case(urgent=True)
    await exclude(telling.world, number, "chair")
    await exclude(telling.world, number, "officer")
    assert await telling.look() == [["officer2"]]
    assert await telling.look(NOW + 60 * MINUTE) == [["officer2"]]


async def test_where_somebody_is_kept_out_the_webhook_isnt_told(telling: Telling) -> None:
    number = await telling.world.add_case(urgent=True)
    await exclude(telling.world, number, "officer")
    await telling.look()
    assert telling.hook.posts == []


async def test_a_restricted_case_is_told_to_the_chair_alone(telling: Telling) -> None:
    await telling.world.add_case(urgent=True, restricted=True)
    assert await telling.look() == [["chair"]]
    assert telling.hook.paths == ["/alerts/chair"]
    telling.clockwork = telling.instance(alert_webhook_chair=None)
    assert await telling.look(NOW + 60 * MINUTE) == [["chair"]]
    assert telling.hook.paths == ["/alerts/chair"]


async def test_by_the_roster_only_who_is_on_duty_is_told(telling: Telling) -> None:
    world = telling.world
    await world.execute(
        "INSERT INTO duty (duty_id, account_id, starts_at, ends_at) "
        "VALUES (gen_random_uuid(), :account, :start, now() + interval '10 years')",
        account=world.accounts["officer2"],
        start=START,
    )
    await world.add_case(urgent=True, triaged_at=START)
    assert await telling.look() == [["officer2"]]


async def test_where_the_webhook_fails_only_that_is_tried_again_soon(telling: Telling) -> None:
    await telling.world.add_case(urgent=True)
    telling.hook.answers += [500, 302]
    assert await telling.look() == [OFFICERS]
    assert "posted to the webhook" in str(await telling.clockwork.notice())
    assert await telling.look(NOW + 30 * SECOND) == []
    assert await telling.look(NOW + 90 * SECOND) == []
    assert len(telling.hook.posts) == 3
    assert await telling.clockwork.notice() is None


async def test_where_the_mail_server_fails_only_that_is_tried_again_soon(telling: Telling) -> None:
    await telling.world.add_case(urgent=True)
    telling.mailbox.answers += ["554 no"]
    assert await telling.look() == []
    assert "can't be mailed" in str(await telling.clockwork.notice())
    assert await telling.look(NOW + 30 * SECOND) == [OFFICERS]
    assert len(telling.hook.posts) == 1


async def test_a_server_that_is_away_loses_no_alert(telling: Telling) -> None:
    await telling.world.add_case(urgent=True)
    away = telling.instance(staff_smtp_port=1, alert_webhook="http://127.0.0.1:1/")
    await away.alert()
    assert len(await telling.world.rows("SELECT * FROM alerts WHERE times = 0")) == 1
    assert await telling.look(NOW + MINUTE) == [OFFICERS]


async def test_two_instances_send_one_alert(telling: Telling) -> None:
    for _ in range(3):
        await telling.world.add_case(urgent=True)
    await asyncio.gather(*(telling.instance().alert() for _ in range(3)))
    assert (len(telling.mailbox.envelopes), len(telling.hook.posts)) == (3, 3)


async def test_a_case_that_is_closed_is_told_no_more(telling: Telling) -> None:
    number = await telling.world.add_case(urgent=True)
    await telling.look()
    await telling.world.execute(
        "UPDATE cases SET status = 'closed' WHERE case_number = :n", n=number
    )
    assert await telling.look(NOW + 60 * MINUTE) == []


async def test_with_nobody_to_tell_an_admin_is_told_so(telling: Telling) -> None:
    await telling.world.execute("UPDATE accounts SET email = NULL")
    await telling.world.add_case(urgent=True)
    assert await telling.look() == []
    assert "can't be mailed" in str(await telling.clockwork.notice())


async def test_a_server_that_is_away_is_asked_once_for_all_alerts_of_a_look(
    telling: Telling,
) -> None:
    for _ in range(3):
        await telling.world.add_case(urgent=True)
    asked = 0

    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked += 1
        writer.close()

    async with await asyncio.start_server(hangs, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        await telling.instance(staff_smtp_port=port, alert_webhook=url).alert()
    assert asked == 2
    assert await telling.look(NOW + 30 * SECOND) == [OFFICERS] * 3
    assert len(telling.hook.posts) == 3


async def test_an_alert_that_is_refused_holds_up_no_other(telling: Telling) -> None:
    for _ in range(2):
        await telling.world.add_case(urgent=True)
    telling.mailbox.answers += ["554 no"]
    telling.hook.answers += [500]
    assert await telling.look() == [OFFICERS]
    assert len(telling.hook.posts) == 2


async def test_a_database_that_is_away_stops_nothing(telling: Telling) -> None:
    await telling.world.add_case(urgent=True)
    await telling.world.execute("ALTER TABLE alerts RENAME TO alerts_away")
    stop, asked = asyncio.Event(), asyncio.Event()
    alert = telling.clockwork.alerts.alert

    async def ask(now: datetime) -> None:
        asked.set()
        await alert(now)

    telling.clockwork.alerts.alert = ask  # type: ignore[method-assign]
    running = asyncio.create_task(telling.clockwork.run(stop))
    await asked.wait()
    stop.set()
    await running
    await telling.world.execute("ALTER TABLE alerts_away RENAME TO alerts")
    assert await telling.look(NOW + 10 * SECOND) == [OFFICERS]


@pytest.mark.parametrize("role", [Role.handler, Role.chair, Role.auditor, Role.admin])
async def test_who_doesnt_see_the_case_doesnt_see_its_alert(telling: Telling, role: Role) -> None:
    number = await telling.world.add_case(urgent=True)
    await telling.look()
    path = f"/cases/{number}/alert"
    assert (await telling.world.get(path, role)).status_code == 404
    assert (await telling.world.post(f"{path}/acknowledged", by=role)).status_code == 404
    assert (await telling.world.get(path)).json()["acknowledged_at"] is None


async def test_whoever_takes_it_first_is_named(telling: Telling) -> None:
    number = await telling.world.add_case(urgent=True)
    await telling.look()
    for name in OFFICERS:
        answer = await telling.world.post(f"/cases/{number}/alert/acknowledged", by=name)
        assert answer.json()["by"] == "officer"
    audited = [entry for entry in await telling.world.audit() if "acknowledged" in entry[0]]
    assert audited == [("alert.acknowledged", "officer", number)]


async def test_a_case_without_an_alert_has_none_to_take(telling: Telling) -> None:
    number = await telling.world.add_case()
    answer = await telling.world.post(f"/cases/{number}/alert/acknowledged")
    assert answer.status_code == 404


def test_a_webhook_without_a_secret_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="SPEAKUP_ALERT_WEBHOOK_SECRET"):
        Settings.model_validate({"alert_webhook": "https://on-call.example.kz/"})
