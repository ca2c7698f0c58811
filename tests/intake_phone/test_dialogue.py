"""What a caller hears and what becomes of it, call by call."""

from __future__ import annotations

import pytest

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
    Gather,
    Hangup,
    Heard,
    PlayTake,
    Prompt,
    Record,
    Take,
    Told,
    Wait,
)
from intake_phone.dialogue import WAITS
from speakup.events import Language, Person, Purpose, Relation, Status
from speakup.submission import View
from tests.intake_phone.calling import AT, NUMBER, PIN, Caller, reply, speaker, transcript, view


def returning(opened: View, *, consent: str = "1") -> Caller:
    """Has an earlier case opened."""
    caller = Caller().rings().presses("3", consent, "3", NUMBER, PIN)
    return caller.does(Asked(view=opened))


def test_the_language_is_asked_for_in_all_three() -> None:
    turn = Caller().rings().turn
    assert [s.language for s in turn.sounds if isinstance(s, Prompt)] == list(Language)


@pytest.mark.parametrize(("key", "language"), [("1", "kk"), ("2", "ru"), ("3", "en")])
def test_a_key_chooses_the_language_of_all_that_follows(key: str, language: str) -> None:
    turn = Caller().rings().presses(key).turn
    assert {s.language for s in turn.sounds if isinstance(s, Prompt)} == {language}


def test_whoever_presses_nothing_twice_is_spoken_to_in_kazakh() -> None:
    caller = Caller().rings().presses("")
    assert caller.state == "language"
    caller.presses("")
    assert (caller.state, caller.call.language) == ("consent", Language.kk)


def test_in_each_language_the_first_sentence_is_about_danger_to_life() -> None:
    assert Caller().rings().presses("2").heard[3:] == ["emergency", "notice", "consent"]


@pytest.mark.parametrize(
    ("key", "choice"),
    [
        ("1", Choice.report),
        ("2", Choice.question),
        ("4", Choice.about_compliance),
    ],
)
def test_three_keys_lead_to_the_tone(key: str, choice: Choice) -> None:
    caller = speaker(choice=key)
    assert isinstance(caller.turn, Record)
    assert caller.call.choice == choice


def test_without_consent_nothing_is_recorded_and_the_other_channels_are_told() -> None:
    caller = Caller().rings().presses("3", "2")
    assert caller.heard[-3:] == ["no_consent", "channels", "no_consent.keys"]
    caller.presses("", "")
    assert isinstance(caller.turn, Hangup)
    assert caller.effects == []


def test_whoever_presses_nothing_has_not_agreed() -> None:
    assert Caller().rings().presses("3", "", "", "").state == "no_consent"


def test_whoever_changes_their_mind_can_still_agree() -> None:
    assert Caller().rings().presses("3", "2", "1").state == "menu"


def test_a_first_recording_is_a_submission_at_once() -> None:
    caller = speaker().speaks("RE1")
    assert caller.effects == [Accept(Take(sid="RE1", seconds=20), follow_up=False)]
    assert caller.state == "review"


def test_whoever_hangs_up_while_speaking_has_said_it() -> None:
    caller = speaker().speaks("RE1", "hangup")
    assert caller.effects == [Accept(Take(sid="RE1", seconds=20), follow_up=False)]
    assert isinstance(caller.turn, Hangup)


def test_a_recording_made_again_replaces_the_last_one() -> None:
    caller = speaker().speaks("RE1").presses("4").speaks("RE2").presses("3").speaks("RE3")
    assert caller.effects[1:] == [
        Add(Take(sid="RE2", seconds=20)),
        Add(Take(sid="RE3", seconds=20, supersedes="RE2")),
    ]
    caller.presses("2")
    assert [s for s in caller.turn.sounds if isinstance(s, PlayTake)] == [
        PlayTake("RE1"),
        PlayTake("RE3"),
    ]


def test_whoever_says_nothing_after_add_more_still_sends_what_was_recorded() -> None:
    caller = speaker().speaks("RE1").presses("4", "", "", "")
    assert caller.state == "review"
    assert caller.presses("", "", "").state == "danger"


def test_three_silences_at_the_tone_end_with_the_other_channels() -> None:
    caller = speaker().presses("", "", "")
    assert caller.heard[-2:] == ["channels", "goodbye"]
    assert isinstance(caller.turn, Hangup)


def test_whoever_cannot_find_a_key_in_the_menu_may_speak() -> None:
    caller = Caller().rings().presses("3", "1", "7", "", "5")
    assert isinstance(caller.turn, Record)
    assert caller.call.choice is None


