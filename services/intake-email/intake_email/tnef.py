"""What Outlook packs into `winmail.dat`: files and text (MS-OXTNEF, MS-OXCDATA 2.11).

Every length is checked against what is there; what is cut short ends the reading, and what was read before stays.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

SIGNATURE = b"\x78\x9f\x3e\x22"
FILES = 100
_ATTRIBUTES = 10_000
_PROPERTIES = 10_000

_RENDER_DATA, _ATTACH_DATA, _ATTACH_TITLE, _ATTACHMENT = 0x9002, 0x800F, 0x8010, 0x9005
_BODY, _PROPS, _CODEPAGE = 0x800C, 0x9003, 0x9007
_MULTIPLE, _STRING8, _UNICODE, _BINARY, _OBJECT = 0x1000, 0x1E, 0x1F, 0x102, 0x0D
_SIZES = {0x0001: 0, 0x0002: 4, 0x000B: 4, 0x0048: 16} | dict.fromkeys(
    (0x0005, 0x0006, 0x0007, 0x0014, 0x0040), 8
)
_LONG_NAME, _SHORT_NAME, _KIND, _DATA = 0x3707, 0x3704, 0x370E, 0x3701
_TEXT, _HTML, _RTF = 0x1000, 0x1013, 0x1009


@dataclass(slots=True)
class Packed:
    """A file."""

    name: str = ""
    kind: str = ""
    """As said there, or ""."""
    content: bytes = b""


@dataclass(slots=True)
class Tnef:
    """The readable contents of a winmail.dat."""

    text: str = ""
    html: bytes = b""
    rtf: bytes = b""
    """Compressed (MS-OXRTFCP)."""
    files: list[Packed] = field(default_factory=list)


def unpack(raw: bytes) -> Tnef | None:
    """None where it is no TNEF. Never fails."""
    if not raw.startswith(SIGNATURE):
        return None
    read = Tnef()
    codec = "cp1251"
    with suppress(struct.error):
        for name, value in _attributes(raw):
            if name == _CODEPAGE:
                codec = _codec(value, codec)
            elif name in (_BODY, _PROPS):
                _message(read, name, value, codec)
            elif name == _RENDER_DATA:
                if len(read.files) >= FILES:
                    break
                read.files.append(Packed())
            elif read.files:
                _file(read.files[-1], name, value, codec)
    read.files = [packed for packed in read.files if packed.content]
    return read


def _codec(value: bytes, otherwise: str) -> str:
    with suppress(LookupError, struct.error):
        return codecs.lookup(f"cp{struct.unpack_from('<I', value)[0]}").name
    return otherwise


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    position = 6
    for _ in range(_ATTRIBUTES):
        if position + 9 > len(raw):
            return
        name, _kind, size = struct.unpack_from("<HHI", raw, position + 1)
        position += 9
        if position + size > len(raw):
            return
        yield name, raw[position : position + size]
        position += size + 2


def _message(read: Tnef, attribute: int, value: bytes, codec: str) -> None:
    if attribute == _BODY:
        read.text = value.rstrip(b"\0").decode(codec, "replace")
        return
    with suppress(struct.error):
        for name, _, found in _properties(value, codec):
            if name == _TEXT and isinstance(found, str):
                read.text = found
            elif name == _HTML and isinstance(found, bytes):
                read.html = found
            elif name == _RTF and isinstance(found, bytes):
                read.rtf = found


def _file(packed: Packed, name: int, value: bytes, codec: str) -> None:
    if name == _ATTACH_DATA:
        packed.content = value
    elif name == _ATTACH_TITLE:
        packed.name = packed.name or value.rstrip(b"\0").decode(codec, "replace")
    elif name == _ATTACHMENT:
        with suppress(struct.error):
            for prop, kind, found in _properties(value, codec):
                _file_property(packed, prop, kind, found)


def _file_property(packed: Packed, prop: int, kind: int, found: str | bytes) -> None:
    if isinstance(found, bytes):
        if prop == _DATA and not packed.content:
            # An object begins with the id of its interface.
            packed.content = found[16:] if kind == _OBJECT else found
    elif prop == _LONG_NAME or (prop == _SHORT_NAME and not packed.name):
        packed.name = found
    elif prop == _KIND:
        packed.kind = found.lower()


def _properties(raw: bytes, codec: str) -> Iterator[tuple[int, int, str | bytes]]:
    """Id, type and value of those that are strings or bytes. Raises struct.error at the end of a cut one."""
    (count,) = struct.unpack_from("<I", raw)
    position = 4
    for _ in range(min(count, _PROPERTIES)):
        kind, name = struct.unpack_from("<HH", raw, position)
        position += 4
        if name >= 0x8000:
            position = _past_name(raw, position)
        values, is_multiple = 1, bool(kind & _MULTIPLE)
        kind &= ~_MULTIPLE
        if is_multiple or kind in (_STRING8, _UNICODE, _BINARY, _OBJECT):
            (values,) = struct.unpack_from("<I", raw, position)
            position += 4
        if kind not in (_STRING8, _UNICODE, _BINARY, _OBJECT):
            position += _SIZES.get(kind, 4) * values
            continue
        for _ in range(min(values, _PROPERTIES)):
            (size,) = struct.unpack_from("<I", raw, position)
            position += 4
            if position + size > len(raw):
                return
            yield name, kind, _value(raw[position : position + size], kind, codec)
            position += -(-size // 4) * 4


def _past_name(raw: bytes, position: int) -> int:
    (named,) = struct.unpack_from("<I", raw, position + 16)
    (size,) = struct.unpack_from("<I", raw, position + 20)
    return position + 24 + (-(-size // 4) * 4 if named else 0)


def _value(value: bytes, kind: int, codec: str) -> str | bytes:
    if kind == _UNICODE:
        return value.decode("utf-16-le", "replace").rstrip("\0")
    if kind == _STRING8:
        return value.decode(codec, "replace").rstrip("\0")
    return value
