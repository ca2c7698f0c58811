"""`make demo`: real mails, calls and letters through a running system, what became of them, and where to look."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import httpx
from aiosmtpd.controller import Controller

from embedded import (
    accounts,
    demo_calls,
    demo_history,
    demo_letters,
    practice_credentials,
    where,
)
from embedded.practice_caller import LineError
from embedded.practice_line import Line
from embedded.screen import say
from embedded.settings import Settings, with_ports
from intake_email.sending_settings import SendingSettings
from intake_email.settings import Settings as EmailSettings

SAMPLES = (
    (
        "kk",
        "Отын",
        "Біздің цех бастығы дизель отынын ұрлап сатып жүр, кеше түнде екі бөшке әкетті.",
    ),
    ("kk", "Сұрақ", "Қонаққа келген серіктеске сыйлық беруге бола ма, шегі қанша?"),
    (
        "ru",
        "Закупки",
        "В нашем отделе тендер третий раз отдают фирме брата начальника, цены выше рынка.",
    ),
    ("ru", "Вопрос", "Подскажите, нужно ли декларировать, что моя жена работает у контрагента?"),
    ("en", "Safety", "Our shift signs the safety briefing for people who were never there."),
    ("en", "Question", "May I accept an invitation to a conference paid by a supplier?"),
)

WAIT_SECONDS = 60


class DemoError(Exception):
    """The demonstration can't go on; the text says what to do."""


class _Mailbox:
    """Stands in for the company's mail server: counts what is sent to the demonstration's senders."""

    def __init__(self) -> None:
        self.arrived: list[str] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        self.arrived.append(envelope.rcpt_tos[0])
        return "250 OK"


async def demonstrate(settings: Settings) -> None:
    """Send the samples and follow them. Raises DemoError."""
    url = f"http://127.0.0.1:{settings.port}"
    email = EmailSettings(smtp_port=settings.smtp_port)
    run = secrets.token_hex(3)
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        token = await _token(client, settings, "officer")
        client.headers["Authorization"] = f"Bearer {token}"
        before = {case["case_number"] for case in await _cases(client)}
        with _mailbox(SendingSettings().relay_port) as mailbox:
            for place, (language, subject, text) in enumerate(SAMPLES):
                sender = f"reporter-{run}-{place}@example.kz"
                await _send(email, sender, subject, text)
                say(f"  mail in {language}: {text[:60]}…  accepted")
            say("Waiting for the cases and their acknowledgements …")
            cases = await _classified(client, before)
            for case in cases:
                triage = ", a person should look" if case["needs_triage"] else ""
                say(f"  case {case['case_number']}  {case['language']}  {case['kind']}{triage}")
            await _until(lambda: sum(run in address for address in mailbox.arrived) >= len(SAMPLES))
            say(f"  {len(SAMPLES)} acknowledgements with case number and PIN went out by mail")
        await _phone(client, settings, url)
        await _letters(client, settings, url)
        say("The year before:")
        # Access tokens are short-lived.
        client.headers["Authorization"] = f"Bearer {await _token(client, settings, 'officer')}"
        try:
            await demo_history.add_history(client)
        except demo_history.HistoryError as error:
            raise DemoError(f"The year before: {error}") from None
    say(
        f"Look at {url}/cases (sign in as officer), {url}/mailroom (as mailroom), {url}/reports (as auditor) "
        f"and {url}/docs (the API)."
    )


async def _phone(client: httpx.AsyncClient, settings: Settings, url: str) -> None:
    """Call by the practice line and follow what becomes of it. Raises DemoError."""
    if settings.has_line:
        say(
            "A Twilio account is set: call its number yourself; the practice line is for those without."
        )
        return
    if (await client.post("/phone/voice")).status_code == 404:
        say("The phone is not connected yet: it comes with its own release.")
        return
    public = settings.public_url.rstrip("/") if "public_url" in settings.model_fields_set else url
    before = {case["case_number"] for case in await _cases(client)}
    try:
        credentials = practice_credentials.read(_place(settings).var)
        async with Line(
            credentials,
            f"{public}/phone/voice",
            status_url=f"{public}/phone/status",
            words=demo_calls.words_of,
            instead=(public, url),
        ) as line:
            await demo_calls.make_calls(line)
            say("Waiting until the recordings are fetched from the line and deleted there …")
            await _until(lambda: not line.recordings)
    except (LineError, LookupError, AssertionError) as error:
        raise DemoError(f"The phone: {error}") from None
    except OSError:
        raise DemoError(
            f"Port {credentials.port} is taken; the practice line keeps its recordings there. "
            "Does another demo run?"
        ) from None
    for case in await _cases(client):
        if case["case_number"] not in before:
            listen = "" if case["kind"] else ", to be listened to"
            say(f"  case {case['case_number']}  {case['language']}  by phone{listen}")


async def _letters(client: httpx.AsyncClient, settings: Settings, url: str) -> None:
    """Post letters and follow them to their cases. Raises DemoError."""
    before = {case["case_number"] for case in await _cases(client)}
    async with httpx.AsyncClient(base_url=url, timeout=60) as desk:
        token = await _token(desk, settings, "mailroom")
        desk.headers["Authorization"] = f"Bearer {token}"
        say("Letters come to the mailroom's desk:")
        try:
            await demo_letters.post_letters(desk)
        except demo_letters.LettersError as error:
            raise DemoError(f"Letters: {error}") from None
    for case in await _cases(client):
        if case["case_number"] not in before:
            say(f"  case {case['case_number']}  by post")


def _place(settings: Settings) -> where.Place:
    return where.choose(settings.var, given=settings.has_var, account=accounts.server_account())


async def _token(client: httpx.AsyncClient, settings: Settings, account: str) -> str:
    try:
        lines = (_place(settings).var / "first-accounts.txt").read_text().splitlines()
        password = dict(line.split(" ", 1) for line in lines if line)[account]
        answer = await client.post(
            "/api/v1/token",
            data={"grant_type": "password", "username": account, "password": password},
        )
    except (OSError, KeyError, httpx.TransportError):
        raise DemoError(
            "Nothing runs here yet: start it with `make run` in another window."
        ) from None
    if answer.status_code != 200:
        raise DemoError(f"The first password of `{account}` is no longer valid; the demo needs it.")
    token: str = answer.json()["access_token"]
    return token


async def _send(email: EmailSettings, sender: str, subject: str, text: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, email.email_address, subject
    message["Message-ID"] = f"<{secrets.token_hex(8)}@example.kz>"
    message.set_content(text)
    await aiosmtplib.send(
        message, hostname="127.0.0.1", port=email.smtp_port, start_tls=False, timeout=30
    )


async def _cases(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/cases", params={"limit": 100})
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def _classified(client: httpx.AsyncClient, before: set[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        found[:] = [case for case in await _cases(client) if case["case_number"] not in before]
        return len(found) >= len(SAMPLES) and all(case["kind"] for case in found)

    await _until(there)
    return found


async def _until(look: Any) -> None:
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                found = look()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise DemoError("It takes longer than it should: see var/log/services.log.") from None


@contextlib.contextmanager
def _mailbox(port: int) -> Iterator[_Mailbox]:
    mailbox = _Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    try:
        controller.start()
    except OSError:
        raise DemoError(
            f"Port {port} is taken; the demo listens there in place of the company's mail server. "
            "Set SPEAKUP_RELAY_PORT for both, `make run` and `make demo`."
        ) from None
    try:
        yield mailbox
    finally:
        controller.stop()


def main() -> int:
    """The exit status."""
    try:
        asyncio.run(demonstrate(with_ports(Settings())))
    except (DemoError, LookupError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
