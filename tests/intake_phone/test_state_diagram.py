"""The picture of a call in the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from intake_phone.dialogue import State
from intake_phone.state_diagram import PARTS, put_into

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_shows_the_table_of_today() -> None:
    text = README.read_text(encoding="utf-8")
    assert put_into(text) == text, "run: python -m intake_phone.state_diagram README.md"


def test_every_state_has_its_place_in_the_picture() -> None:
    drawn = [state for states in PARTS.values() for state in states]
    assert sorted(drawn) == sorted(set(State) - {State.start, State.ended})


def test_a_file_without_a_place_for_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        put_into("# Something else\n")
