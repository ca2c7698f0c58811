"""How a call goes: a table of states, and `step`, which takes a call from one to the next. Pure.

Each state says something and waits for something; its ways say what leads where. What nobody expects in a
state is no way out of it: its prompt is repeated, a few times, and then the call goes where it is kindest.
No way ends in silence and none loses a recording.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from intake_phone.call import (
    Accept,
    Add,
    Answer,
    AskAccess,
    Asked,
    Call,
    Choice,
    Confirm,
    Correct,
    Effect,
    Gather,
    Hangup,
    Happening,
    Heard,
    PlayTake,
    Pressed,
    Prompt,
    Record,
    Recorded,
    Sound,
    Speech,
    Started,
    Step,
    Take,
    Told,
    Turn,
    Wait,
)
from intake_phone.read_out import Portion, next_said, portions, this_said
from speakup import case_number
from speakup.events import Language, Person, Purpose, Relation
from speakup.language import language_of

REPEATS = 2
"""Times that a prompt is repeated."""

WAIT_SECONDS, WAITS = 2, 15
"""How often, and how many times, a call asks for the router's word."""

HEARD_AT_ONCE = 20
"""The caller's last recordings that are played back: as many as one document holds easily."""


class State(StrEnum):
    """What a call waits for."""

    start = "start"
    language = "language"
    consent = "consent"
    no_consent = "no_consent"
    menu = "menu"
    message = "message"
    review = "review"
    message_again = "message_again"
    message_more = "message_more"
    danger = "danger"
    relation = "relation"
    person = "person"
    telling = "telling"
    telling_again = "telling_again"
    number = "number"
    pin = "pin"
    waiting = "waiting"
    hearing = "hearing"
    checking = "checking"
    correction = "correction"
    earlier = "earlier"
    late_consent = "late_consent"
    follow_up = "follow_up"
    finished = "finished"
    ended = "ended"


Sounds = tuple[Sound, ...]
Done = tuple[Call, tuple[Effect, ...]]


# What is said.


def _prompt(call: Call, name: str, **values: Any) -> Prompt:
    return Prompt(f"phone.{name}", call.language or Language.kk, tuple(values.items()))


def _nothing(_call: Call) -> Sounds:
    return ()


def _say(*names: str) -> Callable[[Call], Sounds]:
    return lambda call: tuple(_prompt(call, name) for name in names)


def _keys(*names: str, seconds: int = 6) -> Callable[[Call], Turn]:
    """One key is waited for."""
    return lambda call: Gather(_say(*names)(call), digits=1, seconds=seconds)


def _number_of(digits: int, name: str) -> Callable[[Call], Turn]:
    return lambda call: Gather(_say(name)(call), digits=digits, seconds=8, finish="#")


def _record(name: str) -> Callable[[Call], Turn]:
    return lambda call: Record(_say(name)(call))


def _ask_language(_call: Call) -> Turn:
    return Gather(tuple(Prompt("phone.language", one) for one in Language), digits=1)


def _ask_message(call: Call) -> Turn:
    about = {Choice.question: "message.question", Choice.about_compliance: "message.compliance"}
    return _record(about.get(call.choice or Choice.report, "message"))(call)


def _tell(*names: str, seconds: int) -> Callable[[Call], Turn]:
    def tell(call: Call) -> Turn:
        known = {"number": call.case_number, "pin": call.pin} if call.pin else {}
        sounds = [_prompt(call, name, **known) for name in names if known]
        return Gather(tuple(sounds), digits=1, seconds=seconds)

    return tell


def _wait(call: Call) -> Turn:
    return Wait(() if call.tries else _say("wait")(call), WAIT_SECONDS)


def _read_answer(call: Call) -> Turn:
    portion = _portion(call)
    return Gather(() if portion is None else _read(call, portion), digits=1, seconds=2)


