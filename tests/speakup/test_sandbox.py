"""The limited child processes hold their limits, and one job's fate is never another's.

`pickle.loads` as a child's function stands for a child that was taken over: it runs what it is sent.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import time
import zlib
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import psutil
import pytest
import uvloop

from speakup.sandbox import Sandbox, SandboxError, open_sandbox

TAKEN_OVER = "pickle:loads"
ECHO = "base64:b64encode"


class _Run:
    def __init__(self, expression: str) -> None:
        self._expression = expression

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return eval, (self._expression,)


def job(expression: str) -> bytes:
    """Makes a child that was taken over evaluate the expression; its result must be bytes."""
    return pickle.dumps(_Run(expression))


def imported(module: str) -> str:
    return f"__import__({module!r})"


OK = job("b'ok'")


@pytest.fixture(params=["asyncio", "uvloop"])
def in_loop(request: pytest.FixtureRequest) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    factory = uvloop.new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
        before = _children()
        with asyncio.Runner(loop_factory=factory) as runner:
            result = runner.run(coroutine)
        assert _children() <= before, "a process was left behind"
        return result

    return run


def _ours() -> list[psutil.Process]:
    """The sandbox's children: the run's PostgreSQL is a child of this process, too."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if child.status() == psutil.STATUS_ZOMBIE or "speakup.sandbox" in child.cmdline():
                found.append(child)
    return found


def _children() -> set[int]:
    return {child.pid for child in _ours()}


InLoop = Callable[[Coroutine[Any, Any, Any]], Any]


async def outcome(sandbox: Sandbox, work: bytes) -> bytes | str:
    try:
        return await sandbox.run(work)
    except SandboxError as error:
        return str(error)


async def outcomes(*jobs: bytes, seconds: float = 10) -> list[bytes | str]:
    async with open_sandbox(TAKEN_OVER, children=1, seconds=seconds) as sandbox:
        return [await outcome(sandbox, each) for each in jobs]


def test_a_job_that_takes_too_long_is_killed_and_the_next_one_works(in_loop: InLoop) -> None:
    sleep = job(f"{imported('time')}.sleep(60) or b''")
    started = time.monotonic()
    assert in_loop(outcomes(sleep, OK, seconds=0.5)) == ["timeout", b"ok"]
    assert time.monotonic() - started < 30


def test_a_job_that_loops_is_killed_and_the_next_one_works(in_loop: InLoop) -> None:
    assert in_loop(outcomes(job("[0 for _ in iter(int, 1)]"), OK, seconds=0.5)) == [
        "timeout",
        b"ok",
    ]


def test_a_memory_bomb_fails_and_the_next_job_works(in_loop: InLoop) -> None:
    assert in_loop(outcomes(job("b'x' * 2**30"), OK)) == ["MemoryError", b"ok"]


def test_an_exception_is_told_by_its_type_alone(in_loop: InLoop) -> None:
    assert in_loop(outcomes(job("int('a secret')"), OK)) == ["ValueError", b"ok"]


def test_a_child_cannot_put_words_into_the_error(in_loop: InLoop) -> None:
    lie = job(f"{imported('os')}.write(0, bytes([1]) + (8).to_bytes(8) + b'a secret') and b''")
    assert in_loop(outcomes(lie, OK)) == ["failed", b"ok"]


def test_a_child_that_ends_itself_has_crashed_and_the_next_job_works(in_loop: InLoop) -> None:
    end = job(f"{imported('os')}._exit(0)")
    assert in_loop(outcomes(OK, end, OK, end, OK)) == [b"ok", "crashed", b"ok", "crashed", b"ok"]


def test_a_child_that_recurses_to_death_has_failed_and_the_next_job_works(in_loop: InLoop) -> None:
    deep = job("(lambda f: f(f))(lambda f: f(f))")
    assert in_loop(outcomes(deep, OK)) == ["RecursionError", b"ok"]


def test_a_child_that_claims_a_huge_result_is_killed(in_loop: InLoop) -> None:
    lie = job(f"{imported('os')}.write(0, bytes(1) + bytes([255]) * 8) and b''")
    assert in_loop(outcomes(lie, OK)) == ["crashed", b"ok"]


