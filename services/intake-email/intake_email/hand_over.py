"""Handing a mail to the company's mail server, and what its answers mean."""

from __future__ import annotations

import time
from contextlib import suppress

import aiosmtplib

from intake_email.sending_settings import SendingSettings
from speakup.smtp_tls import tls_context

ANSWER_SECONDS = 600.0
QUIT_SECONDS = 5.0

HELD_SECONDS = 5.0
"""For which a connection waits for another mail: a relay gives each of its clients a few places only."""


class RelayAwayError(Exception):
    """The company's mail server doesn't answer, or refuses us rather than this mail."""


class PutOffError(Exception):
    """The mail was put off (4xx)."""


class RefusedError(Exception):
    """The mail was refused for good (5xx); the text is fit for a handler and holds no address."""


class Connection:
    """To the relay; held for the mails that follow soon. One mail at a time."""

    def __init__(self, settings: SendingSettings) -> None:
        self._settings = settings
        self._client: aiosmtplib.SMTP | None = None
        self._used = 0.0

    async def hand_over(self, *, we: str, message: bytes, sender: str, recipient: str) -> None:
        """Give the mail to the relay; `we` is the name to say EHLO by, "" as `sender` a null return path.

        Raises RelayAwayError, PutOffError, RefusedError.
        """
        client = await self._ready(we)
        try:
            # RFC 5321, 4.5.3.2.6: the answer to the mail may take ten minutes.
            await client.sendmail(sender, [recipient], message, timeout=ANSWER_SECONDS)
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            raise _meaning(error) from None
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            # It may have been taken: that counts as a try, with back-off.
            await self.close()
            raise PutOffError from error
        except BaseException:
            await self.close()
            raise
        self._used = time.monotonic()

    async def close_unused(self) -> None:
        """Say good-bye where no mail has followed for a while."""
        if self._client is not None and time.monotonic() - self._used > HELD_SECONDS:
            await self.close()

    async def close(self) -> None:
        """Say good-bye."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await client.quit(timeout=QUIT_SECONDS)
            client.close()

    async def _ready(self, we: str) -> aiosmtplib.SMTP:
        """The held connection where the relay still answers by it for the same name, else another one."""
        held = self._client
        if held is not None and held.local_hostname == we:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await held.rset()
                return held
        await self.close()
        self._client = client = self._new(we)
        try:
            await client.connect()
            password = self._settings.relay_password
            if self._settings.relay_username and password:
                await client.login(self._settings.relay_username, password.get_secret_value())
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            self._client = None
            client.close()
            raise RelayAwayError from error
        return client

    def _new(self, we: str) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.relay_host,
            port=settings.relay_port,
            use_tls=settings.relay_tls,
            start_tls=True if settings.relay_require_tls else None,
            tls_context=tls_context(required=settings.relay_tls or settings.relay_require_tls),
            local_hostname=we,
            timeout=30,
        )


def _meaning(
    error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPResponseException,
) -> Exception:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        code = error.recipients[0].code
    else:
        code = error.code
    if isinstance(error, aiosmtplib.SMTPSenderRefused | aiosmtplib.SMTPHeloError):
        # It is us that the relay won't have, not this mail: a setting is wrong, and can be mended.
        return RelayAwayError()
    if code < 500:
        return PutOffError()
    # The server's own words may quote the address; its code says enough.
    return RefusedError(f"The mail was refused for good (SMTP reply {code}).")
