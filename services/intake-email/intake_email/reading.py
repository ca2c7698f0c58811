"""From a raw mail to sealed parts: what runs in the limited child process.

The child holds public keys only. It parses and seals in one go, so that the trusted process never
touches what a stranger's mail expands to. A job and a result are a length (4 bytes), JSON, then bytes: the
raw mail in a job, the blobs' ciphertexts one after another in a result. Several of them in one frame are
each a length (8 bytes) and the bytes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from intake_email.authentication import results_of
from intake_email.parse import Mail, parse, split
from intake_email.traits import Traits
from speakup import seal
from speakup.blobs import close_blob
from speakup.events import Frozen, Language, Sealed, SealedContact
from speakup.submission import INLINE_RAW, INLINE_TEXT, Attachment, Blob, Contact, Content, Verdicts


class Job(Frozen):
    """What the child needs besides the raw mail."""

    submission_id: str
    envelope_from: str
    pin: str | None
    authserv_id: str | None = None
    """Whose Authentication-Results are heeded."""
    virus: str | None = None
    intake: tuple[str, bytes]
    contact: tuple[str, bytes]
    unsealing: tuple[str, bytes]
    """Key ids and raw public keys."""


class Reading(Frozen):
    """A mail, read and sealed."""

    content: Sealed
    contact: SealedContact
    language: Language | None
    answerable: bool
    named: bool
    unparsed: bool
    blobs: tuple[tuple[str, int], ...]
    """Digest and size (bytes) of each ciphertext, in the order in which they follow."""
    traits: Traits
    """In memory only: never stored, never logged."""


def pack(head: Job | Reading, *body: bytes) -> bytes:
    """The frame of a job or a result; its body may come in pieces."""
    text = head.model_dump_json().encode()
    return b"".join((len(text).to_bytes(4, "big"), text, *body))


def unpack_job(frame: bytes) -> tuple[Job, bytes]:
    """What `pack` packed."""
    end = 4 + int.from_bytes(frame[:4], "big")
    return Job.model_validate_json(frame[4:end]), frame[end:]


def unpack_reading(frame: bytes) -> tuple[Reading, list[tuple[str, bytes]]]:
    """The reading and its blobs by digest. Raises ValueError where the frame is off."""
    end = 4 + int.from_bytes(frame[:4], "big")
    reading = Reading.model_validate_json(frame[4:end])
    blobs = []
    for digest, size in reading.blobs:
        blobs.append((digest, frame[end : end + size]))
        end += size
    if end != len(frame):
        raise ValueError("sizes don't add up")
    return reading, blobs


def pack_several(frames: Sequence[bytes]) -> bytes:
    """Several jobs or results in one frame."""
    return b"".join(part for frame in frames for part in (len(frame).to_bytes(8, "big"), frame))


def unpack_several(several: bytes) -> list[bytes]:
    """What `pack_several` packed. Raises ValueError where the frame is off."""
    frames, start = [], 0
    while start < len(several):
        end = start + 8 + int.from_bytes(several[start : start + 8], "big")
        frames.append(several[start + 8 : end])
        start = end
    if start != len(several):
        raise ValueError("sizes don't add up")
    return frames


def read_several(jobs: bytes) -> bytes:
    """The child's function: parse and seal each. Raises what the parser raises for any of them."""
    frames = unpack_several(jobs)[::-1]
    del jobs
    return pack_several([read(frames.pop()) for _ in range(len(frames))])


def read(frame: bytes) -> bytes:
    """Parse and seal one mail. Raises what the parser raises."""
    job, raw = unpack_job(frame)
    # Of a mail of 40 MB every copy counts against the child's memory.
    del frame
    return _sealed(job, raw, parse(raw, job.envelope_from))


def read_unparsed(frame: bytes) -> bytes:
    """For a mail that the child couldn't parse: the raw mail alone, sealed; needs no parser."""
    job, raw = unpack_job(frame)
    return _sealed(job, raw, None)


_AUTOMATIC = re.compile(
    rb"^(auto-submitted:(?!\s*no\b)|precedence:\s*(bulk|junk|list)|list-id:|x-autore|"
    rb"content-type:\s*multipart/report)",
    re.IGNORECASE | re.MULTILINE,
)


