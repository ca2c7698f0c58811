"""A first start makes keys and accounts; a later one finds them."""

from __future__ import annotations

import math
import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from embedded import first_start
from embedded.first_start import FirstAccounts
from speakup.keys import KeyFolder
from speakup.staff import PUBLIC_KEY_FILE


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_keys_are_made_once(tmp_path: Path) -> None:
    first_start.ensure_keys(tmp_path / "keys")
    before = snapshot(tmp_path)
    first_start.ensure_keys(tmp_path / "keys")
    assert snapshot(tmp_path) == before
    assert {path.name for path in before} >= {"router-intake.json", "email-contact.json"}


def test_private_keys_are_for_us_alone(tmp_path: Path) -> None:
    first_start.ensure_keys(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    secret = [path for path in snapshot(tmp_path) if path.suffix == ".key"]
    assert len(secret) == 13
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_tokens_are_verified_by_the_published_key(tmp_path: Path) -> None:
    first_start.ensure_keys(tmp_path)
    keys = KeyFolder(tmp_path)
    private = load_pem_private_key(keys.secret("token-signing"), None)
    public = load_pem_public_key(keys.read_file(PUBLIC_KEY_FILE))
    assert isinstance(private, Ed25519PrivateKey)
    assert isinstance(public, Ed25519PublicKey)
    public.verify(private.sign(b"token"), b"token")


def test_a_lost_public_token_key_is_published_again(tmp_path: Path) -> None:
    first_start.ensure_keys(tmp_path)
    before = snapshot(tmp_path)
    (tmp_path / "public" / "tokens.pem").unlink()
    first_start.ensure_keys(tmp_path)
    assert snapshot(tmp_path) == before


def test_first_accounts_are_in_a_private_file_with_long_passwords(tmp_path: Path) -> None:
    first = FirstAccounts(tmp_path)
    first.ensure_file()
    assert stat.S_IMODE(first.file.stat().st_mode) == 0o600
    accounts = dict(line.split(" ") for line in first.file.read_text().splitlines())
    assert tuple(accounts) == first_start.NAMES
    assert len(set(accounts.values())) == len(accounts)
    letters = min(len(password.replace("-", "")) for password in accounts.values())
    assert letters * math.log2(len(first_start._LETTERS)) >= 80


def test_passwords_stay_when_the_start_is_interrupted(tmp_path: Path) -> None:
    FirstAccounts(tmp_path).ensure_file()
    before = snapshot(tmp_path)
    FirstAccounts(tmp_path).ensure_file()
    assert snapshot(tmp_path) == before
    assert not FirstAccounts(tmp_path).are_made()


def test_accounts_are_made_on_one_start_only(tmp_path: Path) -> None:
    first = FirstAccounts(tmp_path)
    first.ensure_file()
    first.note_made()
    first.file.unlink()
    assert FirstAccounts(tmp_path).are_made()