def _read_own(call: Call) -> Turn:
    portion = _portion(call)
    if portion is None:
        return _keys("check.keys")(call)
    asked = _say("check.keys")(call) if portion.last else ()
    read = () if call.tries and portion.last else _read(call, portion)
    return Gather((*read, *asked), digits=1, seconds=6 if portion.last else 2)


def _read(call: Call, portion: Portion) -> Sounds:
    said = portion.said
    language = language_of(said.text) or (call.view and call.view.language) or call.language
    speech: Sound = Speech(portion.text, language or Language.kk)
    if not portion.text:
        speech = _prompt(call, "file_only")
    if not portion.first:
        return (speech,)
    if said.by_reporter:
        return (_prompt(call, "check"), speech)
    name = "asked" if said.purpose is Purpose.question else "answered"
    return (_prompt(call, name, date=said.at), speech)


def _status(call: Call) -> Sounds:
    if call.view is None:
        return ()
    answered = any(not portion.said.by_reporter for portion in portions(call.view))
    return _say(f"status.{call.view.status}", "hearing" if answered else "no_answer")(call)


def _own_takes(call: Call) -> Sounds:
    return tuple(PlayTake(take.sid) for take in _current(call)[-HEARD_AT_ONCE:])


# What is done.


def _same(call: Call, _happening: Happening) -> Done:
    return call, ()


def _speaks(language: Language) -> Callable[[Call, Happening], Done]:
    return lambda call, _: (_with(call, language=language), ())


def _agrees(call: Call, _happening: Happening) -> Done:
    return _with(call, consented=True), ()


def _anew(choice: Choice | None = None) -> Callable[[Call, Happening], Done]:
    """Nothing of what was done in the call before is left."""

    def forget(call: Call, _happening: Happening) -> Done:
        return Call(language=call.language, consented=call.consented, choice=choice), ()

    return forget


def _keeps(call: Call, happening: Happening) -> Done:
    return _keep(call, happening, supersedes=None)


def _keeps_instead(call: Call, happening: Happening) -> Done:
    current = _current(call)
    return _keep(call, happening, supersedes=current[-1].sid if current else None)


def _keep(call: Call, happening: Happening, supersedes: str | None) -> Done:
    known = {take.sid for take in call.takes}
    if not isinstance(happening, Recorded) or not call.consented or happening.sid in known:
        return call, ()
    take = Take(sid=happening.sid, seconds=happening.seconds, supersedes=supersedes)
    effect = Add(take) if call.takes else Accept(take, follow_up=_is_follow_up(call))
    return _with(call, takes=(*call.takes, take)), (effect,)


def _corrects(call: Call, happening: Happening) -> Done:
    portion, effects = _portion(call), tuple[Effect, ...]()
    if isinstance(happening, Recorded) and portion is not None and portion.said.submission_id:
        take = Take(sid=happening.sid, seconds=happening.seconds)
        effects = (Correct(portion.said.submission_id, portion.said.said_id, take),)
    return _past_this(call), effects


def _confirms(call: Call, _happening: Happening) -> Done:
    portion, effects = _portion(call), tuple[Effect, ...]()
    if portion is not None and portion.said.submission_id:
        effects = (Confirm(portion.said.submission_id, portion.said.said_id),)
    return _past_this(call), effects


def _wants_to_correct(call: Call, _happening: Happening) -> Done:
    portion = _portion(call)
    return _with(call, correcting=portion and portion.said.said_id), ()


def _says(answer: Answer) -> Callable[[Call, Happening], Done]:
    return lambda call, _: (call, (answer,))


def _told(call: Call, _happening: Happening) -> Done:
    return call, (Told(),) if call.pin else ()


def _forgets_pin(call: Call, _happening: Happening) -> Done:
    return _with(call, pin=""), ()


def _typed_number(call: Call, happening: Happening) -> Done:
    return _with(call, digits=_digits(happening)), ()


def _typed_pin(call: Call, happening: Happening) -> Done:
    return _with(call, digits=""), (AskAccess(call.digits, _digits(happening)),)