def test_a_job_to_a_child_that_died_meanwhile_is_done_by_another(in_loop: InLoop) -> None:
    async def run() -> list[bytes]:
        async with open_sandbox(ECHO, children=1) as sandbox:
            results = [await sandbox.run(b"one")]
            ours = _ours()
            for child in ours:
                child.kill()
            psutil.wait_procs(ours, timeout=10)
            return [*results, await sandbox.run(b"two"), await sandbox.run(bytes(40 * 2**20))]

    one, two, large = in_loop(run())
    assert (one, two) == (b"b25l", b"dHdv")
    assert len(large) > 40 * 2**20


def test_a_child_that_dies_while_a_large_job_is_written_has_crashed(in_loop: InLoop) -> None:
    async def run() -> list[bytes | str]:
        async with open_sandbox(TAKEN_OVER, children=1, seconds=30) as sandbox:
            await sandbox.warm_up()
            (child,) = _ours()
            child.suspend()
            writing = asyncio.create_task(outcome(sandbox, bytes(40 * 2**20)))
            # It has taken nothing; the socket is full.
            await asyncio.sleep(0.05)
            child.kill()
            return [await writing, await outcome(sandbox, OK)]

    assert in_loop(run()) == ["crashed", b"ok"]


def test_a_child_that_writes_while_its_job_is_written_is_killed_in_time(in_loop: InLoop) -> None:
    flood = f"[{imported('os')}.write(0, bytes(2**20)) for _ in range(64)] and b''"

    async def run() -> list[bytes | str]:
        async with open_sandbox(TAKEN_OVER, children=1, seconds=1) as sandbox:
            # The flood is an answer to the first job (empty and done), then rubbish.
            jobs = (job(flood), bytes(40 * 2**20), OK)
            return [await outcome(sandbox, each) for each in jobs]

    assert in_loop(run()) == [b"", "timeout", b"ok"]


def test_forty_megabytes_go_in_and_out(in_loop: InLoop) -> None:
    async def run() -> bytes:
        async with open_sandbox("zlib:decompress", children=1) as sandbox:
            content = os.urandom(40 * 2**20)
            assert await sandbox.run(zlib.compress(content, 0)) == content
            return b"done"

    assert in_loop(run()) == b"done"


def test_jobs_run_in_both_children_at_once(in_loop: InLoop) -> None:
    async def run() -> None:
        async with open_sandbox(TAKEN_OVER) as sandbox:
            await sandbox.warm_up()
            nap = job(f"{imported('time')}.sleep(0.5) or str({imported('os')}.getpid()).encode()")
            started = time.monotonic()
            pids = await asyncio.gather(sandbox.run(nap), sandbox.run(nap))
            assert time.monotonic() - started < 0.95
            assert len(set(pids)) == 2

    in_loop(run())


def test_a_cancelled_caller_does_not_shift_answers(in_loop: InLoop) -> None:
    async def run() -> None:
        async with open_sandbox(TAKEN_OVER, children=1) as sandbox:
            await sandbox.warm_up()
            waiting = asyncio.create_task(
                sandbox.run(job(f"{imported('time')}.sleep(1) or b'old'"))
            )
            queued = asyncio.create_task(sandbox.run(OK))
            await asyncio.sleep(0.05)
            queued.cancel()
            waiting.cancel()
            await asyncio.wait((waiting, queued))
            assert [await sandbox.run(job(f"b'{n}'")) for n in range(5)] == [
                str(n).encode() for n in range(5)
            ]

    in_loop(run())


def test_a_caller_cancelled_while_its_child_starts_leaves_none_behind(in_loop: InLoop) -> None:
    async def run() -> None:
        async with open_sandbox(TAKEN_OVER, children=1) as sandbox:
            for _ in range(3):
                starting = asyncio.create_task(sandbox.run(OK))
                await asyncio.sleep(0.01)
                starting.cancel()
                await asyncio.wait((starting,))
            assert await sandbox.run(OK) == b"ok"
            alive = [c for c in _ours() if c.status() != psutil.STATUS_ZOMBIE]
            assert len(alive) == 1

    in_loop(run())


