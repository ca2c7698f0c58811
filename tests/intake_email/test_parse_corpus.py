"""Real mails are read right: all of them without failing, some of them to the letter."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from intake_email.parse import Mail, parse, split

UNPARSEABLE: frozenset[str] = frozenset()
"""Known ones; none today."""


class Read(NamedTuple):
    subject: str
    text: str
    """How it begins."""
    files: tuple[str, ...] = ()
    address: str = ""
    language: str | None = "en"
    answerable: bool = True


EXPECTED = {
    "freescout/message-2.eml": Read(
        "Test bad boundary", "This message may contain", ("file.pdf",), "test@mail.com"
    ),
    "freescout/message-4-null-bytes.eml": Read(
        "активизация виндойс",
        "Уважаемые системные администраторы, виндос просит",
        ("image001.png",),
        "a.volga@nami-ag.ru",
        "ru",
    ),
    "freescout/message-5-iso-2022-jp.eml": Read(
        "ご注文商品を本日お届けします",
        "※ アマゾン 配送部",
        (),
        "noreply@example.org",
        None,
        answerable=False,
    ),
    "otobo/Disposition1.box": Read(
        "Testing Attachment Diposition",
        "This is an inline image",
        ("ceeibejd.png", "ui-toolbar.png", "testing.pdf"),
        "darth.vader@emprire.gob",
    ),
    "otobo/FilenameWithCRLF.box": Read(
        "Delivery Status",
        "",
        ("deliveryproblems.txt", "deliverystatus.txt", "attachment-3.eml"),
        "dev@mydomain.somewhere",
        answerable=False,
    ),
    "otobo/MultipartMixedHTMLPlain.eml": Read(
        "Fwd: test message (ignore)",
        "Hi,\n\nThis mail is composed in html format.\n\nCheers,\nErik\n\nHello,\n\nThis is the fo",
        (),
        "erik.thijs@khk.be",
    ),
    "otobo/NestedMessage-Test1.box": Read(
        "Test ticket w/attachment for bug 1970",
        "When sending an email attachment of type *.msg",
        ("attachment-1.eml",),
        "michiel.beijen@otobo.org",
    ),
    "otobo/PostMaster-Test3.box": Read(
        "UTF-8 Test äöü 顧客コンタクト管理",
        "UTF-8 Test äöü 顧客コンタクト管理",
        ("utf-8-file-äöüß-カスタマ.txt",),
        "skywalker@otobo.org",
        None,
    ),
    "otobo/PostMaster-Test4.box": Read(
        'utf8: 使って / ISO-8859-1: Priorität" / cp-1251: Сергей Углицких',
        "this is a test\n\nCompare Cable, DSL or Satellite plans: As low as $2.95. (http://localhost",
        (),
        "me@bogen.net",
    ),
    "otobo/PostMaster-Test7.box": Read(
        "The Testmail in ISO ÜÄÖ",
        "Hallöle,\n\nNücht mal vor Anhängen machen Umlaute halt:\näöüÄÖÜ",
        (
            "test-attachment-äöüß.pdf",
            "test-attachment-äöüß-utf-8.txt",
            "test-attachment-äöüß-iso-8859-1.txt",
        ),
        "R2.D2@otobo.org",
        None,
    ),
    "otobo/PostMaster-Test13.box": Read(
        "Заявка на генерацию 402 240108 (3)",
        "",
        ("Заявка на генерацию 402 240108 (3).doc",),
        "MakarenkoAA@example.com",
        "ru",
    ),
    "otobo/PostMaster-Test10.box": Read(
        "Undelivered Mail Returned to Sender",
        "This is the Postfix program at host mail.otobo.org.",
        ("attachment-1.txt", "attachment-2.eml"),
        "MAILER-DAEMON@mail.otobo.org",
        answerable=False,
    ),
    "otobo/UTF-7.box": Read(
        "Microsoft Forefront Protection for SharePoint successfully updated the Command scan engine"
        " on server XXX",
        "Microsoft Forefront Protection performed a successful scan engine update.",
        answerable=False,
    ),
    "otobo/UTF8Filename.box": Read(
        "---OBSCURED---M",
        "Buenas noches,",
        ("Documentación.pdf",),
        "---OBSCURED---@gmail.com",
        # Wrong, and two words are too few to know.
        "ru",
        answerable=False,
    ),
    "otobo/Win7SnippingTool.box": Read(
        "Vom Snipping Tool gesendet",
        "[cid:image001.png@01CCD5EE.430AB650]",
        ("image001.png",),
        "tom.ryan@company123.com",
        None,
    ),
    "otobo/test-email-10-ks_c_5601-1987.box": Read(
        "Greek Test", "Greek: Φ Ψ Ω β γ δ ε", (), "xyz@example.com", None
    ),
    "simplelogin/bad_base64format.eml": Read(
        "Re: test ooo", "adsfasdf", (), "leodd.vqn77@premium.sldev.ovh"
    ),
    "simplelogin/multi_reply_to.eml": Read(
        "test Thu, 17 Mar 2022 16:50:18 +0000", "This is a test mailing", (), "a1@mailcstest.com"
    ),
    "simplelogin/multipart_alternative.eml": Read(
        "My subject", "This is HTML", (), "foo@example.org"
    ),
    "sisimai/maildir__bsd__lhost-mailru-03.eml": Read(
        "Ваше сообщение не доставлено. Mail failure.",
        "Это письмо создано автоматически сервером Mail.Ru, отвечать на него не нужно.",
        (),
        "mailer-daemon@corp.mail.ru",
        "ru",
        answerable=False,
    ),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_mail_is_read(corpora: Path, name: str) -> None:
    read = parse((corpora / "emails" / name).read_bytes(), "sender@example.com")
    expected = EXPECTED[name]
    assert _seen(read, len(expected.text)) == expected


def _seen(mail: Mail, length: int) -> Read:
    return Read(
        mail.subject,
        mail.text[:length],
        tuple(file.name for file in mail.files),
        mail.address,
        mail.language,
        mail.answerable,
    )


def test_every_real_mail_is_read(corpora: Path) -> None:
    failed = set()
    count = 0
    for path in sorted((corpora / "emails").rglob("*")):
        if path.suffix not in (".eml", ".box"):
            continue
        raw = path.read_bytes()
        assert b"".join(split(raw)) == raw
        count += 1
        try:
            read = parse(raw, "sender@example.com")
        except Exception:
            failed.add(path.name)
        else:
            assert read.text or read.files or not split(raw)[1].strip(), path.name
    assert count > 900
    assert failed == UNPARSEABLE


def test_hardly_a_bounce_or_autoreply_is_answered(corpora: Path) -> None:
    answered = [
        path.name
        for path in sorted((corpora / "emails" / "sisimai").glob("*.eml"))
        if parse(path.read_bytes(), "sender@example.com").answerable
    ]
    # People who forward a bounce, complaints from mail providers, two mailing lists' programs.
    assert len(answered) <= 10
