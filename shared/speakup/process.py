"""Runs services as one process: their tasks and one HTTP server on loopback or where told."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

import uvicorn
import uvloop

from speakup import logs, web
from speakup.service import Opening, Service, Task
from speakup.settings import Common

STOP_SECONDS = 13.0
"""A stop is over within 15 s: what isn't finished by then is seen again after the start."""

FAILED = 70
"""Exit status (EX_SOFTWARE) by which a supervisor knows to start the process again."""

log = logs.get_logger("process")


def run(openings: Sequence[Opening], settings: Common, *, host: str = "127.0.0.1") -> None:
    """Open the services, serve until SIGTERM or SIGINT, close them; then the process ends.

    A task that fails ends the process with status 70.
    """
    logs.configure(settings.log_level)
    status = uvloop.run(_serve(openings, settings, host))
    sys.stdout.flush()
    # Threads that hang on a dead broker or disk don't keep the process.
    os._exit(status)


async def _serve(openings: Sequence[Opening], settings: Common, host: str) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    status = 0
    try:
        async with AsyncExitStack() as stack:
            services = [await stack.enter_async_context(opening()) for opening in openings]
            _collect_less()
            status = await _until_stopped(services, settings, host, stop)
            # Closing is part of the stop and has its time, too.
            loop.call_later(STOP_SECONDS / 2, os._exit, status)
    except Exception:
        log.exception("process_failed")
        return FAILED
    return status


def _collect_less() -> None:
    """Modules and wiring stay for good: the cycle collector needn't walk through them again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


async def _until_stopped(
    services: Sequence[Service], settings: Common, host: str, stop: asyncio.Event
) -> int:
    server = _Server(
        uvicorn.Config(
            web.create_app(services, settings),
            host=host,
            port=settings.port,
            log_config=None,
            access_log=False,
            server_header=False,
            # Which proxies are believed, the settings say (`client_address`); uvicorn's default is all of loopback.
            proxy_headers=False,
            timeout_graceful_shutdown=5,
        )
    )
    tasks = [
        asyncio.create_task(_forever(task, stop), name=f"{service.name}/{name}")
        for service in services
        for name, task in service.tasks.items()
    ]
    tasks.append(asyncio.create_task(server.serve_until(stop), name="http"))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait((*tasks, stopping), return_when=asyncio.FIRST_COMPLETED)
    status = 0 if stop.is_set() else FAILED
    stop.set()
    _, late = await asyncio.wait(tasks, timeout=STOP_SECONDS / 2)
    for task in late:
        log.warning("task_cancelled", task=task.get_name())
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=1)
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), exc_info=error)
            status = FAILED
    return status


async def _forever(task: Task, stop: asyncio.Event) -> None:
    await task(stop)
    if not stop.is_set():
        raise RuntimeError("ended by itself")


class _Server(uvicorn.Server):
    """uvicorn, stopped by our event instead of by signal handlers of its own."""

    async def serve_until(self, stop: asyncio.Event) -> None:
        async def end() -> None:
            await stop.wait()
            self.should_exit = True

        ending = asyncio.create_task(end())
        try:
            await self._serve()
        except SystemExit:
            # uvicorn's way of saying that the port is taken.
            raise OSError("the HTTP port can't be bound") from None
        finally:
            ending.cancel()
            with suppress(asyncio.CancelledError):
                await ending
