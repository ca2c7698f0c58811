"""The mail itself in a dialogue by SMTP (RFC 5321, 4.5.2): what comes between DATA and the lone dot.

aiosmtpd keeps an object and takes a turn for each line: 2.5 million lines were 500 MB and a standstill of seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_BREAK, _END = b"\r\n", b"\r\n.\r\n"
_BEGUN = tuple(_END[:count] for count in range(1, len(_END)))
"""How the end begins."""


async def read_data(
    reader: asyncio.StreamReader, limit: int, on_more: Callable[[], None]
) -> bytes | None:
    """The mail without the dots that were doubled; None where it has more bytes than `limit`.

    Only CR LF . CR LF ends it: a lone LF or CR around the dot is part of the mail, whatever other servers
    make of it (SMTP smuggling). `on_more` is called as it grows. Raises IncompleteReadError.
    """
    # As if a line had ended before the first one.
    content, too_much = bytearray(_BREAK), False
    while not content.endswith(_END):
        content += await _more(reader, byte_by_byte=content.endswith(_BEGUN))
        if len(content) - len(_END) > limit:
            too_much = True
            del content[: -len(_END)]
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


async def _more(reader: asyncio.StreamReader, *, byte_by_byte: bool) -> bytes:
    """Up to the end, or as much as the reader holds; a byte where the end may have begun already."""
    if byte_by_byte:
        return await reader.readexactly(1)
    try:
        return await reader.readuntil(_END)
    except asyncio.LimitOverrunError as error:
        return await reader.readexactly(error.consumed)
