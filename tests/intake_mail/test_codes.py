"""QR codes are found on pages however they lie; nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageFilter

from intake_mail import codes
from tests.intake_mail.rendered import noisy, skewed
from tests.intake_mail.scans import qr

TEXT = "SPEAKUP-SEPARATOR-1"


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_code_is_found_whichever_way_up_the_page_lies(degrees: int) -> None:
    assert codes.find(qr(TEXT).rotate(degrees, expand=True)) == (TEXT,)


def test_a_code_on_a_noisy_and_skewed_page_at_150_dpi_is_found() -> None:
    assert codes.find(noisy(skewed(qr(TEXT), 5).rotate(180))) == (TEXT,)


def test_a_code_is_found_on_a_page_at_600_dpi() -> None:
    assert codes.find(qr(TEXT, dpi=600)) == (TEXT,)


def test_codes_are_told_from_the_top_of_the_page_downwards_each_once() -> None:
    page = qr("first")
    for place, text in ((600, "second"), (1100, "first")):
        page.paste(qr(text).crop((100, 100, 400, 400)), (500, place))
    assert codes.find(page) == ("first", "second")


def test_a_text_longer_than_any_of_ours_is_dropped() -> None:
    assert codes.find(qr("A" * 200, millimetres=60)) == ("A" * 200,)
    assert codes.find(qr("A" * 201, millimetres=60)) == ()


def test_bars_and_other_kinds_of_codes_are_no_qr_codes() -> None:
    code = zxingcpp.create_barcode(TEXT, zxingcpp.BarcodeFormat.Code128)
    assert codes.find(Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=4))) == ()


def test_what_zxing_misses_zbar_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    if codes.notice():
        pytest.skip(str(codes.notice()))
    monkeypatch.setattr(codes, "_by_zxing", lambda _: [])
    assert codes.find(qr(TEXT).filter(ImageFilter.GaussianBlur(1))) == (TEXT,)


def test_without_zbar_codes_are_found_and_readiness_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(codes, "zbar", None)
    assert codes.find(qr(TEXT)) == (TEXT,)
    assert codes.find(Image.new("L", (100, 100), 255)) == ()
    assert "libzbar0" in str(codes.notice())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("barcode-qr-asn-000123-upscale-dpi.pdf", [("ASN 000123",)]),
        ("barcode-qr-custom.pdf", [("CUSTOM BARCODE",)]),
        ("patch-code-t-qr.pdf", [("PATCHT",)]),
        ("many-qr-codes.pdf", [(), ("ADAR-NEXTDOC",), ()]),
    ],
)
def test_codes_of_real_scans_are_found(
    corpora: Path, name: str, said: list[tuple[str, ...]]
) -> None:
    document = pypdfium2.PdfDocument((corpora / "scans" / "barcodes" / name).read_bytes())
    try:
        found = [codes.find(page.render(scale=300 / 72).to_pil()) for page in document]
    finally:
        document.close()
    assert found == said
