"""`python -m tests.intake_email.told_apart [--each]`: what every mail of the corpora is taken for, counted."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from intake_email.headers import fields_of, first, split
from intake_email.parse import parse
from tests.conftest import CORPORA


def taken_for(raw: bytes) -> str:
    """`submission`, or the value of `Automatic`. The envelope is what Return-Path says."""
    returned = first(fields_of(split(raw)[0]), "return-path")
    envelope = returned.strip("<> ") if returned else "sender@example.com"
    return parse(raw, envelope).traits.automatic or "submission"


def mails(folder: Path) -> list[Path]:
    """All mails of the corpora."""
    return [p for p in sorted(folder.rglob("*")) if p.suffix in (".eml", ".box")]


def main() -> None:
    """Print a table: folder, what it is taken for, how many; with `--each` every mail."""
    folder = CORPORA / "emails"
    counts: Counter[tuple[str, str]] = Counter()
    for path in mails(folder):
        found = taken_for(path.read_bytes())
        counts[path.parent.name, found] += 1
        if "--each" in sys.argv:
            sys.stdout.write(f"{found}\t{path.relative_to(folder)}\n")
    for (name, found), count in sorted(counts.items()):
        sys.stdout.write(f"{name:12} {found:14} {count:4}\n")


if __name__ == "__main__":
    main()
