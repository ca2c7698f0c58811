"""Without an account at Twilio, `make run` has one of its own for calls on this machine."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from embedded import practice_credentials, system
from embedded.settings import Settings
from embedded.where import Place


def test_an_account_is_made_once_and_is_ours_alone(tmp_path: Path) -> None:
    made = practice_credentials.ensure(tmp_path)
    assert practice_credentials.ensure(tmp_path) == made == practice_credentials.read(tmp_path)
    assert made.account_sid.startswith("AC")
    assert len(made.account_sid) == 34
    assert stat.S_IMODE((tmp_path / "practice-line").stat().st_mode) == 0o600


def test_the_services_are_given_the_practice_line(tmp_path: Path) -> None:
    credentials = practice_credentials.ensure(tmp_path)
    given = system._environment(Settings(), Place(tmp_path, tmp_path), None, None)
    assert given["SPEAKUP_TWILIO_ACCOUNT_SID"] == credentials.account_sid
    assert given["SPEAKUP_TWILIO_AUTH_TOKEN"] == credentials.auth_token
    assert given["SPEAKUP_TWILIO_API_BASE"] == f"http://127.0.0.1:{credentials.port}"


def test_a_given_account_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEAKUP_TWILIO_ACCOUNT_SID", "AC0")
    given = system._environment(Settings(), Place(tmp_path, tmp_path), None, None)
    assert given["SPEAKUP_TWILIO_ACCOUNT_SID"] == "AC0"
    assert "SPEAKUP_TWILIO_AUTH_TOKEN" not in given