def _opened(call: Call, happening: Happening) -> Done:
    view = happening.view if isinstance(happening, Asked) else None
    return _with(call, view=view, case_number=view.case_number if view else "", place=0), ()


def _from_the_start(call: Call, _happening: Happening) -> Done:
    return _with(call, place=0), ()


def _reads_on(call: Call, _happening: Happening) -> Done:
    portion = _portion(call)
    heard = portion is not None and portion.last
    return _with(call, place=call.place + 1), _heard(portion) if heard else ()


def _goes_on(call: Call, _happening: Happening) -> Done:
    return _past_this(call), _heard(_portion(call))


def _leaves_message(call: Call, happening: Happening) -> Done:
    """Afterwards what is left is read out."""
    call, effects = _goes_on(call, happening)
    return _with(call, takes=()), effects


def _leaves_message_at_end(call: Call, _happening: Happening) -> Done:
    return _with(call, takes=(), correcting=None, place=len(_read_out(call))), ()


def _declines(call: Call, _happening: Happening) -> Done:
    return _past_this(call) if call.correcting else call, ()


def _hears_again(call: Call, _happening: Happening) -> Done:
    return _with(call, place=this_said(_read_out(call), call.place)), ()


def _past_this(call: Call) -> Call:
    return _with(call, place=next_said(_read_out(call), call.place), correcting=None)


def _heard(portion: Portion | None) -> tuple[Effect, ...]:
    if portion is None or portion.said.by_reporter:
        return ()
    return (Heard(portion.said.said_id),)


# What is known of a call.


def _with(call: Call, **changed: Any) -> Call:
    return call.model_copy(update=changed)


def _digits(happening: Happening) -> str:
    return happening.digits if isinstance(happening, Pressed) else ""


def _is_follow_up(call: Call) -> bool:
    return call.view is not None


def _current(call: Call) -> tuple[Take, ...]:
    """The recordings that the caller hasn't replaced."""
    replaced = {take.supersedes for take in call.takes}
    return tuple(take for take in call.takes if take.sid not in replaced)


def _read_out(call: Call) -> tuple[Portion, ...]:
    return portions(call.view) if call.view is not None else ()


def _portion(call: Call) -> Portion | None:
    all_of_it = _read_out(call)
    return all_of_it[call.place] if call.place < len(all_of_it) else None


# Where it leads.


def _first(call: Call) -> State:
    return State.menu if call.consented else State.no_consent


def _next_to_hear(call: Call) -> State:
    portion = _portion(call)
    if portion is None:
        return State.earlier
    return State.checking if portion.said.by_reporter else State.hearing


def _after_danger(call: Call) -> State:
    return _next_to_hear(call) if _is_follow_up(call) else State.relation


def _to_correct(call: Call) -> State:
    return State.correction if call.consented else State.late_consent


def _to_follow_up(call: Call) -> State:
    return State.follow_up if call.consented else State.late_consent


def _agreed_to(call: Call) -> State:
    return State.correction if call.correcting else State.follow_up


@dataclass(frozen=True, slots=True)
class Way:
    """From a state to the next."""

    to: tuple[State, ...]
    """Where it may lead."""
    does: Callable[[Call, Happening], Done] = _same
    says: Callable[[Call], Sounds] = _nothing
    """Before the next state says its own."""
    picks: Callable[[Call], State] | None = None
    """Which one of several it leads to, of the call as it is afterwards."""


def _to(
    *states: State,
    does: Callable[[Call, Happening], Done] = _same,
    says: tuple[str, ...] | Callable[[Call], Sounds] = (),
    picks: Callable[[Call], State] | None = None,
) -> Way:
    return Way(states, does, _say(*says) if isinstance(says, tuple) else says, picks)


HOME = (State.menu, State.no_consent)
HEAR = (State.hearing, State.checking, State.earlier)
BYE = _to(State.ended, says=("goodbye",))