class _Blobs:
    """The blobs of one mail, sealed one by one."""

    def __init__(self) -> None:
        self.sizes: list[tuple[str, int]] = []
        self.ciphertexts: list[bytes] = []

    def add(self, plain: bytes) -> Blob:
        blob, ciphertext = close_blob(plain)
        self.sizes.append((blob.digest, len(ciphertext)))
        self.ciphertexts.append(ciphertext)
        return blob


def _sealed(job: Job, raw: bytes, mail: Mail | None) -> bytes:
    headers, body = split(raw)
    blobs = _Blobs()
    verdicts = Verdicts(
        virus=job.virus, **(results_of(headers, job.authserv_id) if job.authserv_id else {})
    )
    content = _content(job, mail, body, blobs, verdicts)
    contact = _contact(job, mail, headers, blobs)
    reading = Reading(
        content=_key(*job.intake).seal(
            content.model_dump_json().encode(), seal.content_info(job.submission_id)
        ),
        contact=_seal_contact(job, contact),
        language=mail.language if mail else None,
        answerable=bool(contact.address)
        and (mail.answerable if mail else not _AUTOMATIC.search(headers)),
        named=bool(contact.name),
        unparsed=mail is None,
        blobs=tuple(blobs.sizes),
        traits=mail.traits if mail else Traits(),
    )
    return pack(reading, *blobs.ciphertexts)


def _content(
    job: Job, mail: Mail | None, body: bytes, blobs: _Blobs, verdicts: Verdicts
) -> Content:
    raw = {"raw": body} if len(body) <= INLINE_RAW else {"raw_blob": blobs.add(body)}
    if mail is None:
        return Content(pin=job.pin, verdicts=verdicts, **raw)
    text, quoted = mail.text.encode(), mail.quoted.encode()
    cut = max(len(text), len(quoted)) > INLINE_TEXT
    return Content(
        subject=mail.subject,
        text=text[:INLINE_TEXT].decode(errors="ignore"),
        quoted=quoted[:INLINE_TEXT].decode(errors="ignore"),
        full_text=blobs.add(b"\n\n".join(filter(None, (text, quoted)))) if cut else None,
        attachments=tuple(
            Attachment(
                name=f.name, content_type=f.content_type, blob=blobs.add(f.content), marks=f.marks
            )
            for f in mail.files
        ),
        pin=job.pin,
        marks=mail.marks,
        verdicts=verdicts,
        **raw,
    )


def _contact(job: Job, mail: Mail | None, headers: bytes, blobs: _Blobs) -> Contact:
    kept = (
        {"headers": headers} if len(headers) <= INLINE_RAW else {"headers_blob": blobs.add(headers)}
    )
    if mail is None:
        return Contact(address=job.envelope_from, **kept)
    return Contact(
        address=mail.address,
        name=mail.name,
        message_id=mail.message_id,
        references=mail.references,
        **kept,
    )


def _seal_contact(job: Job, contact: Contact) -> SealedContact:
    info = seal.contact_info(job.submission_id)
    # The reply worker needs no routing headers: they are for a court, by way of unsealing.
    short = contact.model_dump_json(exclude={"headers", "headers_blob"})
    return SealedContact(
        reply=_key(*job.contact).seal(short.encode(), info) if contact.address else None,
        unsealing=_key(*job.unsealing).seal(contact.model_dump_json().encode(), info),
    )


@lru_cache(maxsize=16)
def _key(key_id: str, raw: bytes) -> seal.PublicKey:
    return seal.PublicKey.from_raw(key_id, raw)


def _try_once() -> None:
    """Read a mail of every kind of part: a child can import nothing later, and libraries import late."""
    trial = seal.PrivateKey.generate("trial")
    public = ("trial", trial.public_raw())
    job = Job(
        submission_id="trial",
        envelope_from="",
        pin=None,
        intake=public,
        contact=public,
        unsealing=public,
    )
    read(pack(job, _TRIAL))


_TRIAL = b"""From: =?windows-1251?Q?=C0?= <a@example.kz>\r
Content-Type: multipart/mixed; boundary=x\r\n\r
--x\r\nContent-Type: text/html; charset=koi8-r\r\n\r\n<p>\xd0\xd2\xc9\xd7\xc5\xd4 <a href="x">x</a></p>\r
--x\r\nContent-Type: text/plain; charset=unknown-8bit\r\n\r\n\xff\xfe\xd0\r
--x\r\nContent-Disposition: attachment; filename=a.txt\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r
--x--\r\n"""

_try_once()
