"""Letters as pictures: typed in a font, and then scanned well or badly."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from speakup.events import Language

FONTS = {
    "Noto Serif": Path("/usr/share/fonts/truetype/noto/NotoSerif-Regular.ttf"),
    "DejaVu Sans": Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"),
}
"""Debian's fonts-noto-core and fonts-dejavu-core: both have the Kazakh letters."""
POINTS = 12
LETTERS = {
    Language.kk: (
        "Құрметті комиссия мүшелері! Біздің учаске бастығы қыркүйек айынан бері жанар-жағармайды "
        "түнде ұрлап, бөгде жүк көліктеріне құйып жатыр. Мұны көрген үш жұмысшы бар, олар "
        "қорыққаннан үндемейді. Әр ауысымда шамамен екі жүз литр жоғалады, ал есеп кітабына "
        "өтірік сан жазылады. Маған қысым көрсетіліп, ізденуіме тыйым салынды. Өтінемін, тексеріс "
        "жүргізіп, жауабын осы мекенжайға хатпен жіберіңіздер. Һәм аты-жөнімді ешкімге айтпаңыздар."
    ),
    Language.ru: (
        "Уважаемая комиссия! Прошу проверить, как в нашем цехе проводится закупка запасных "
        "частей. Уже третий раз подряд тендер выигрывает фирма, которую открыл брат начальника "
        "отдела снабжения. Цены выше рыночных почти вдвое, а детали приходят бывшими в "
        "употреблении. Съёмка склада и копии накладных приложены. Я объяснял это директору в июне 2024 года, но "
        "ответа не получил. Прошу сохранить моё имя в тайне и ответить письмом."
    ),
    Language.en: (
        "Dear members of the committee, I am writing because people in our workshop sign the journal for safety "
        "briefings that were never held. On 14 March two colleagues were injured because nobody "
        "had shown them how to lock the conveyor. When the foreman was asked about it, he told us "
        "to keep quiet or look for another job. Please look into this matter and let us know by "
        "letter what becomes of it. I would prefer that my name is not passed on."
    ),
}


def letter(
    text: str,
    *,
    font: str = "DejaVu Sans",
    dpi: int = 150,
    times: int = 1,
    flush: Literal["left", "right"] = "left",
) -> tuple[Image.Image, str]:
    """An A4 page with the text, and its lines."""
    page = Image.new("L", (round(8.27 * dpi), round(11.69 * dpi)), 255)
    draw = ImageDraw.Draw(page)
    type_ = ImageFont.truetype(FONTS[font], round(POINTS * dpi / 72))
    margin = y = round(0.9 * dpi)
    step = round(POINTS * 1.5 * dpi / 72)
    said: list[str] = []
    for _ in range(times):
        for line in _lines(text.split(), type_, page.width - 2 * margin):
            x = margin if flush == "left" else page.width - margin
            draw.text((x, y), line, font=type_, fill=0, anchor="la" if flush == "left" else "ra")
            said.append(line)
            y += step
        y += step
    return page, "\n".join(said)


def _lines(words: Sequence[str], font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [words[0]]
    for word in words[1:]:
        longer = f"{lines[-1]} {word}"
        if font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def noisy(page: Image.Image, *, seed: int = 1) -> Image.Image:
    """Blurred, greyish, with specks, as by an old scanner."""
    rng = np.random.default_rng(seed)
    grey = np.asarray(page.filter(ImageFilter.GaussianBlur(0.5)), dtype=np.float32)
    grey = grey + rng.normal(-10, 18, grey.shape).astype(np.float32)
    specks = rng.random(grey.shape)
    grey[specks < 0.004] = 0
    grey[specks > 0.996] = 255
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def skewed(page: Image.Image, degrees: float) -> Image.Image:
    """Its lines fall to the right."""
    return page.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=255)


def handwritten(*, lines: int = 12, dpi: int = 150, seed: int = 1) -> Image.Image:
    """Loops of a pen that are no letters."""
    rng = np.random.default_rng(seed)
    page = Image.new("L", (round(8.27 * dpi), round(11.69 * dpi)), 255)
    draw = ImageDraw.Draw(page)
    for line in range(lines):
        t = np.linspace(0, 60, 900)
        x = dpi + t / 60 * 6 * dpi + dpi * 0.06 * np.sin(t * 3.1 + rng.random())
        wave = np.sin(t * 4.7) + 0.6 * np.sin(t * 1.9 + rng.random() * 6)
        y = dpi * (1.2 + line * 0.55) + dpi * 0.07 * wave
        draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=40, width=max(2, dpi // 60))
    return page


def png(page: Image.Image, *, dpi: int | None = None) -> bytes:
    """Its file, with a resolution or without."""
    file = io.BytesIO()
    if dpi is None:
        page.save(file, "PNG")
    else:
        page.save(file, "PNG", dpi=(dpi, dpi))
    return file.getvalue()


def character_error(expected: str, read: str) -> float:
    """Letters to insert, leave out or replace, at least, of those expected; how lines break is no matter."""
    wanted, found = " ".join(expected.split()), " ".join(read.split())
    row = list(range(len(found) + 1))
    for i, letter_ in enumerate(wanted, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(found, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter_ != other))
    return row[-1] / len(wanted)
