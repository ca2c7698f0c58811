"""The mail itself in a dialogue by SMTP (RFC 5321, 4.5.2): what comes between DATA and the lone dot.

aiosmtpd keeps an object and takes a turn for each line: 2.5 million lines were 500 MB and a standstill of seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_BREAK, _END = b"\r\n", b"\r\n.\r\n"


async def read_data(
    reader: asyncio.StreamReader, limit: int, on_more: Callable[[], None]
) -> bytes | None:
    """The mail without the dots that were doubled; None where it has more bytes than `limit`.

    Only CR LF . CR LF ends it: a lone LF or CR around the dot is part of the mail, whatever other servers
    make of it (SMTP smuggling). `on_more` is called as it grows. Raises IncompleteReadError.
    """
    # As if a line had ended before the first one. There is no public way; without it an end that begins
    # before the first byte would have to be looked for byte by byte, through megabytes of empty lines.
    reader._buffer[:0] = _BREAK  # type: ignore[attr-defined]
    content, too_much, ended = bytearray(), False, False
    while not ended:
        try:
            content += await reader.readuntil(_END)
            ended = True
        except asyncio.LimitOverrunError as error:
            # No end begins in these.
            content += await reader.readexactly(error.consumed)
        if len(content) - (len(_END) if ended else len(_BREAK)) > limit:
            too_much = True
        if too_much:
            content.clear()
        on_more()
        # Others' turn: what has come already is read without waiting.
        await asyncio.sleep(0)
    if too_much:
        return None
    # The last line's own end stays.
    del content[len(_BREAK) - len(_END) :]
    if b"\r\n." in content:
        content = content.replace(b"\r\n.", _BREAK)
    return bytes(memoryview(content)[len(_BREAK) :])
