"""The connection to the relay: held for the mails that follow, made again where the relay has closed it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from embedded import ports
from intake_email import hand_over
from intake_email.hand_over import Connection, RefusedError, RelayAwayError
from intake_email.sending_settings import SendingSettings
from tests.mailbox import open_mailbox

MAIL = b"Subject: x\r\n\r\nwords\r\n"


@pytest.fixture
async def connection() -> AsyncIterator[Connection]:
    opened = Connection(SendingSettings(relay_host="127.0.0.1", relay_port=ports.free_port()))
    yield opened
    await opened.close()


async def send(connection: Connection, we: str = "example.kz") -> None:
    await connection.hand_over(
        we=we, message=MAIL, sender="speakup@example.kz", recipient="asel@example.kz"
    )


def port_of(connection: Connection) -> int:
    return connection._settings.relay_port


async def test_mails_that_follow_each_other_go_over_one_connection(connection: Connection) -> None:
    with open_mailbox(port_of(connection)) as mailbox:
        for _ in range(3):
            await send(connection)
    assert len(mailbox.mails) == 3
    assert len(set(mailbox.peers)) == 1


async def test_a_relay_that_was_started_anew_gets_the_next_mail_once(
    connection: Connection,
) -> None:
    for _ in range(2):
        with open_mailbox(port_of(connection)) as mailbox:
            await send(connection)
        assert len(mailbox.mails) == 1


async def test_a_refused_mail_leaves_the_connection_fit_for_the_next(
    connection: Connection,
) -> None:
    with open_mailbox(port_of(connection)) as mailbox:
        mailbox.answers.append("554 no")
        with pytest.raises(RefusedError):
            await send(connection)
        await send(connection)
    assert len(mailbox.mails) == 1


async def test_a_neutral_mail_is_not_said_hello_for_under_the_hotlines_name(
    connection: Connection,
) -> None:
    with open_mailbox(port_of(connection)) as mailbox:
        await send(connection)
        await send(connection, we="other.kz")
    assert mailbox.greetings == ["example.kz", "other.kz"]


async def test_a_relay_that_is_away_is_told_apart_from_a_refused_mail(
    connection: Connection,
) -> None:
    with pytest.raises(RelayAwayError):
        await send(connection)


async def test_an_unused_connection_is_given_back(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_mailbox(port_of(connection)) as mailbox:
        await send(connection)
        await connection.close_unused()
        await send(connection)
        monkeypatch.setattr(hand_over, "HELD_SECONDS", -1.0)
        await connection.close_unused()
        await send(connection)
    first, second, third = mailbox.peers
    assert first == second != third