# What can happen, beside keys: a key's word is itself, and empty is no key.
NO_KEY = ""
NUMBER, PIN = "case number", "PIN"
MORE = "more"
RECORDED, HUNG_UP = "recorded", "hung up"
OPENED, REFUSED = "opened", "refused"
LOCKED = ("locked for minutes", "locked for an hour", "locked for long")
LATE, NOT_YET, STARTED = "no word", "not yet", "started"


@dataclass(frozen=True, slots=True)
class Row:
    """A state in the table."""

    asks: Callable[[Call], Turn]
    ways: Mapping[str, Way]
    otherwise: Way
    """After the repeats."""
    repeats: int = REPEATS
    wrong: str | None = "wrong_key"
    """Said before the prompt is repeated after a key without meaning here."""
    missed: str | None = None
    """Said before the prompt is repeated after nothing came."""


def _taken(to: Way, after: Callable[[Call, Happening], Done]) -> Mapping[str, Way]:
    """Whoever hangs up while speaking has said what they said."""
    return {RECORDED: to, HUNG_UP: _to(State.ended, does=after)}


def _question(ways: Mapping[str, Way], skip: Way, *names: str) -> Row:
    """About the caller: may be skipped."""
    return Row(_keys(*names), {**ways, "0": skip}, otherwise=skip, repeats=1)


_reviewed = _to(State.review, does=_keeps)
_reviewed_instead = _to(State.review, does=_keeps_instead)
_back_to_review = _to(State.review)
_onwards = _to(*HEAR, does=_goes_on, picks=_next_to_hear)
_leave_message = _to(State.follow_up, State.late_consent, does=_leaves_message, picks=_to_follow_up)
_read_on = _to(*HEAR, does=_reads_on, picks=_next_to_hear)
_decline = _to(*HEAR, does=_declines, picks=_next_to_hear)
_to_person = _to(State.person)
_to_telling = _to(State.telling)
_past_danger = _to(State.relation, *HEAR, picks=_after_danger)
_finish = _to(State.finished, does=_forgets_pin)


def _home(*says: str) -> Way:
    return _to(*HOME, does=_anew(), says=says, picks=_first)


