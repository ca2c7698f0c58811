"""Real mails are what a person who looked at each says that they are (`told_apart.tsv`)."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.intake_email.told_apart import mails, taken_for

JUDGED = Path(__file__).with_name("told_apart.tsv")


def test_the_mails_that_were_looked_at_are_told_apart(corpora: Path) -> None:
    with JUDGED.open(encoding="utf-8") as lines:
        judged = {row["file"]: row["judged"] for row in csv.DictReader(lines, delimiter="\t")}
    assert len(judged) >= 100
    found = {name: taken_for((corpora / "emails" / name).read_bytes()) for name in judged}
    assert found == judged


def test_no_persons_mail_of_the_help_desks_is_taken_for_a_machines(corpora: Path) -> None:
    machines = {
        path.name
        for folder in ("freescout", "otobo", "simplelogin")
        for path in mails(corpora / "emails" / folder)
        if taken_for(path.read_bytes()) != "submission"
    }
    # A bounce, two complaints, and a person's mail that came by way of a Google group.
    assert machines == {
        "PostMaster-Test10.box",
        "hotmail_complaint.eml",
        "yahoo_complaint.eml",
        "UTF8Filename.box",
    }
