"""The object store: what isn't there is no error to delete, and what is out of reach is tried again later."""

from __future__ import annotations

from pathlib import Path

import pytest

from speakup.blobs import BlobStore, close_blob
from speakup.postgres import is_unavailable


async def test_deleting_what_isnt_there_does_nothing(tmp_path: Path) -> None:
    store = BlobStore(tmp_path.as_uri())
    blob, ciphertext = close_blob(b"words")
    await store.delete(blob.digest)
    await store.put(blob.digest, ciphertext)
    await store.delete(blob.digest)
    await store.delete(blob.digest)
    with pytest.raises(FileNotFoundError, match=blob.digest):
        await store.get(blob)


async def test_a_store_that_is_out_of_reach_is_tried_again_later(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = BlobStore(folder.as_uri())
    blob, ciphertext = close_blob(b"words")
    folder.rmdir()
    folder.write_text("in the place of the folder")
    for call in (store.put(blob.digest, ciphertext), store.get(blob), store.delete(blob.digest)):
        with pytest.raises(OSError, match=r"^\w+$") as raised:
            await call
        assert is_unavailable(raised.value)
