"""QR codes on a page: by ZXing-C++ (https://github.com/zxing-cpp/zxing-cpp), and by ZBar where that finds none.

Imported by limited children, which can load nothing later. ZBar is optional: Debian's libzbar0.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import zxingcpp
from PIL import Image

from intake_mail.scan_job import LONGEST_CODE, MOST_CODES

ENOUGH_PIXELS, COARSE_PIXELS = 10_000_000, 4_000_000
"""A4 at 300 dpi, and at 200 dpi for the second try: finer pages are looked at this coarse."""

_QR = zxingcpp.BarcodeFormats([zxingcpp.BarcodeFormat.QRCode])


def _zbar() -> Any | None:
    try:
        return import_module("pyzbar.pyzbar")
    except (ImportError, OSError):
        # Its library isn't on this machine.
        return None


zbar = _zbar()


def find(image: Image.Image) -> tuple[str, ...]:
    """The texts of the QR codes on it, each once: first those further up."""
    grey = image.convert("L")
    found = _by_zxing(_coarse(grey, ENOUGH_PIXELS)) or _by_zbar(_coarse(grey, COARSE_PIXELS))
    texts = dict.fromkeys(text for _, text in sorted(found) if 0 < len(text) <= LONGEST_CODE)
    return tuple(texts)[:MOST_CODES]


def _coarse(grey: Image.Image, pixels: int) -> Image.Image:
    factor = math.sqrt(pixels / (grey.width * grey.height))
    if factor >= 1:
        return grey
    size = (max(1, round(grey.width * factor)), max(1, round(grey.height * factor)))
    return grey.resize(size, Image.Resampling.BOX)


def _by_zxing(grey: Image.Image) -> list[tuple[int, str]]:
    return [
        (code.position.top_left.y, code.text)
        for code in zxingcpp.read_barcodes(grey, _QR, text_mode=zxingcpp.TextMode.Plain)
    ]


def _by_zbar(grey: Image.Image) -> list[tuple[int, str]]:
    if zbar is None:
        return []
    return [
        (code.rect.top, code.data.decode("utf-8", "replace"))
        for code in zbar.decode(grey, symbols=[zbar.ZBarSymbol.QRCODE])
    ]


def notice() -> str | None:
    """For readiness: what the machine lacks, or None."""
    if zbar is None:
        return "QR codes that are hard to read may be missed: install libzbar0"
    return None
