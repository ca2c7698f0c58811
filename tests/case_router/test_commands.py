"""`python -m case_router` with a command, where the database isn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from case_router import commands
from embedded import ports
from speakup.keys import KeyFolder
from tests.building import make_keys


@pytest.mark.parametrize(
    "argv", [["audit", "verify"], ["accounts", "reset", "officer"], ["people", "list.csv"]]
)
def test_a_database_that_is_away_is_said_in_words_and_is_no_verdict(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    argv: list[str],
) -> None:
    make_keys(KeyFolder(tmp_path / "var" / "keys"))
    (tmp_path / "list.csv").write_text("personnel_number,name\n1,Ospanova Aigerim\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SPEAKUP_VAR", str(tmp_path / "var"))
    nowhere = f"postgresql://speakup@127.0.0.1:{ports.free_port()}/postgres"
    monkeypatch.setenv("SPEAKUP_DATABASE_URL", nowhere)
    assert commands.run(argv) == commands.UNAVAILABLE
    said = capsys.readouterr()
    assert ("can't be reached" in said.err, said.out) == (True, "")


def test_without_a_command_it_is_the_service() -> None:
    assert commands.run([]) is None
    assert commands.run(["--help"]) is None
