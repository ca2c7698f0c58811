"""A mailbox's settings: what would send a password in the clear, or has none, is refused at the start."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from intake_email.mailbox import Mailbox
from intake_email.settings import Settings

GOOD = {"host": "mail.example.kz", "user": "speakup@example.kz", "password": "hunter2"}


def test_mailboxes_are_a_json_list_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    other = GOOD | {"security": "starttls", "folder": "Hotline"}
    monkeypatch.setenv("SPEAKUP_IMAP_MAILBOXES", json.dumps([GOOD, other]))
    first, second = Settings().imap_mailboxes
    assert (first.tcp_port, second.tcp_port) == (993, 143)
    assert first.key != second.key


@pytest.mark.parametrize(
    "changes",
    [
        {"security": "none"},
        {"password": None},
        {"token_file": "/run/token"},
        {"pasword_file": "/run/misspelt"},
        {"password": None, "oauth": {"token_url": "http://login.example.kz/", "client_id": "x"}},
    ],
)
def test_what_is_unsafe_or_unclear_is_refused_without_quoting_a_secret(
    changes: dict[str, object],
) -> None:
    with pytest.raises(ValidationError) as refused:
        Mailbox.model_validate(GOOD | changes)
    assert "hunter2" not in str(refused.value)


def test_in_the_clear_is_for_loopback() -> None:
    for host in ("127.0.0.1", "::1", "localhost"):
        Mailbox.model_validate(GOOD | {"host": host, "security": "none"})
