"""Servers and services that the benchmarks start for themselves."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from embedded import ports
from embedded.broker import start_broker
from embedded.postgres import start_postgres
from speakup.keys import KeyFolder
from tests.building import make_keys
from tests.waiting import eventually


@dataclass(frozen=True)
class Servers:
    """A PostgreSQL, a broker and a folder of keys."""

    var: Path
    database_url: str
    bootstrap: str
    keys: KeyFolder
    postgres_pid: int
    broker_pid: int

    def environment(self, **more: str) -> dict[str, str]:
        """For a service that uses them."""
        return {k: v for k, v in os.environ.items() if not k.startswith("SPEAKUP_")} | {
            "SPEAKUP_VAR": str(self.var),
            "SPEAKUP_DATABASE_URL": self.database_url,
            "SPEAKUP_KAFKA_BOOTSTRAP": self.bootstrap,
            "SPEAKUP_KAFKA_SESSION_TIMEOUT_MS": "2000",
            **more,
        }


@contextmanager
def start_servers(folder: Path) -> Iterator[Servers]:
    """Fresh ones, stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with start_postgres(folder) as postgres, start_broker(folder) as broker:
        keys = make_keys(KeyFolder(folder / "var" / "keys"))
        yield Servers(
            folder / "var", postgres.url, broker.bootstrap, keys, postgres.pid, broker.pid
        )


@asynccontextmanager
async def start_service(
    module: str, servers: Servers, *, wait: bool = True, port: int | None = None, **more: str
) -> AsyncIterator[int]:
    """One service as a process of its own, ready; its process id."""
    port = port or ports.free_port()
    with (servers.var / f"{module}.log").open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            env=servers.environment(SPEAKUP_PORT=str(port), **more),
            stdout=output,
        )

    async def ready() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"{module} ended; see {servers.var}/{module}.log")
        try:
            async with httpx.AsyncClient() as client:
                answer = await client.get(f"http://127.0.0.1:{port}/readyz")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    try:
        if wait:
            await eventually(ready, seconds=60)
        yield process.pid
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def processor_seconds(service: int, servers: Servers) -> dict[str, float]:
    """Seconds of processor time so far, by program: the service, its children and its servers."""
    roots = {"service": service, "postgres": servers.postgres_pid, "broker": servers.broker_pid}
    spent: dict[str, float] = {}
    for name, pid in roots.items():
        root = psutil.Process(pid)
        spent[name] = _seconds(root)
        for child in root.children(recursive=True):
            place = "children" if name == "service" else name
            spent[place] = spent.get(place, 0.0) + _seconds(child)
    return spent


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system
