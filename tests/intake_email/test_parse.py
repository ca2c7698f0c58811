"""A mail is read as its reader would see it."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_email.parse import File, Mail, message_id_of, parse, split


def mail(body: str | bytes = "Hello", **fields: str) -> Mail:
    """Parse a mail with these fields (`content_type="..."`)."""
    fields = {"from": "asel@example.kz"} | {k.replace("_", "-"): v for k, v in fields.items()}
    headers = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    content = body.encode() if isinstance(body, str) else body
    return parse(headers.encode() + b"\r\n" + content, "asel@example.kz")


def multipart(*parts: str, kind: str = "mixed") -> Mail:
    body = "".join(f"--x\r\n{part}\r\n" for part in parts) + "--x--\r\n"
    return mail(body, content_type=f"multipart/{kind}; boundary=x")


PLAIN = "Content-Type: text/plain; charset=utf-8\r\n\r\nПривет"
HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Привет, <b>HTML</b></p>"
PDF = 'Content-Type: application/pdf; name="a.pdf"\r\n\r\n%PDF'


# The header block


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_the_header_ends_at_the_first_blank_line(end: bytes) -> None:
    head = b"Subject: a" + end + b" folded" + end + b"To: b" + end + end
    assert split(head + b"body" + end + end) == (head, b"body" + end + end)


def test_text_without_a_header_is_body() -> None:
    assert split(b"Hello there\r\nSubject: no\r\n") == (b"", b"Hello there\r\nSubject: no\r\n")
    assert parse(b"Hello there", "a@b.kz").text == "Hello there"


def test_a_line_that_is_no_header_begins_the_body() -> None:
    assert split(b"Subject: a\r\nno header\r\n\r\nx") == (b"Subject: a\r\n", b"no header\r\n\r\nx")


def test_a_mailbox_files_first_line_is_header() -> None:
    head = b"From asel@example.kz Thu Apr 19 2009\r\nSubject: a\r\n\r\n"
    assert split(head + b"b") == (head, b"b")


@given(st.binary())
def test_splitting_loses_nothing(raw: bytes) -> None:
    headers, body = split(raw)
    assert headers + body == raw
    assert isinstance(message_id_of(headers), str)


@given(st.binary(), st.sampled_from(["text/plain", "text/html", "multipart/mixed; boundary=x"]))
def test_any_bytes_are_read(body: bytes, kind: str) -> None:
    read = mail(body, content_type=kind)
    (read.text + read.subject + "".join(f.name for f in read.files)).encode()


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"Message-ID: <1@example.kz>\r\n", "<1@example.kz>"),
        (b"Subject: x\nmessage-id:\n <1@example.kz>\n", "<1@example.kz>"),
        (b"Message-Id: 1@example.kz\r\n", "<1@example.kz>"),
        (b"Message-ID: <long\r\n er@example.kz>\r\n", "<longer@example.kz>"),
        (b"Message-ID: <\xd0\x96\x001@example.kz>\r\n", "<1@example.kz>"),
        (b"Message-ID: <" + b"a" * 5000 + b">\r\n", ""),
        (b"X-Message-ID: <1@example.kz>\r\n", ""),
        (b"", ""),
    ],
)
def test_the_message_id_is_found(header: bytes, expected: str) -> None:
    assert message_id_of(header) == expected


# Subject, sender, thread


@pytest.mark.parametrize(
    "subject",
    [
        "=?utf-8?B?0J/RgNC40LLQtdGC?=",
        "=?utf-8?B?0J/RgNC40LLQ?= =?utf-8?B?tdGC?=",
        "=?windows-1251?Q?=CF=F0=E8?=\r\n =?WINDOWS-1251*ru?q?=E2=E5=F2?=",
        "=?koi8-r?B?8NLJ18XU?=",
        "=?nonsense?B?0J/RgNC40LLQtdGC?=",
        "=?utf-8?B?0J/RgNC40LLQtdGC",
        "Привет",
    ],
)
def test_an_encoded_subject_is_decoded(subject: str) -> None:
    expected = subject if subject.endswith("QtdGC") else "Привет"
    assert mail(subject=subject).subject == expected


def test_a_subject_in_raw_windows_1251_is_decoded() -> None:
    raw = b"Subject: " + "Взятка на складе".encode("cp1251") + b"\r\n\r\n"
    assert parse(raw, "").subject == "Взятка на складе"


def test_a_subject_is_one_line_without_control_characters() -> None:
    assert mail(subject="=?utf-8?Q?a=0D=0ABcc:_x=00=1B[1m?=").subject == "a Bcc: x[1m"


@pytest.mark.parametrize(
    ("sender", "address", "name"),
    [
        ("asel@example.kz", "asel@example.kz", ""),
        ("Asel A <asel@example.kz>", "asel@example.kz", "Asel A"),
        ('"A, Asel" <asel@example.kz>', "asel@example.kz", "A, Asel"),
        ("asel@example.kz (Asel)", "asel@example.kz", "Asel"),
        ("=?utf-8?B?0JDRgdC10LvRjA==?= <asel@example.kz>", "asel@example.kz", "Асель"),
        ("Асель <asel@example.kz>", "asel@example.kz", "Асель"),
        ("office: asel@example.kz, b@example.kz;", "asel@example.kz", ""),
        ("nobody, asel@example.kz", "asel@example.kz", ""),
        ("asel@example.kz\x00", "", ""),
        ("<asel@example.kz\tRCPT TO:x@y>", "", ""),
        ("undisclosed-recipients:;", "", ""),
        ("MAILER-DAEMON <>", "", ""),
        ("(" * 5000 + "a@b", "", ""),
    ],
)
def test_the_sender_is_read(sender: str, address: str, name: str) -> None:
    read = mail(**{"from": sender})
    assert (read.address, read.name) == (address, name)


def test_the_answer_goes_to_the_first_reply_to_and_keeps_the_name() -> None:
    read = mail(**{"from": "Asel <a@x.kz>", "reply-to": "b@x.kz, c@x.kz"})
    assert (read.address, read.name) == ("b@x.kz", "Asel")


def test_an_unusable_reply_to_leaves_the_from() -> None:
    assert mail(**{"reply-to": "none"}).address == "asel@example.kz"


def test_the_thread_is_kept_within_bounds() -> None:
    many = " ".join(f"<{n}@x>" for n in range(100))
    found = mail(**{"references": many, "in-reply-to": "<99@x> (yours)"}).references
    assert len(found) == 50
    assert (found[0], found[-1]) == ("<0@x>", "<99@x>")


# Text and files


def test_plain_text_has_normal_newlines_and_no_control_characters() -> None:
    assert mail("a\r\nb\rc\x00\x07\td\u2028e").text == "a\nb\nc\td\ne"


def test_of_alternatives_the_plain_one_is_the_text_and_none_a_file() -> None:
    read = multipart(HTML, PLAIN, kind="alternative")
    assert (read.text, read.files) == ("Привет", ())


def test_an_empty_plain_alternative_gives_way_to_html() -> None:
    assert multipart("\r\n  ", HTML, kind="alternative").text == "Привет, HTML"


def test_several_text_parts_are_one_text() -> None:
    read = multipart(PLAIN, PDF, HTML)
    assert read.text == "Привет\n\nПривет, HTML"
    assert read.files == (File("a.pdf", "application/pdf", b"%PDF"),)


def test_a_forwarded_message_is_one_file_byte_by_byte() -> None:
    inner = (
        "Subject: inner\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nz\r\n--y--"
    )
    read = multipart(PLAIN, f"Content-Type: message/rfc822\r\n\r\n{inner}")
    assert read.files == (File("attachment-1.eml", "message/rfc822", inner.encode()),)


def test_an_inline_picture_is_a_file() -> None:
    picture = "Content-Type: image/png\r\nContent-ID: <a>\r\nContent-Disposition: inline\r\n\r\npng"
    assert multipart(HTML, picture, kind="related").files[0].name == "attachment-1.png"


def test_an_attached_text_is_a_file() -> None:
    attached = "Content-Disposition: attachment; filename=a.txt\r\n\r\nwords"
    read = multipart(PLAIN, attached)
    assert (read.text, read.files) == ("Привет", (File("a.txt", "text/plain", b"words"),))


def test_a_named_inline_text_is_read_where_there_is_no_other() -> None:
    read = multipart("Content-Type: text/plain; name=body.txt\r\n\r\nwords", PDF)
    assert (read.text, len(read.files)) == ("words", 2)


def test_a_wrong_or_missing_boundary_is_seen() -> None:
    for said in ("multipart/mixed; boundary=y", "multipart/mixed"):
        assert mail(f"--x\r\n{PLAIN}\r\n--x--", content_type=said).text == "Привет"


def test_a_missing_end_loses_nothing() -> None:
    assert mail(f"--x\r\n{PLAIN}", content_type="multipart/mixed; boundary=x").text == "Привет"


def test_more_than_a_hundred_files_are_left_in_the_raw_mail() -> None:
    assert len(multipart(*[PDF] * 150).files) == 100


def test_a_hundred_thousand_parts_and_levels_are_read() -> None:
    assert mail("--x\r\n\r\na\r\n" * 100_000, content_type="multipart/mixed; boundary=x").text
    levels = (
        f"Content-Type: multipart/mixed; boundary=x{n}\r\n\r\n--x{n}\r\n" for n in range(100_000)
    )
    assert parse("".join(levels).encode(), "").files


def test_text_is_cut_at_five_megabytes() -> None:
    assert len(mail("ж" * 4_000_000, content_type="text/plain; charset=utf-8").text) == 2_500_000


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("filename=a.pdf", "a.pdf"),
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="C:\\\\Users\\\\a\\\\b.doc"', "b.doc"),
        ("filename*=utf-8''%D0%90%D0%BA%D1%82.doc", "Акт.doc"),
        ("filename*0*=utf-8''%D0%90; filename*1*=%D0%BA%D1%82.doc", "Акт.doc"),
        ('filename="=?koi8-r?B?4cvU?=.doc"', "Акт.doc"),
        ('filename="Акт.doc"', "Акт.doc"),
        ('filename="a\u202egpj.exe"', "agpj.exe"),
        ('filename=".."', "attachment-1.bin"),
        ("", "attachment-1.bin"),
        (f'filename="{"ж" * 400}.docx"', "ж" * 250 + ".docx"),
    ],
)
def test_a_file_name_is_harmless(said: str, expected: str) -> None:
    part = f"Content-Type: application/x-y\r\nContent-Disposition: attachment; {said}\r\n\r\nz"
    assert multipart(part).files[0].name == expected


# Charsets and encodings


WORDS = "Начальник участка требует деньги за отпуск"
KAZAKH = "Бастық демалысқа ақша сұрайды, не істеу керек"


@pytest.mark.parametrize("charset", ["cp1251", "koi8-r", "utf-8", "cp866", "iso8859-5"])
@pytest.mark.parametrize("declared", ["", "unknown-8bit", "us-ascii", "iso-8859-1", "utf-8", "hex"])
def test_russian_is_read_whatever_charset_is_said(charset: str, declared: str) -> None:
    kind = f"text/plain; charset={declared}" if declared else "text/plain"
    assert mail(WORDS.encode(charset), content_type=kind).text == WORDS


@pytest.mark.parametrize("declared", ["windows-1251", "koi8-r", "utf-8", "iso-8859-5", "cp-1251"])
def test_utf_8_is_read_though_another_charset_is_said(declared: str) -> None:
    assert mail(KAZAKH, content_type=f"text/plain; charset={declared}").text == KAZAKH


@pytest.mark.parametrize(
    ("words", "codec", "declared"),
    [
        (WORDS, "cp1251", '"Windows-1251"'),
        (WORDS, "koi8-r", "KOI8-R"),
        (KAZAKH, "kz1048", ""),
        (KAZAKH, "utf-16", "utf-16"),
        (KAZAKH, "utf-7", "utf-7"),
        ("ご注文商品", "iso2022_jp", "iso-2022-jp"),
        ("ご注文商品", "iso2022_jp", ""),
        (KAZAKH, "kz1048", "windows-1251"),
        ("Grüße, Müller", "latin-1", "iso-8859-1"),
        ("Grüße, Müller", "latin-1", ""),
        ("ÄÖÜ äöü", "latin-1", "iso-8859-1"),
        ("plain words", "ascii", "utf-16"),
    ],
)
def test_a_charset_is_decoded(words: str, codec: str, declared: str) -> None:
    kind = f"text/plain; charset={declared}" if declared else "text/plain"
    assert mail(words.encode(codec), content_type=kind).text == words


def test_broken_utf_8_is_still_utf_8() -> None:
    broken = WORDS.encode()[:-1]
    read = mail(broken, content_type="text/plain; charset=utf-8").text
    assert read.startswith(WORDS[:-1])


def test_lone_surrogates_are_replaced() -> None:
    text = mail("a+2AA-b", content_type="text/plain; charset=utf-7").text
    assert text.encode()
    assert (text[0], text[-1]) == ("a", "b")


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("quoted-printable", quopri.encodestring(WORDS.encode())),
        ("base64", base64.encodebytes(WORDS.encode())),
        ("BASE64 ", base64.b64encode(WORDS.encode()).rstrip(b"=")),
        ('"base64"', b"!" + base64.b64encode(WORDS.encode())),
        ("base64", WORDS.encode()),
        ("8bit", WORDS.encode()),
        ("nonsense", WORDS.encode()),
    ],
)
def test_a_transfer_encoding_is_undone(encoding: str, content: bytes) -> None:
    fields = {"content-type": "text/plain; charset=utf-8", "content-transfer-encoding": encoding}
    assert mail(content, **fields).text == WORDS


def test_flowed_lines_are_joined_within_their_quoting() -> None:
    read = mail("one \r\ntwo\r\n> q \r\n> r\r\n-- \r\nme", content_type="text/plain; format=flowed")
    assert (read.text, read.quoted) == ("one two\n> q r", "-- \nme")


# HTML


def test_html_becomes_text_with_links_and_tables_and_without_scripts() -> None:
    html = (
        "<html><head><title>t</title><style>p{}</style></head><body><script>x()</script>"
        '<p>See <a href="https://example.kz/a">this</a>, <a href="https://example.kz">example.kz</a>'
        "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>&copy; &#1078;"
    )
    text = mail(html, content_type="text/html").text
    assert text == "See this (https://example.kz/a), example.kz\n\na  b\nc  d\n\n© ж"


def test_html_says_its_charset_itself() -> None:
    html = f'<meta http-equiv=Content-Type content="text/html; charset=koi8-r"><p>{WORDS}'
    assert mail(html.encode("koi8-r"), content_type="text/html").text == WORDS


def test_text_after_a_large_picture_within_html_is_read() -> None:
    html = f'<p>before<img src="data:image/png;base64,{"A" * 3_000_000}"><p>after'
    assert mail(html, content_type="text/html").text == "before\n\nafter"


def test_html_nested_beyond_reason_is_still_read() -> None:
    assert "deep" in mail("<div>" * 3000 + "deep", content_type="text/html").text
