"""A directory by LDAPS: ldaptor's own server, in a process that prints its port and serves until it is ended."""

from __future__ import annotations

import sys
import warnings
from io import BytesIO
from pathlib import Path

warnings.simplefilter("ignore")

from ldaptor.inmemory import fromLDIFFile  # noqa: E402
from ldaptor.interfaces import IConnectedLDAPEntry  # noqa: E402
from ldaptor.protocols.ldap.ldapserver import LDAPServer  # noqa: E402
from twisted.internet import reactor, ssl  # noqa: E402
from twisted.internet.protocol import ServerFactory  # noqa: E402
from twisted.python.components import registerAdapter  # noqa: E402


class Factory(ServerFactory):
    protocol = LDAPServer

    def __init__(self, root: object) -> None:
        self.root = root


def main(ldif: Path, certificate: Path) -> None:
    registerAdapter(lambda factory: factory.root, Factory, IConnectedLDAPEntry)  # type: ignore[no-untyped-call]

    def serve(root: object) -> None:
        context = ssl.DefaultOpenSSLContextFactory(str(certificate), str(certificate))  # type: ignore[no-untyped-call]
        port = reactor.listenSSL(0, Factory(root), context, interface="127.0.0.1")
        sys.stdout.write(f"{port.getHost().port}\n")
        sys.stdout.flush()

    fromLDIFFile(BytesIO(ldif.read_bytes())).addCallback(serve)
    reactor.run()  # type: ignore[misc]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
