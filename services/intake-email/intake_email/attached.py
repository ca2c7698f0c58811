"""What goes with a reply as files: what the handler attached, and the explanation as a PDF."""

from __future__ import annotations

import asyncio

from obstore.exceptions import BaseError

from intake_email.explanation import as_pdf
from intake_email.hand_over import RefusedError
from intake_email.mail import File
from speakup.blobs import BlobStore
from speakup.events import Language
from speakup.explained import explained
from speakup.seal import CannotOpenError
from speakup.submission import REPLY_BYTES, Reply


async def fetch(blobs: BlobStore, reply: Reply) -> list[File]:
    """The handler's attachments, opened. Raises RefusedError; OSError where the store is out of reach."""
    if sum(file.blob.size for file in reply.attachments) > REPLY_BYTES:
        raise RefusedError("The attachments are larger than a mail may be.")
    files = []
    for file in reply.attachments:
        try:
            content = await blobs.get(file.blob)
        except (FileNotFoundError, CannotOpenError):
            raise RefusedError(
                "An attachment isn't in the object store any more, or was damaged."
            ) from None
        except BaseError as error:
            raise ConnectionError("the object store is out of reach") from error
        files.append(File(file.name, file.content_type, content))
    return files


async def explanation(case_number: str, reply: Reply, language: Language | None) -> list[File]:
    """The PDF where one is asked for. Its name tells nothing but the number."""
    formal = explained(case_number, reply)
    if formal is None:
        return []
    # Where the language isn't known, the heading's is no more than a guess: all three stand there.
    languages = [language] if language else list(Language)
    pdf = await asyncio.to_thread(as_pdf, formal, reply.text.replace("\r\n", "\n"), languages)
    return [File(f"{formal.number}.pdf", "application/pdf", pdf)]
