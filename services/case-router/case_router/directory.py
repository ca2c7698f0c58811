"""The list of staff from the company's directory, by LDAPS (RFC 4511): read whole, then imported like a file."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from case_router.staff_list import Person, StaffList, Unit, check
from speakup.events import Frozen

PAGE = 500
SECONDS = 30


class DirectoryError(Exception):
    """The directory can't be read; the text says why, to an admin."""


class DirectorySettings(Frozen):
    """Where the staff is, and which attributes say what. Attributes left empty aren't asked for."""

    url: str
    """`ldaps://directory.example.kz`: nothing else, since it is everybody's names."""
    base: str
    """Below which entry people are: `ou=people,dc=example,dc=kz`."""
    bind: str = ""
    """As whom we ask; empty: as nobody."""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    """Who vouches for the directory; none: whom the system trusts."""
    filter: str = "(objectClass=person)"
    number: str = "employeeNumber"
    name: str = "cn"
    manager: str = "manager"
    unit: str = ""
    """Empty: the organisational units in the entry's own name, one within the other."""
    account: str = ""
    """The name of the person's account here, where they have one; empty: ties to accounts stay as they are."""
    hours: float = 24
    """How often it is read; 0: only by command."""


class Entry(NamedTuple):
    """Of the directory; attributes have several values, or none."""

    name: str
    attributes: Mapping[str, Sequence[str]]


def read_directory(asked: DirectorySettings) -> list[Entry]:
    """All entries of people. Waits for the network, so it belongs into a thread. Raises DirectoryError."""
    if not asked.url.startswith("ldaps://"):
        raise DirectoryError("The directory's address must begin with ldaps://.")
    with warnings.catch_warnings():
        # ldap3 imports names that pyasn1 has renamed.
        warnings.simplefilter("ignore", DeprecationWarning)
        import ldap3
        from ldap3.core.exceptions import LDAPException
    # Its own default asks for no certificate.
    tls = ldap3.Tls(
        validate=ssl.CERT_REQUIRED,
        version=ssl.PROTOCOL_TLS_CLIENT,
        ca_certs_file=str(asked.ca_file) if asked.ca_file else None,
    )
    server = ldap3.Server(
        asked.url, use_ssl=True, tls=tls, get_info=ldap3.NONE, connect_timeout=SECONDS
    )
    wanted = [
        name
        for name in (asked.number, asked.name, asked.manager, asked.unit, asked.account)
        if name
    ]
    connection = ldap3.Connection(
        server,
        user=asked.bind or None,
        password=asked.password.get_secret_value() or None,
        raise_exceptions=True,
        receive_timeout=SECONDS,
        auto_referrals=False,
        read_only=True,
    )
    try:
        with connection:
            found = connection.extend.standard.paged_search(
                asked.base, asked.filter, attributes=wanted, paged_size=PAGE, generator=False
            )
    except LDAPException as error:
        raise DirectoryError(f"The directory can't be read: {type(error).__name__}.") from error
    finally:
        # ldap3 leaves it open where TLS or signing in fails.
        if connection.socket is not None:
            connection.socket.close()
    return [
        Entry(
            one["dn"],
            {name: [_text(v) for v in values] for name, values in one["raw_attributes"].items()},
        )
        for one in found
        if one["type"] == "searchResEntry"
    ]


def staff_of(
    entries: Sequence[Entry], asked: DirectorySettings, accounts: Collection[str]
) -> StaffList:
    """Entries with number and name as a list; `accounts` are those that there are.

    A manager outside the list is none. Raises FaultyListError; a fault's line is the entry's place, from 1.
    """
    numbers = {_same(entry.name): _first(entry, asked.number) for entry in entries}
    people, units = [], {}
    for place, entry in enumerate(entries, 1):
        number, name = _first(entry, asked.number), _first(entry, asked.name)
        if not number or not name:
            # A service's account, a room: no person of ours.
            continue
        path = _units(entry, asked)
        for depth, unit in enumerate(path):
            units[unit] = Unit(place, unit, parent=path[depth - 1] if depth else "")
        account = _first(entry, asked.account).casefold()
        people.append(
            Person(
                place,
                number,
                name,
                numbers.get(_same(_first(entry, asked.manager)), ""),
                path[-1] if path else "",
                account if account in accounts else "",
            )
        )
    listed = StaffList(people, list(units.values()), ties=bool(asked.account))
    check(listed)
    return listed


def _units(entry: Entry, asked: DirectorySettings) -> list[str]:
    """Codes of the units that somebody is in, the outermost first: works, works/mill."""
    if asked.unit:
        unit = _first(entry, asked.unit)
        return [unit] if unit else []
    within = _same(entry.name).removesuffix(_same(asked.base))
    parts = [part[3:] for part in within.split(",") if part.startswith("ou=")][::-1]
    return ["/".join(parts[: depth + 1]) for depth in range(len(parts))]


def _first(entry: Entry, attribute: str) -> str:
    values = entry.attributes.get(attribute, ()) if attribute else ()
    return " ".join(values[0].split()) if values else ""


def _same(name: str) -> str:
    """A distinguished name so that it can be compared: without the spaces around its commas."""
    return ",".join(part.strip() for part in name.casefold().split(","))


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
