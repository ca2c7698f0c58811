"""The embedded PostgreSQL: started on a free port of loopback, found well again after kill -9.

with start_postgres(folder) as postgres:
    postgres.url  # postgresql://speakup:…@127.0.0.1:…/postgres
"""

from __future__ import annotations

import atexit
import shutil
import signal
import tempfile
from contextlib import suppress
from pathlib import Path

from embedded import accounts, child, orphans, ports, postgres_folder
from embedded.server import ServerProcess

_SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Modest: a laptop runs all of it. Workers in parallel would only take connections from each other.
    "shared_buffers": "64MB",
    "max_connections": "60",
    "max_parallel_workers_per_gather": "0",
    "max_wal_size": "256MB",
    "min_wal_size": "64MB",
    "jit": "off",
    "io_method": "sync",
    "huge_pages": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    # What is accepted is on disk.
    "synchronous_commit": "on",
    # The log must not tell on a reporter: no statement, no parameter, no detail. Messages of level ERROR
    # quote values, so the lowest level is the one above.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_lock_waits": "off",
    "log_checkpoints": "off",
    "log_autovacuum_min_duration": "-1",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
}


class Postgres(ServerProcess):
    """A server on a folder. `start` again after `stop`, `kill` or the death of the process."""

    name = "PostgreSQL"
    forgets = False
    # Fast shutdown: what is open is rolled back, what is committed is on disk.
    _stop_by = (signal.SIGINT, 8)

    def __init__(self, folder: Path, log: Path | None = None, *, durable: bool = True) -> None:
        self._folder, self._log = folder.absolute(), log or folder / "postgres.log"
        self._account = accounts.server_account()
        # Without it nothing is waited for that a crash of the machine could lose.
        self._durable = "on" if durable else "off"
        self.port = 0

    @property
    def url(self) -> str:
        """The maintenance database's address, with the password."""
        password = (self._folder / "password").read_text()
        return f"postgresql://{postgres_folder.USER}:{password}@{ports.HOST}:{self.port}/postgres"

    def start(self) -> None:
        """Start on the port used before where it is free. Raises StartError, DiskFullError."""
        postgres_folder.initialise(self._folder, self._account, self._log)
        orphans.end_orphan(self._folder / "data")
        programs = postgres_folder.programs(self._folder, self._account)
        for attempt in range(3):
            self._choose_port()
            try:
                self._launch(programs / "postgres")
            except child.StartError:
                # Somebody may have taken the port between our look and the server's.
                if attempt == 2 or not ports.accepts(self.port):
                    raise
            else:
                return

    def _choose_port(self) -> None:
        port = self.port
        with suppress(OSError, ValueError):
            port = port or int((self._folder / "port").read_text())
        self.port = port if port and ports.is_free(port) else ports.free_port()
        postgres_folder.write_private(self._folder / "port", str(self.port))

    def _launch(self, program: Path) -> None:
        data = self._folder / "data"
        options = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        options.append(f"--fsync={self._durable}")
        self._process = child.spawn(
            [program, "-D", data, f"--port={self.port}", *options],
            log=self._log,
            death=signal.SIGINT,
            user=self._account,
            environment=postgres_folder.ENVIRONMENT,
            folder=data,
        )
        # Recovery after a crash reads the log of the last minutes.
        child.wait_until(self._is_ready, self._process, self.name, self._log, 120)

    def _is_ready(self) -> bool:
        """As `pg_ctl` knows it: the eighth line of postmaster.pid."""
        with suppress(OSError, IndexError):
            lines = (self._folder / "data" / "postmaster.pid").read_text().splitlines()
            return lines[0] == str(self.pid) and lines[7].strip() == "ready"
        return False


def start_postgres(folder: Path, *, durable: bool = True) -> Postgres:
    """A started throw-away server with its data under `folder`, or, where the server's account can't
    reach that, in a temporary folder of its own that lasts as long as this process.
    """
    postgres = Postgres(_reachable(folder), durable=durable)
    postgres.start()
    return postgres


def _reachable(folder: Path) -> Path:
    if accounts.can_reach(accounts.server_account(), folder / "postgres" / "data"):
        return folder / "postgres"
    note = folder / "postgres-is-in"
    if note.exists():
        return Path(note.read_text())
    elsewhere = Path(tempfile.mkdtemp(prefix="speakup-"))
    atexit.register(shutil.rmtree, elsewhere, ignore_errors=True)
    note.write_text(str(elsewhere))
    return elsewhere
