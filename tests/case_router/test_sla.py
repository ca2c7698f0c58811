"""The clocks at each boundary: month ends, leap years, holidays that are moved, the local day's end."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from case_router.sla import Facts, Sla, acknowledge_by, check_backs, feedback_by, is_working_day
from speakup.events import Kind

ZONE = ZoneInfo("Asia/Almaty")
SLA = Sla()


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def feedback_day(kind: Kind | None, acknowledged: str | None, received: str = "2026-03-02") -> str:
    told = local(f"{acknowledged} 12:00") if acknowledged else None
    due = feedback_by(Facts(kind, local(f"{received} 12:00"), told), SLA, ZONE)
    assert due is not None
    assert due.time().isoformat() == "23:59:59"
    return due.date().isoformat()


def test_it_is_acknowledged_by_the_end_of_the_seventh_day() -> None:
    due = acknowledge_by(local("2026-03-02 00:00:00"), SLA, ZONE)
    assert due == local("2026-03-09 23:59:59")


def test_the_day_is_the_local_one() -> None:
    # 19:00 in Greenwich is the next day in Kazakhstan, at five hours' distance.
    before = datetime(2026, 3, 2, 18, 59, 59, tzinfo=UTC)
    after = datetime(2026, 3, 2, 19, 0, 0, tzinfo=UTC)
    assert acknowledge_by(before, SLA, ZONE) == local("2026-03-09 23:59:59")
    assert acknowledge_by(after, SLA, ZONE) == local("2026-03-10 23:59:59")


def test_the_change_of_the_countrys_time_moves_no_day() -> None:
    # On 1 March 2024 Almaty went from UTC+6 to UTC+5.
    due = acknowledge_by(datetime(2024, 2, 27, 12, tzinfo=UTC), SLA, ZONE)
    assert due.astimezone(UTC) == datetime(2024, 3, 5, 18, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("acknowledged", "due"),
    [
        ("2026-03-02", "2026-06-02"),
        ("2026-11-30", "2027-02-28"),
        ("2027-11-30", "2028-02-29"),
        ("2028-02-29", "2028-05-29"),
        ("2026-12-31", "2027-03-31"),
        ("2026-10-15", "2027-01-15"),
    ],
)
def test_feedback_is_due_three_months_from_the_acknowledgement(acknowledged: str, due: str) -> None:
    assert feedback_day(Kind.breach_report, acknowledged) == due


def test_without_an_acknowledgement_the_months_run_from_when_it_was_due() -> None:
    assert feedback_day(Kind.breach_report, None, received="2026-03-02") == "2026-06-09"


def test_what_has_no_kind_yet_counts_as_a_report() -> None:
    assert feedback_day(None, "2026-03-02") == "2026-06-02"


def test_nobody_is_owed_an_answer_to_what_is_out_of_scope() -> None:
    facts = Facts(Kind.out_of_scope, local("2026-03-02 12:00"), None)
    assert feedback_by(facts, SLA, ZONE) is None


@pytest.mark.parametrize(
    ("received", "due", "why"),
    [
        ("2026-02-02", "2026-02-23", "fifteen weekdays"),
        ("2026-01-31", "2026-02-20", "begun on a Saturday: Monday is the first"),
        ("2026-03-02", "2026-03-27", "9 March for the 8th; Nauryz with two days for a weekend"),
        ("2025-12-24", "2026-01-19", "the New Year's two days and Christmas"),
        ("2024-04-24", "2024-05-20", "Saturday 4 May was worked for Wednesday the 8th"),
        ("2026-05-25", "2026-06-16", "Kurban Ait on 27 May"),
        ("2028-02-21", "2028-03-14", "a leap day and 8 March"),
    ],
)
def test_an_explanation_is_due_in_fifteen_working_days(received: str, due: str, why: str) -> None:
    assert feedback_day(Kind.policy_inquiry, "2026-03-02", received) == due, why


def test_days_moved_by_a_later_decree_can_be_set() -> None:
    moved = Sla(days_off=(date(2026, 2, 4),), working_days=(date(2026, 2, 7),))
    assert not is_working_day(date(2026, 2, 4), moved)
    assert is_working_day(date(2026, 2, 7), moved)
    assert not is_working_day(date(2026, 2, 7), SLA)


def test_a_case_that_is_reopened_has_its_clock_anew() -> None:
    facts = Facts(Kind.breach_report, local("2026-01-05"), local("2026-01-05"), local("2026-08-31"))
    due = feedback_by(facts, SLA, ZONE)
    assert due == local("2026-11-30 23:59:59")


def test_check_backs_come_thirty_and_ninety_local_days_after_closing() -> None:
    closed = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)  # the third in Kazakhstan
    assert check_backs(closed, SLA, ZONE) == [date(2026, 4, 2), date(2026, 6, 1)]


def test_a_profile_without_sense_is_refused() -> None:
    with pytest.raises(ValidationError):
        Sla(acknowledge_days=0)