TABLE: Mapping[State, Row] = {
    State.start: Row(
        _ask_language, {STARTED: _to(State.language)}, otherwise=_to(State.language), repeats=0
    ),
    State.language: Row(
        _ask_language,
        {
            "1": _to(State.consent, does=_speaks(Language.kk)),
            "2": _to(State.consent, does=_speaks(Language.ru)),
            "3": _to(State.consent, does=_speaks(Language.en)),
        },
        otherwise=_to(State.consent, does=_speaks(Language.kk)),
        repeats=1,
        wrong=None,
    ),
    State.consent: Row(
        _keys("emergency", "notice", "consent", seconds=8),
        {"1": _to(State.menu, does=_agrees), "2": _to(State.no_consent)},
        otherwise=_to(State.no_consent),
    ),
    State.no_consent: Row(
        _keys("no_consent", "channels", "no_consent.keys"),
        {
            "1": _to(State.menu, does=_agrees),
            "3": _to(State.number, does=_anew(Choice.earlier)),
        },
        otherwise=BYE,
        repeats=1,
    ),
    State.menu: Row(
        _keys("menu"),
        {
            "1": _to(State.message, does=_anew(Choice.report)),
            "2": _to(State.message, does=_anew(Choice.question)),
            "3": _to(State.number, does=_anew(Choice.earlier)),
            "4": _to(State.message, does=_anew(Choice.about_compliance)),
            "9": _to(State.menu),
            "0": _to(State.menu, says=("channels",)),
        },
        # They agreed to be recorded: let them speak.
        otherwise=_to(State.message, does=_anew()),
    ),
    State.message: Row(
        _ask_message,
        _taken(_reviewed, _keeps),
        otherwise=_to(State.ended, says=("channels", "goodbye")),
        wrong=None,
        missed="nothing_heard",
    ),
    State.review: Row(
        _keys("review"),
        {
            "1": _to(State.danger, says=("kept",)),
            "2": _to(State.review, says=_own_takes),
            "3": _to(State.message_again),
            "4": _to(State.message_more),
        },
        # What was recorded is ours already.
        otherwise=_to(State.danger, says=("kept",)),
    ),
    State.message_again: Row(
        _record("message.again"),
        _taken(_reviewed_instead, _keeps_instead),
        otherwise=_back_to_review,
        wrong=None,
        missed="nothing_heard",
    ),
    State.message_more: Row(
        _record("message.more"),
        _taken(_reviewed, _keeps),
        otherwise=_back_to_review,
        wrong=None,
        missed="nothing_heard",
    ),
    State.danger: _question(
        {
            "1": replace(_past_danger, does=_says(Answer(in_danger=True)), says=_say("danger.yes")),
            "2": replace(_past_danger, does=_says(Answer(in_danger=False))),
        },
        _past_danger,
        "danger",
    ),
    State.relation: _question(
        {
            "1": replace(_to_person, does=_says(Answer(relation=Relation.employee))),
            "2": replace(_to_person, does=_says(Answer(relation=Relation.partner))),
            "3": replace(_to_person, does=_says(Answer(relation=Relation.counterparty))),
            "4": replace(_to_person, does=_says(Answer(relation=Relation.other))),
        },
        _to_person,
        "relation",
    ),
    State.person: _question(
        {
            "1": replace(_to_telling, does=_says(Answer(person=Person.individual))),
            "2": replace(_to_telling, does=_says(Answer(person=Person.legal_entity))),
        },
        _to_telling,
        "person",
    ),
    # Told twice in two turns: who hangs up between them has been told.
    State.telling: Row(
        _tell("told", seconds=1),
        {"*": _to(State.telling), NO_KEY: _to(State.telling_again, does=_told)},
        otherwise=_to(State.telling_again, does=_told),
        repeats=0,
    ),
    State.telling_again: Row(
        _tell("told.again", "told.keys", seconds=6),
        {"*": _to(State.telling_again), NO_KEY: _finish},
        otherwise=_finish,
    ),
    State.number: Row(
        _number_of(10, "number"),
        {NUMBER: _to(State.pin, does=_typed_number)},
        otherwise=_home(),
        wrong="number.wrong",
    ),
    State.pin: Row(
        _number_of(6, "pin"),
        {PIN: _to(State.waiting, does=_typed_pin)},
        otherwise=_home(),
        wrong="pin.wrong",
    ),
    State.waiting: Row(
        _wait,
        {
            OPENED: _to(*HEAR, does=_opened, says=_status, picks=_next_to_hear),
            REFUSED: _to(State.number, says=("refused",)),
            LOCKED[0]: _home("locked.minutes"),
            LOCKED[1]: _home("locked.hour"),
            LOCKED[2]: _home("locked.long"),
            LATE: _home("late"),
        },
        otherwise=_home("late"),
        repeats=WAITS,
        wrong=None,
    ),
    State.hearing: Row(
        _read_answer,
        {
            NO_KEY: _read_on,
            "#": _onwards,
            "*": _to(State.hearing, does=_hears_again),
            "4": _leave_message,
        },
        otherwise=_to(State.earlier),
    ),
    State.checking: Row(
        _read_own,
        {
            MORE: _read_on,
            "1": _to(*HEAR, does=_confirms, says=("check.right",), picks=_next_to_hear),
            "2": _to(
                State.correction, State.late_consent, does=_wants_to_correct, picks=_to_correct
            ),
            "#": _onwards,
            "*": _to(State.checking, does=_hears_again),
            "4": _leave_message,
        },
        otherwise=_onwards,
    ),
    State.correction: Row(
        _record("correction"),
        _taken(
            _to(*HEAR, does=_corrects, says=("correction.kept",), picks=_next_to_hear), _corrects
        ),
        otherwise=_onwards,
        wrong=None,
        missed="nothing_heard",
    ),
    State.earlier: Row(
        _keys("earlier"),
        {
            "4": replace(_leave_message, does=_leaves_message_at_end),
            "9": _to(*HEAR, does=_from_the_start, says=_status, picks=_next_to_hear),
            "0": _home(),
        },
        otherwise=BYE,
    ),
    State.late_consent: Row(
        _keys("late_consent"),
        {
            "1": _to(State.correction, State.follow_up, does=_agrees, picks=_agreed_to),
            "2": _decline,
        },
        otherwise=_decline,
    ),
    State.follow_up: Row(
        _record("follow_up"),
        _taken(_reviewed, _keeps),
        otherwise=_to(*HEAR, picks=_next_to_hear),
        wrong=None,
        missed="nothing_heard",
    ),
    State.finished: Row(_keys("finished"), {"9": _home()}, otherwise=BYE, repeats=0),
    State.ended: Row(lambda _: Hangup(()), {}, otherwise=_to(State.ended)),
}


