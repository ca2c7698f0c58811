"""A call's webhooks again and again, in any order: one submission, complete.

`SPEAKUP_ORDERS=200 SPEAKUP_TIMES=10` is what `make faults` runs; fewer by default, to be quick.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

from speakup.events import Amendment, CallEnded, Kind, SubmissionAmended, SubmissionReceived
from tests.intake_phone.hotline import Hotline
from tests.phone_service import SPEECH
from tests.twilio_double import Webhook

ORDERS = int(os.environ.get("SPEAKUP_ORDERS", "12"))
TIMES = int(os.environ.get("SPEAKUP_TIMES", "3"))


async def _webhooks(hotline: Hotline) -> list[Webhook]:
    """Of a whole call with two recordings."""
    before = len(hotline.line.sent)
    async with hotline.line.call("ru") as caller:
        await caller.press("14")
        await caller.speaks(SPEECH)
        await caller.press("#4")
        await caller.speaks(SPEECH)
        await caller.press("#1111")
        await caller.waits()
    return hotline.line.sent[before:]


def _as_another_call(webhooks: Sequence[Webhook], number: int) -> list[Webhook]:
    """The same, with SIDs of its own."""

    def other(name: str, value: str) -> str:
        return f"{value[:26]}{number:08x}" if name in ("CallSid", "RecordingSid") else value

    return [
        Webhook(one.url, {k: other(k, v) for k, v in one.params.items()}, one.method)
        for one in webhooks
    ]


async def test_a_calls_webhooks_in_any_order_and_number_are_one_submission_complete(
    hotline: Hotline,
) -> None:
    original = await _webhooks(hotline)
    for number in range(ORDERS):
        order = random.Random(number)  # noqa: S311
        webhooks = _as_another_call(original, number) * TIMES
        order.shuffle(webhooks)
        assert set(await hotline.line.replay(webhooks)) <= {200, 204}
    assert await hotline.forgets() == ORDERS + 1

    received = await hotline.payloads(SubmissionReceived)
    assert len(received) == ORDERS + 1
    assert all(one.restricted for one in received)
    assert {(one.language, one.hint) for one in received} == {("ru", Kind.breach_report)}
    assert len({one.case_number for one in received}) == ORDERS + 1
    recordings = await hotline.rows("SELECT submission_id, count(*) FROM recordings GROUP BY 1")
    assert {count for _, count in recordings} == {2}
    assert len(recordings) == ORDERS + 1
    amended = await hotline.payloads(SubmissionAmended)
    for submission in received:
        of_it = [one for one in amended if one.submission_id == submission.submission_id]
        assert [one.amendment for one in of_it].count(Amendment.told) == 1
        assert {one.in_danger for one in of_it} >= {True}
        assert {one.relation for one in of_it} >= {"employee"}
    assert len(await hotline.events(CallEnded)) == ORDERS + 1


async def test_a_call_of_which_only_the_recording_is_ever_told_is_a_submission(
    hotline: Hotline,
) -> None:
    original = await _webhooks(hotline)
    (callback, _) = (one for one in original if one.params.get("RecordingStatus") == "completed")
    await hotline.line.replay(_as_another_call([callback], 1))
    await hotline.forgets()
    assert len(await hotline.events(SubmissionReceived)) == 2


async def test_what_comes_after_a_call_is_forgotten_joins_its_submission(hotline: Hotline) -> None:
    original = await _webhooks(hotline)
    await hotline.forgets()
    more = [one for one in _as_another_call(original, 1) if "RecordingStatus" in one.params]
    late = [
        Webhook(one.url, {**one.params, "CallSid": original[0].params["CallSid"]}) for one in more
    ]
    await hotline.line.replay([*original, *late])
    assert len(await hotline.events(SubmissionReceived)) == 1
    recordings = await hotline.rows("SELECT DISTINCT submission_id FROM recordings")
    assert len(recordings) == 1
    assert len(await hotline.rows("SELECT * FROM recordings")) == 4
