"""The list of staff from a directory: read by LDAPS from a real server, and made into people and units."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from case_router.directory import (
    DirectoryError,
    DirectorySettings,
    Entry,
    read_directory,
    staff_of,
)
from case_router.directory_import import read_in
from case_router.settings import Settings
from case_router.staff_list import FaultyListError
from tests.case_router.world import World

# ldap3 asks `ssl.match_hostname`, and leaves sockets open where a server isn't the one that it should be.
pytestmark = [
    pytest.mark.filterwarnings("ignore:ssl.match_hostname:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

BASE = "dc=example,dc=kz"
LDIF = """\
dn: dc=example,dc=kz
objectClass: domain
dc: example

dn: cn=reader,dc=example,dc=kz
objectClass: applicationProcess
cn: reader
userPassword: a quiet lake

dn: ou=works,dc=example,dc=kz
objectClass: organizationalUnit
ou: works

dn: ou=mill,ou=works,dc=example,dc=kz
objectClass: organizationalUnit
ou: mill

dn: uid=omarov,ou=works,dc=example,dc=kz
objectClass: person
uid: omarov
cn: Омаров Болат
employeeNumber: 1

dn: uid=officer,ou=mill,ou=works,dc=example,dc=kz
objectClass: person
uid: officer
cn: Ахметов Серік
employeeNumber: 2
manager: uid=omarov, ou=works, dc=example, dc=kz

dn: uid=printer,ou=mill,ou=works,dc=example,dc=kz
objectClass: person
uid: printer
cn: Printer
"""


def certificate(folder: Path, address: str = "127.0.0.1") -> Path:
    """A self-signed one with its key, for a server at this address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "directory")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address(address))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{address}.pem"
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    pem = serialization.Encoding.PEM
    file.write_bytes(key.private_bytes(pem, pkcs8, plain) + made.public_bytes(pem))
    return file


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DirectorySettings]:
    """A server of LDAPS with two people and a printer."""
    pytest.importorskip("ldaptor", reason="ldaptor isn't installed")
    folder = tmp_path_factory.mktemp("directory")
    ldif, pem = folder / "staff.ldif", certificate(folder)
    ldif.write_bytes(base64_where_needed(LDIF))
    server = Path(__file__).parents[1] / "ldap_server.py"
    with subprocess.Popen(
        [sys.executable, server, ldif, pem], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        yield DirectorySettings(
            url=f"ldaps://127.0.0.1:{port}",
            base=BASE,
            bind=f"cn=reader,{BASE}",
            password=SecretStr("a quiet lake"),
            ca_file=pem,
            account="uid",
        )
        process.terminate()


def base64_where_needed(ldif: str) -> bytes:
    """RFC 2849: what isn't ASCII is in base64."""
    import base64

    lines = []
    for line in ldif.splitlines():
        name, _, value = line.partition(": ")
        coded = base64.b64encode(value.encode()).decode()
        lines.append(line if line.isascii() else f"{name}:: {coded}")
    return ("\n".join(lines) + "\n\n").encode()


def test_people_are_read_and_become_a_list(directory: DirectorySettings) -> None:
    listed = staff_of(read_directory(directory), directory, {"officer"})
    assert {(p.personnel_number, p.name, p.manager, p.unit, p.account) for p in listed.people} == {
        ("1", "Омаров Болат", "", "works", ""),
        ("2", "Ахметов Серік", "1", "works/mill", "officer"),
    }
    assert {(u.unit, u.parent) for u in listed.units} == {("works", ""), ("works/mill", "works")}


def test_a_wrong_password_is_told_without_it(directory: DirectorySettings) -> None:
    wrong = directory.model_copy(update={"password": SecretStr("another lake")})
    with pytest.raises(DirectoryError) as caught:
        read_directory(wrong)
    assert "lake" not in str(caught.value)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.9.8.7"])
def test_a_server_that_nobody_vouches_for_gets_no_password(
    directory: DirectorySettings, tmp_path: Path, address: str
) -> None:
    other = directory.model_copy(update={"ca_file": certificate(tmp_path, address)})
    with pytest.raises(DirectoryError):
        read_directory(other)


def test_only_ldaps_is_spoken() -> None:
    with pytest.raises(DirectoryError):
        read_directory(DirectorySettings(url="ldap://127.0.0.1", base=BASE))


def test_a_directory_that_contradicts_itself_is_refused() -> None:
    asked = DirectorySettings(url="ldaps://x", base=BASE)
    twice = [Entry(f"uid={n}", {"employeeNumber": ["1"], "cn": ["A"]}) for n in "ab"]
    with pytest.raises(FaultyListError):
        staff_of(twice, asked, ())
    with pytest.raises(FaultyListError):
        staff_of([], asked, ())


async def test_the_staff_is_taken_over_into_the_service(
    world: World, directory: DirectorySettings
) -> None:
    assert await read_in(world.engine, directory) == (2, 0, 2, 1)
    (person,) = (await world.get("/people?name=ахметов", "chair")).json()["items"]
    assert (person["account"], person["unit"]) == ("officer", "works/mill")


async def test_a_directory_that_is_away_leaves_the_staff_as_it_was(
    world: World, directory: DirectorySettings
) -> None:
    await read_in(world.engine, directory)
    away = directory.model_copy(update={"url": "ldaps://127.0.0.1:9"})
    with pytest.raises(DirectoryError):
        await read_in(world.engine, away)
    assert len(await world.rows("SELECT * FROM people WHERE left_at IS NULL")) == 2


def test_settings_say_where_the_directory_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().directory is None
    monkeypatch.setenv("SPEAKUP_LDAP_URL", "ldaps://directory.example.kz")
    monkeypatch.setenv("SPEAKUP_LDAP_BASE", BASE)
    monkeypatch.setenv("SPEAKUP_LDAP_NUMBER", "employeeID")
    found = Settings().directory
    assert found is not None
    assert (found.number, found.manager, found.hours) == ("employeeID", "manager", 24)
