"""Whatever happens, in whatever order: a call goes on, loses nothing and comes to an end."""

from __future__ import annotations

from datetime import UTC
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from intake_phone.call import (
    Accept,
    Add,
    Asked,
    Call,
    Choice,
    Correct,
    Gather,
    Hangup,
    Happening,
    Pressed,
    Prompt,
    Record,
    Recorded,
    Sound,
    Started,
    Step,
    Take,
    Wait,
)
from intake_phone.dialogue import REPEATS, TABLE, WAITS, State, step
from intake_phone.twiml import Parent, render
from speakup.events import Language, Purpose, Status
from speakup.i18n import texts
from speakup.submission import Said, View
from tests.intake_phone.calling import NUMBER, PIN, Caller
from tests.twilio_double import DOCUMENT_BYTES, require_valid

DATES = st.datetimes(timezones=st.just(UTC))
LANGUAGES = st.sampled_from(Language)
LONG = st.builds(lambda text, times: text * times, st.text(max_size=20), st.integers(0, 300))
SAID = st.builds(
    Said,
    said_id=st.uuids(),
    by_reporter=st.booleans(),
    at=DATES,
    purpose=st.none() | st.sampled_from(Purpose),
    submission_id=st.none() | st.uuids(),
    text=LONG,
    confirmed=st.booleans(),
)
VIEWS = st.builds(
    View,
    case_number=st.just(NUMBER),
    status=st.sampled_from(Status),
    language=st.none() | LANGUAGES,
    dialogue=st.lists(SAID, max_size=4).map(tuple),
)
SIDS = st.sampled_from([f"RE{i}" for i in range(8)])
SECONDS = st.integers(0, 600)
TAKES = st.builds(Take, sid=SIDS, seconds=SECONDS, supersedes=st.none() | SIDS)
CALLS = st.builds(
    Call,
    state=st.sampled_from(State),
    language=st.none() | LANGUAGES,
    consented=st.booleans(),
    choice=st.none() | st.sampled_from(Choice),
    tries=st.integers(0, 20),
    takes=st.lists(TAKES, max_size=5).map(tuple),
    case_number=st.sampled_from(["", NUMBER]),
    pin=st.sampled_from(["", PIN]),
    digits=st.sampled_from(["", NUMBER]),
    view=st.none() | VIEWS,
    place=st.integers(0, 40),
    correcting=st.none() | st.uuids(),
)
"""Also such as no caller gets into."""

HAPPENINGS: st.SearchStrategy[Happening] = st.one_of(
    st.just(Started()),
    st.builds(Pressed, st.sampled_from([*"0123456789*#", "", NUMBER, PIN]) | st.text(max_size=12)),
    st.builds(Recorded, SIDS, SECONDS, st.sampled_from(["#", "", "hangup"])),
    st.builds(
        Asked, st.none() | VIEWS, st.none() | st.integers(0, 10**5), st.booleans(), st.booleans()
    ),
)

TEXTS = texts()


def say(sound: Sound, parent: Parent) -> None:
    """As the service's own voice does: a text that is missing or doesn't fit raises KeyError."""
    match sound:
        case Prompt():
            parent.say(TEXTS(sound.language, sound.name, **dict(sound.values)), language="ru-RU")
        case _:
            parent.say(getattr(sound, "text", "a recording"), language="en-US")


def require_possible(before: Call, after: Step) -> None:
    call, _, turn = after
    document = render(turn, sound=say, action="/phone/step?turn=7", recording="/phone/recording")
    assert len(document.encode()) <= DOCUMENT_BYTES
    require_valid(ElementTree.fromstring(document))  # noqa: S314
    assert call.state in State.__members__
    assert isinstance(turn, Hangup) == (call.state == State.ended)
    assert isinstance(turn, Wait) == (call.state == State.waiting)
    assert call.tries <= max(before.tries, WAITS, REPEATS)
    if isinstance(turn, Gather):
        assert 1 <= turn.seconds <= 10
    if isinstance(turn, Record):
        assert turn.seconds == 600


@given(CALLS, HAPPENINGS)
def test_from_every_state_everything_that_happens_leads_on(
    call: Call, happening: Happening
) -> None:
    after = step(call, happening)
    require_possible(call, after)
    assert Call.model_validate_json(after.call.model_dump_json()) == after.call


@given(CALLS, HAPPENINGS)
def test_a_way_leads_only_where_the_table_says(call: Call, happening: Happening) -> None:
    row = TABLE[State(call.state)]
    leads_to = {to for way in [*row.ways.values(), row.otherwise] for to in way.to}
    # Hanging up ends a call wherever it is.
    assert step(call, happening).call.state in {*leads_to, call.state, State.ended}


@given(st.lists(HAPPENINGS, max_size=40))
def test_nothing_is_recorded_without_consent(happenings: list[Happening]) -> None:
    caller = Caller().rings()
    for happening in happenings:
        before = caller.call.consented
        caller.does(happening)
        assert caller.call.consented or not isinstance(caller.turn, Record)
        if not before:
            assert not any(isinstance(one, Accept | Add | Correct) for one in caller.effects)


@given(CALLS, st.builds(Recorded, st.just("REnew"), SECONDS, st.sampled_from(["#", "", "hangup"])))
def test_a_new_recording_is_never_lost_once_they_agreed(call: Call, recorded: Recorded) -> None:
    call = call.model_copy(update={"consented": True})
    if call.state == State.correction and Caller(call).does(Recorded("RE", 1, "#")).effects == []:
        # Such a call can't be: a correction is of something that is read out.
        return
    kept = [
        one.take for one in step(call, recorded).effects if isinstance(one, Accept | Add | Correct)
    ]
    assert [take.sid for take in kept] == ["REnew"]


@given(CALLS)
def test_whoever_falls_silent_anywhere_comes_to_the_end(call: Call) -> None:
    caller = Caller(call)
    for _ in range(200):
        waits = caller.state == State.waiting
        caller.does(Asked(still_waiting=True) if waits else Pressed(""))
        if caller.state == State.ended:
            break
    assert isinstance(caller.turn, Hangup)


@given(st.lists(st.sampled_from(["", "7", "*"]), max_size=20))
def test_whoever_recorded_something_and_hears_on_is_told_number_and_pin(keys: list[str]) -> None:
    caller = Caller().rings().presses("2", "1", "1").speaks("RE1").presses("1", *keys, *[""] * 30)
    assert caller.state == State.ended
    assert {"told", "told.again"} <= set(caller.heard)


def test_every_state_can_be_reached() -> None:
    assert _reachable_from(State.start) == set(State)


def test_from_every_state_the_end_can_be_reached() -> None:
    assert {state for state in State if State.ended not in _reachable_from(state)} == set()


def _reachable_from(start: State) -> set[State]:
    seen, left = {start}, [start]
    while left:
        row = TABLE[left.pop()]
        found = {to for way in [*row.ways.values(), row.otherwise] for to in way.to} - seen
        seen |= found
        left += found
    return seen