def test_a_wrong_key_is_named_as_such_before_the_prompt_is_repeated() -> None:
    assert Caller().rings().presses("3", "1", "7").heard[-2:] == ["wrong_key", "menu"]


def test_the_questions_are_asked_danger_first_and_told_at_once() -> None:
    caller = speaker().speaks("RE1").presses("1")
    assert caller.heard[-2:] == ["kept", "danger"]
    caller.presses("1", "3", "2")
    assert caller.effects[1:] == [
        Answer(in_danger=True),
        Answer(relation=Relation.counterparty),
        Answer(person=Person.legal_entity),
    ]


def test_each_question_can_be_skipped() -> None:
    caller = speaker().speaks("RE1").presses("1", "0", "0", "0")
    assert caller.state == "telling"
    assert len(caller.effects) == 1


def test_number_and_pin_are_told_twice_and_again_upon_star() -> None:
    caller = speaker().speaks("RE1").presses("1", "0", "0", "0")
    told = caller.turn.sounds[0]
    assert isinstance(told, Prompt)
    assert told.values == (("number", NUMBER), ("pin", PIN))
    assert Told() not in caller.effects
    caller.presses("")
    assert Told() in caller.effects
    caller.presses("*", "*", "")
    told_prompts = [name for name in caller.heard if name in {"told", "told.again"}]
    assert told_prompts == ["told", "told.again", "told.again", "told.again"]
    assert caller.effects.count(Told()) == 1
    assert caller.call.pin == ""


def test_from_the_end_a_caller_can_go_back_and_say_something_else() -> None:
    caller = speaker().speaks("RE1").presses("1", "0", "0", "0", "", "", "9", "2").speaks("RE2")
    assert caller.effects[-1] == Accept(Take(sid="RE2", seconds=20), follow_up=False)
    assert caller.call.choice == Choice.question


def test_number_and_pin_are_asked_of_the_router() -> None:
    caller = Caller().rings().presses("3", "1", "3", NUMBER, PIN)
    assert caller.effects == [AskAccess(NUMBER, PIN)]
    assert isinstance(caller.turn, Wait)


def test_a_slip_in_the_number_is_told_before_the_router_counts_it() -> None:
    caller = Caller().rings().presses("3", "1", "3", "1294080238")
    assert caller.heard[-2:] == ["number.wrong", "number"]
    assert caller.effects == []


def test_a_call_waits_for_the_router_and_not_for_ever() -> None:
    caller = Caller().rings().presses("3", "1", "3", NUMBER, PIN)
    for _ in range(WAITS):
        caller.does(Asked(still_waiting=True))
        assert isinstance(caller.turn, Wait)
    caller.does(Asked(still_waiting=True))
    assert caller.heard[-2:] == ["late", "menu"]


def test_when_the_router_is_too_late_the_caller_hears_so() -> None:
    caller = Caller().rings().presses("3", "1", "3", NUMBER, PIN).does(Asked(too_late=True))
    assert caller.heard[-2:] == ["late", "menu"]


def test_a_refusal_is_one_sentence_and_the_number_is_asked_for_again() -> None:
    caller = Caller().rings().presses("3", "1", "3", NUMBER, PIN).does(Asked())
    assert caller.heard[-2:] == ["refused", "number"]


@pytest.mark.parametrize(
    ("seconds", "name"),
    [(0, "minutes"), (600, "minutes"), (601, "hour"), (3600, "hour"), (3601, "long")],
)
def test_a_lock_is_one_sentence(seconds: int, name: str) -> None:
    caller = Caller().rings().presses("3", "1", "3", NUMBER, PIN).does(Asked(wait_seconds=seconds))
    assert caller.heard[-2:] == [f"locked.{name}", "menu"]


def test_answers_are_heard_one_by_one_the_newest_first_and_noted_as_heard() -> None:
    old, new = reply("Thank you."), reply("Who was there?", Purpose.question)
    caller = returning(view(old, new))
    assert caller.heard[-4:] == ["status.in_progress", "hearing", "asked", "Who was there?"]
    assert Heard(new.said_id) not in caller.effects
    caller.presses("")
    assert caller.heard[-2:] == ["answered", "Thank you."]
    assert caller.effects[-1] == Heard(new.said_id)
    caller.presses("#")
    assert caller.effects[-1] == Heard(old.said_id)
    assert caller.state == "earlier"


def test_the_date_of_an_answer_is_told() -> None:
    sounds = returning(view(reply())).turn.sounds
    dated = [s for s in sounds if isinstance(s, Prompt) and s.name == "phone.answered"]
    assert [s.values for s in dated] == [(("date", AT),)]