def test_closing_ends_a_child_at_work_and_refuses_who_waits(in_loop: InLoop) -> None:
    async def run() -> list[bytes | str]:
        sandbox = Sandbox(TAKEN_OVER, children=1)
        await sandbox.warm_up()
        sleep = job(f"{imported('time')}.sleep(60) or b''")
        tasks = [asyncio.create_task(outcome(sandbox, each)) for each in (sleep, sleep, OK)]
        await asyncio.sleep(0.05)
        sandbox.close()
        assert _ours() == []
        return [*await asyncio.gather(*tasks), await outcome(sandbox, OK)]

    assert in_loop(run()) == ["closed"] * 4


def test_a_child_that_cannot_start_is_an_error_at_once(in_loop: InLoop) -> None:
    async def run() -> None:
        async with open_sandbox("no_such_module:f") as sandbox:
            with pytest.raises(SandboxError, match="unstartable"):
                await sandbox.warm_up()
            assert await outcome(sandbox, OK) == "unstartable"

    in_loop(run())


@pytest.mark.parametrize(
    "deed",
    [
        "open('/tmp/speakup-sandbox-test', 'wb') and b''",
        "open('/etc/passwd').read().encode()",
        f"{imported('os')}.listdir('/') and b''",
        f"{imported('os')}.mkdir('/tmp/speakup-sandbox-test') or b''",
        f"{imported('os')}.unlink('/tmp/speakup-no-such-file') or b''",
        f"{imported('_socket')}.socket() and b''",
        f"{imported('os')}.fork() and b''",
        f"{imported('os')}.execv('/bin/true', ['true'])",
        f"{imported('os')}.kill({imported('os')}.getppid(), 0) or b''",
        f"{imported('os')}.dup(0) and b''",
    ],
)
async def test_a_child_that_was_taken_over_cannot(deed: str) -> None:
    async with open_sandbox(TAKEN_OVER, children=1) as sandbox:
        with pytest.raises(SandboxError, match=r"^(PermissionError|OSError|ModuleNotFoundError)$"):
            await sandbox.run(job(deed))


async def test_a_child_sees_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEAKUP_DATABASE_URL", "postgresql://secret")
    async with open_sandbox(TAKEN_OVER, children=1) as sandbox:
        seen = await sandbox.run(job(f"repr(dict({imported('os')}.environ)).encode()"))
    assert b"SPEAKUP" not in seen
    assert b"secret" not in seen


async def test_what_a_child_prints_does_not_get_between_the_frames() -> None:
    async with open_sandbox(TAKEN_OVER, children=1) as sandbox:
        assert await sandbox.run(job("print('x' * 100) or b'first'")) == b"first"
        assert await sandbox.run(OK) == b"ok"


async def test_every_codec_works_in_a_child() -> None:
    async with open_sandbox(TAKEN_OVER, children=1) as sandbox:
        for codec in (
            "kz1048",
            "koi8-r",
            "iso2022_jp",
            "gb18030",
            "utf-7",
            "cp949",
            "mac-cyrillic",
        ):
            assert await sandbox.run(job(f"b'abc'.decode({codec!r}).encode()")) == b"abc"


async def threaded(*jobs: bytes) -> list[bytes | str]:
    """Outcomes in a child that may start threads."""
    async with open_sandbox(TAKEN_OVER, children=1, threads=True) as sandbox:
        return [await outcome(sandbox, each) for each in jobs]


START = f"{imported('_thread')}.start_new_thread(print, ()) and b'ok'"


def test_a_child_can_start_a_thread_only_where_it_may(in_loop: InLoop) -> None:
    assert in_loop(outcomes(job(START))) == ["RuntimeError"]
    assert in_loop(threaded(job(START))) == [b"ok"]


def test_a_child_that_may_start_threads_starts_no_process_and_opens_nothing(
    in_loop: InLoop,
) -> None:
    system = imported("os")
    jobs = (
        job(f"{system}.fork() and b''"),
        job(f"{system}.posix_spawn('/bin/true', ['true'], {{}}) and b''"),
        job(f"{system}.execv('/bin/true', ['true'])"),
        job("open('/etc/passwd').read().encode()"),
        job(f"{imported('socket')}.socket() and b''"),
        job(f"{system}.kill(1, 0) or b''"),
    )
    refused = in_loop(threaded(*jobs))
    assert set(refused) <= {"PermissionError", "OSError"}
