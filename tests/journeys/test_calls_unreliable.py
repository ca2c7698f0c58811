"""Callbacks come twice, late, in another order or never; recordings aren't there yet: each call is one case, complete."""

from __future__ import annotations

import random

from tests import calling
from tests.system import System
from tests.twilio_double import TwilioDouble, Webhook
from tests.waiting import eventually


async def phone_cases(system: System) -> set[str]:
    return {case["case_number"] for case in await system.cases() if case["channel"] == "phone"}


async def test_every_request_twice_is_one_case(system: System, line: TwilioDouble) -> None:
    before = await phone_cases(system)
    line.times = 2
    told = await calling.leave_message(line)
    case = await calling.recorded(system, told.number)
    assert len(case["submissions"]) == 1
    assert await phone_cases(system) == before | {told.number}


async def test_a_whole_call_replayed_in_other_orders_changes_nothing(
    system: System, line: TwilioDouble
) -> None:
    before = await phone_cases(system)
    told = await calling.leave_message(line)
    await calling.recorded(system, told.number)
    await eventually(lambda: not line.recordings, seconds=30)
    order = random.Random(8089)  # noqa: S311
    sent = list(line.sent)
    for _ in range(3):
        order.shuffle(sent)
        assert set(await line.replay(sent)) <= {200, 204}
    other = await calling.leave_message(line)
    await calling.recorded(system, other.number)
    case = await calling.recorded(system, told.number)
    assert len(case["submissions"]) == len(case["recordings"]) == 1
    assert await phone_cases(system) == before | {told.number, other.number}


async def test_callbacks_in_another_order_are_one_case(system: System, line: TwilioDouble) -> None:
    line.holds = True
    async with line.call("ru") as caller:
        await calling.to_the_beep(caller)
        await caller.speaks(calling.TONE)
        await caller.press("#4")
        await caller.speaks(calling.TONE)
        told = await calling.finish(caller)
    await line.release(random.Random(1))  # noqa: S311
    case = await calling.recorded(system, told.number, 2)
    assert len(case["submissions"]) == 1


async def test_a_recording_that_is_not_there_yet_is_fetched_later(
    system: System, line: TwilioDouble
) -> None:
    line.api.is_slow = line.holds = True
    told = await calling.leave_message(line)

    async def awaited() -> bool:
        recordings = (await calling.case(system, told.number)).get("recordings", ())
        return not any(one["audio"] for one in recordings)

    await eventually(awaited, seconds=30)
    for recording in line.recordings:
        recording.status = "completed"
    await line.release()
    await calling.recorded(system, told.number)


async def test_the_recordings_callback_lost_the_audio_is_found_all_the_same(
    system: System, line: TwilioDouble
) -> None:
    line.loses = lambda webhook: "RecordingStatus" in webhook.params
    told = await calling.leave_message(line)
    await calling.recorded(system, told.number)


async def test_a_call_whose_recording_was_told_to_nobody_is_found_by_reconciling(
    system: System, line: TwilioDouble
) -> None:
    before = await phone_cases(system)

    def lost(webhook: Webhook) -> bool:
        return "RecordingSid" in webhook.params

    line.loses = lost
    async with line.call("en") as caller:
        await calling.to_the_beep(caller)
        await caller.speaks(calling.TONE)
        await caller.hangs_up()
    assert await phone_cases(system) == before
    line.loses = lambda _: False
    await calling.reconcile(system)

    async def found() -> set[str]:
        return await phone_cases(system) - before

    (number,) = await eventually(found, seconds=30)
    await calling.recorded(system, number)
    await calling.reconcile(system)
    assert await phone_cases(system) == before | {number}
