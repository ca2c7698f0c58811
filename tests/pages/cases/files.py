"""Files as strangers send them."""

from __future__ import annotations

import io

from PIL import Image

from speakup.blobs import close_blob
from speakup.submission import Attachment
from tests.case_router.world import World


async def attached(world: World, name: str, content_type: str, content: bytes) -> Attachment:
    """Kept as a submission's file is."""
    blob, ciphertext = close_blob(content)
    await world.blobs.put(blob.digest, ciphertext)
    return Attachment(name=name, content_type=content_type, blob=blob)


def two_pages() -> bytes:
    """A PDF."""
    pages = [Image.new("RGB", (200, 280), shade) for shade in ("white", "silver")]
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:])
    return file.getvalue()


def no_picture() -> bytes:
    """Says that it is one."""
    return b"\x89PNG\r\n\x1a\n<script>alert(1)</script>"
