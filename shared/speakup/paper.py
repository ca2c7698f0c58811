"""Pages to print, by typst: the same on every machine, with nothing of the machine in them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from types import MappingProxyType

import zxingcpp

SERIF = "Libertinus Serif"
MONOSPACE = "DejaVu Sans Mono"
"""Both come with typst and have Kazakh letters."""

LONGEST_WORD = 40
"""In letters of a letter's text: more may not fit on a line."""

SECONDS = 120.0
"""For a document; 2,000 lines of the register take three."""

# A date in the file would tell when it was printed.
_NO_DATE = "#set document(date: none)\n"


class PaperError(Exception):
    """The template is wrong, or typst took too long; says no word of what was to be printed."""


def compile(
    template: str,
    inputs: Mapping[str, str],
    files: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """A tagged PDF without a date. Takes 0.1 s and 10 ms a page, in a process of its own: call it off the event loop.

    What people write comes in by `inputs` (`sys.inputs`), as strings: none of it is ever read as markup, as the
    template would be. `files` are what the template names, pictures for example. Raises PaperError.
    """
    job = {
        "template": _NO_DATE + template,
        "inputs": dict(inputs),
        "files": {name: base64.b64encode(file).decode() for name, file in files.items()},
    }
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "speakup.typeset"],
            input=json.dumps(job).encode(),
            stdout=subprocess.PIPE,
            # Its words could be a reporter's.
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.defpath},
            timeout=SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError:
        raise PaperError("failed") from None
    except subprocess.TimeoutExpired:
        raise PaperError("timeout") from None
    return done.stdout


def qr_svg(text: str) -> bytes:
    """A QR code that can be read with a quarter of it gone (level Q, ISO/IEC 18004), with its quiet zone."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="Q")
    return zxingcpp.write_barcode_to_svg(code).encode()


def breakable(text: str, length: int) -> str:
    """The text, in which words of more than `length` signs may break anywhere: they would leave the page."""
    return re.sub(rf"\S{{{length + 1},}}", lambda word: "\u200b".join(word[0]), text)
