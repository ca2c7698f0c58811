"""The list of staff as CSV: taken whole, or refused with the lines that are wrong."""

from __future__ import annotations

import time

import pytest

from case_router.staff_list import FaultyListError, StaffList, read_csv

HEADER = "personnel_number,name,manager,unit,unit_name,parent_unit,account\n"
GOOD = HEADER + (
    ",,,works,Works,,\n"
    "1,Омаров Болат,,works,,,\n"
    "2,Ахметов Серік,1,works/mill,Mill,works,officer\n"
    '3,"Ким, Ольга",2,works/mill,,,\n'
)


def read(text: str) -> StaffList:
    return read_csv(text.encode())


def faults(text: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(FaultyListError) as caught:
        read_csv(text.encode() if isinstance(text, str) else text)
    return [(fault.line, fault.what) for fault in caught.value.faults]


def test_people_and_units_are_read_from_one_file() -> None:
    listed = read(GOOD)
    assert [(p.personnel_number, p.name, p.manager, p.unit, p.account) for p in listed.people] == [
        ("1", "Омаров Болат", "", "works", ""),
        ("2", "Ахметов Серік", "1", "works/mill", "officer"),
        ("3", "Ким, Ольга", "2", "works/mill", ""),
    ]
    assert [(u.unit, u.name, u.parent) for u in listed.units] == [
        ("works", "Works", ""),
        ("works/mill", "Mill", "works"),
    ]


def test_what_excel_saves_is_read_too() -> None:
    excel = "\ufeff" + GOOD.replace("\n", "\r\n").replace(",", ";").replace("Ким;", "Ким,")
    assert read(excel).people[2].name == "Ким, Ольга"


def test_without_the_column_account_ties_are_left_alone() -> None:
    assert read(GOOD).ties
    assert not read("personnel_number,name\n1,Омаров\n").ties


@pytest.mark.parametrize(
    ("lines", "line", "says"),
    [
        ("1,A,,,,,\n1,B,,,,,\n", 2, "personnel number, too"),
        ("1,A,9,,,,\n", 2, "manager isn't in the list"),
        ("1,A,2,,,,\n2,B,1,,,,\n", 2, "circle"),
        ("1,A,1,,,,\n", 2, "circle"),
        ("1,,,,,,\n", 2, "needs a personnel number"),
        (",A,,,,,\n", 2, "needs a personnel number"),
        ("1,A,,,,,x\n2,B,,,,,x\n", 2, "this account, too"),
        ("1,A,,u,,v,\n", 2, "parent unit isn't in the list"),
        ("1,A,,u,,v,\n,,,v,,u,\n", 2, "units go round"),
        ("1,A,,u,One,,\n2,B,,u,Two,,\n", 3, "another name or parent"),
        ("1,A,,,,\n", 2, "hasn't 7 values"),
        ("1,A,,,,,,,\n", 2, "hasn't 7 values"),
        (f"1,{'A' * 201},,,,,\n", 2, "200 letters"),
        ('1,"A,,,,,\n', 2, "quote not closed"),
        ("", 1, "nobody"),
    ],
)
def test_a_wrong_line_is_told_by_its_number(lines: str, line: int, says: str) -> None:
    found = faults(HEADER + lines)
    assert any(at == line and says in what for at, what in found), found


@pytest.mark.parametrize(
    "content",
    ["name\nA\n", "personnel_number,name,salary\n1,A,2\n", "personnel_number,name,name\n1,A,B\n"],
)
def test_the_header_must_be_known(content: str) -> None:
    ((line, what),) = faults(content)
    assert line == 1
    assert "personnel_number" in what


def test_other_encodings_are_refused_in_words() -> None:
    assert faults((HEADER + "1,Омаров,,,,,\n").encode("cp1251")) == [
        (2, "This isn't UTF-8: save the file as CSV UTF-8.")
    ]


def test_faults_never_quote_the_file() -> None:
    found = faults(HEADER + "1,Secretname,9,,,,\n1,Secretname,,u,,v,\n")
    assert "Secretname" not in str(found)


def test_a_large_company_is_checked_within_seconds() -> None:
    lines = "".join(f"{n},Person {n},{n - 1 if n else ''},,,,\n" for n in range(50_000))
    began = time.process_time()
    assert len(read(HEADER + lines).people) == 50_000
    assert time.process_time() - began < 5