def test_star_reads_an_answer_again_from_its_beginning() -> None:
    long = " ".join(f"This is sentence {i} of a long answer." for i in range(60))
    caller = returning(view(reply(long))).presses("")
    assert caller.heard[-2] != "answered"
    caller.presses("*")
    assert caller.heard[-2] == "answered"
    assert [e for e in caller.effects if isinstance(e, Heard)] == []


def test_a_case_without_an_answer_says_so() -> None:
    caller = returning(view(status=Status.new))
    assert caller.heard[-3:] == ["status.new", "no_answer", "earlier"]


def test_an_acknowledgement_is_not_read_out() -> None:
    caller = returning(view(reply("Your PIN: 1", Purpose.acknowledgement)))
    assert caller.state == "earlier"


def test_an_answer_that_is_a_file_is_named_as_one() -> None:
    assert returning(view(reply(""))).heard[-2:] == ["answered", "file_only"]


def test_an_answer_is_spoken_in_the_language_it_is_written_in() -> None:
    speech = returning(view(reply("Мы проверили ваше сообщение и нашли нарушение."))).turn.sounds
    assert speech[-1].language == Language.ru  # type: ignore[union-attr]


def test_a_transcript_is_read_back_and_confirmed() -> None:
    own = transcript()
    caller = returning(view(own))
    assert caller.heard[-3:] == ["check", own.text, "check.keys"]
    caller.presses("1")
    assert own.submission_id is not None
    assert caller.effects[-1] == Confirm(own.submission_id, own.said_id)
    assert caller.state == "earlier"


def test_a_transcript_is_corrected_by_speaking() -> None:
    own = transcript()
    caller = returning(view(own)).presses("2").speaks("RE9")
    assert own.submission_id is not None
    corrected = Correct(own.submission_id, own.said_id, Take(sid="RE9", seconds=20))
    assert caller.effects[-1] == corrected
    assert caller.heard[-2:] == ["correction.kept", "earlier"]


def test_whoever_hangs_up_while_correcting_has_corrected() -> None:
    caller = returning(view(transcript())).presses("2").speaks("RE9", "hangup")
    assert isinstance(caller.effects[-1], Correct)
    assert isinstance(caller.turn, Hangup)


def test_a_transcript_that_was_confirmed_is_not_asked_about_again() -> None:
    assert returning(view(transcript(confirmed=True))).state == "earlier"


def test_what_was_written_in_a_mail_is_not_read_back() -> None:
    own = transcript()
    mail = own.model_copy(update={"submission_id": own.said_id})
    assert returning(view(mail)).state == "earlier"


def test_a_further_message_joins_the_case_and_asks_about_danger_alone() -> None:
    caller = returning(view(reply())).presses("", "4").speaks("RE5")
    assert caller.effects[-1] == Accept(Take(sid="RE5", seconds=20), follow_up=True)
    caller.presses("4").speaks("RE6").presses("1", "1")
    assert caller.effects[-2:] == [Add(Take(sid="RE6", seconds=20)), Answer(in_danger=True)]
    assert caller.state == "earlier"


def test_a_second_further_message_is_one_of_its_own() -> None:
    caller = returning(view()).presses("4").speaks("RE5").presses("1", "2", "4").speaks("RE6")
    assert caller.effects[-1] == Accept(Take(sid="RE6", seconds=20), follow_up=True)


def test_whoever_replies_at_once_hears_the_rest_afterwards() -> None:
    old, new = reply("Thank you."), reply("Who was there?", Purpose.question)
    caller = returning(view(old, new)).presses("4").speaks("RE5").presses("1", "2")
    assert caller.heard[-2:] == ["answered", "Thank you."]


def test_without_consent_an_earlier_case_is_heard_and_recording_asks_for_it() -> None:
    caller = returning(view(reply()), consent="2").presses("", "4")
    assert caller.state == "late_consent"
    assert isinstance(caller.turn, Gather)
    caller.presses("1")
    assert isinstance(caller.turn, Record)


def test_whoever_declines_to_be_recorded_for_a_correction_goes_on_hearing() -> None:
    caller = returning(view(transcript(), transcript("And sold it.")), consent="2")
    assert caller.presses("2", "2").heard[-2] == "And sold it."


def test_a_recording_that_nobody_expects_any_more_is_kept() -> None:
    caller = speaker().speaks("RE1").presses("1").speaks("RE2")
    assert caller.effects[-1] == Add(Take(sid="RE2", seconds=20))
    assert caller.state == "danger"


def test_the_same_recording_is_kept_once() -> None:
    caller = speaker().speaks("RE1").speaks("RE1")
    assert len(caller.effects) == 1


def test_a_state_of_another_release_begins_anew() -> None:
    assert Caller(Call(state="of a newer release")).presses("").state == "language"
