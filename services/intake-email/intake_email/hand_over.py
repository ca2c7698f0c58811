"""Handing a mail to the company's mail server, and what its answers mean."""

from __future__ import annotations

import ssl
from contextlib import suppress
from functools import cache

import aiosmtplib

from intake_email.sending_settings import SendingSettings

ANSWER_SECONDS = 600.0


class RelayAwayError(Exception):
    """The company's mail server doesn't answer, or refuses us rather than this mail."""


class PutOffError(Exception):
    """The mail was put off (4xx)."""


class RefusedError(Exception):
    """The mail was refused for good (5xx); the text is fit for a handler and holds no address."""


async def hand_over(
    settings: SendingSettings, *, we: str, message: bytes, sender: str, recipient: str
) -> None:
    """Give the mail to the relay; `we` is the name to say EHLO by, "" as `sender` a null return path.

    Raises RelayAwayError, PutOffError, RefusedError.
    """
    password = settings.relay_password
    client = aiosmtplib.SMTP(
        hostname=settings.relay_host,
        port=settings.relay_port,
        use_tls=settings.relay_tls,
        start_tls=True if settings.relay_require_tls else None,
        tls_context=_tls(required=settings.relay_tls or settings.relay_require_tls),
        local_hostname=we,
        timeout=30,
    )
    try:
        await client.connect()
        if settings.relay_username and password:
            await client.login(settings.relay_username, password.get_secret_value())
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        client.close()
        raise RelayAwayError from error
    try:
        # RFC 5321, 4.5.3.2.6: the answer to the mail may take ten minutes.
        await client.sendmail(sender, [recipient], message, timeout=ANSWER_SECONDS)
    except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
        raise _meaning(error) from None
    except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
        # It may have been taken: that counts as a try, with back-off.
        raise PutOffError from error
    finally:
        with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
            await client.quit()


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


@cache
def _tls(*, required: bool) -> ssl.SSLContext:
    # Kept: reading the certificates of all authorities takes longer than sending a mail.
    context = ssl.create_default_context()
    if not required:
        # Opportunistic TLS (RFC 7435): better than none, and a wrong certificate is no reason for none.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