def step(call: Call, happening: Happening) -> Step:
    """What follows. Nothing that happens is an error; a recording is expected to be given once."""
    state = _state(call)
    row, word = TABLE[state], _word(state, call, happening)
    way = row.ways.get(word)
    if way is not None:
        return _go(call, way, happening)
    if isinstance(happening, Recorded):
        return _unexpected(call, happening)
    if isinstance(happening, Started) or (isinstance(happening, Asked) and word != NOT_YET):
        return Step(call, (), row.asks(call))
    if call.tries >= row.repeats:
        return _go(call, row.otherwise, happening)
    again = _with(call, state=state, tries=call.tries + 1)
    name = row.missed if word in {NO_KEY, NOT_YET} else row.wrong
    return Step(again, (), _first_say(_say(name)(again) if name else (), row.asks(again)))


def _go(call: Call, way: Way, happening: Happening) -> Step:
    done, effects = way.does(call, happening)
    to = way.picks(done) if way.picks else way.to[0]
    done = _with(done, state=to, tries=0)
    return Step(done, effects, _first_say(way.says(done), TABLE[to].asks(done)))


def _first_say(sounds: Sounds, turn: Turn) -> Turn:
    return replace(turn, sounds=(*sounds, *turn.sounds))


def _unexpected(call: Call, happening: Recorded) -> Step:
    """A recording that comes when none is expected any more: it is kept."""
    kept, effects = _keeps(call, happening)
    state = State.ended if happening.digits == "hangup" else _state(call)
    kept = _with(kept, state=state)
    return Step(kept, effects, TABLE[state].asks(kept))


def _state(call: Call) -> State:
    # A newer release may not know the state of a call that goes on while it starts.
    return State(call.state) if call.state in State.__members__ else State.start


def _word(state: State, call: Call, happening: Happening) -> str:
    match happening:
        case Started():
            return STARTED
        case Pressed(digits):
            return _key(state, call, digits)
        case Recorded():
            return HUNG_UP if happening.digits == "hangup" else RECORDED
        case Asked():
            return _routers_word(happening)


def _key(state: State, call: Call, digits: str) -> str:
    if state is State.number and case_number.is_valid(digits):
        return NUMBER
    if state is State.pin and len(digits) == 6 and digits.isascii() and digits.isdigit():
        return PIN
    if state is State.checking and not digits and (portion := _portion(call)):
        return NO_KEY if portion.last else MORE
    return digits


def _routers_word(asked: Asked) -> str:
    if asked.view is not None:
        return OPENED
    if asked.still_waiting:
        return NOT_YET
    if asked.too_late:
        return LATE
    if asked.wait_seconds is None:
        return REFUSED
    return LOCKED[(asked.wait_seconds > 600) + (asked.wait_seconds > 3600)]
