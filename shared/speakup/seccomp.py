"""A process gives up, for good, every system call but those for computing (Linux, seccomp).

What it still may do: read and write what is open already, manage its memory, tell the time, end. Anything
else (open a file, connect, start a program, signal or look into another process, delete by path) fails with
EPERM. Where the kernel or the machine isn't known, nothing happens: this is the second wall, after limits.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

# audit architecture, then the numbers (linux/arch/*/entry/syscalls) of: read, write, close, brk, mmap,
# munmap, mremap, mprotect, madvise, futex, exit, exit_group, rt_sigaction, rt_sigprocmask, rt_sigreturn,
# sigaltstack, setitimer, clock_gettime, clock_nanosleep, getrandom, getpid, gettid, getrusage, sched_yield,
# restart_syscall, fstat
# fmt: off
_CALLS = {
    "x86_64": (
        0xC000003E,
        [0, 1, 3, 12, 9, 11, 25, 10, 28, 202, 60, 231, 13,
         14, 15, 131, 38, 228, 230, 318, 39, 186, 98, 24, 219, 5],
    ),
    "aarch64": (
        0xC00000B7,
        [63, 64, 57, 214, 222, 215, 216, 226, 233, 98, 93, 94, 134,
         135, 139, 132, 103, 113, 115, 278, 172, 178, 165, 124, 128, 80],
    ),
}
# fmt: on

# clone, clone3, set_robust_list, rseq: with these glibc starts a thread.
_THREADS = {0xC000003E: (56, 435, 273, 334), 0xC00000B7: (220, 435, 99, 293)}
_A_THREAD = 0x3D0F00
"""What glibc gives to clone for one, CLONE_THREAD among it: never another process."""

_LOAD, _IS, _RETURN = 0x20, 0x15, 0x06  # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
_NUMBER, _ARCHITECTURE, _FIRST = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x80000000
_UNKNOWN = 0x00050000 | errno.ENOSYS

_PR_SET_SECCOMP, _FILTER = 22, 2


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def compute_only(*, threads: bool = False) -> bool:
    """Whether it took effect. The process must have set PR_SET_NO_NEW_PRIVS before.

    With `threads` it may start threads, which have the same bounds: some decoders can't do without.
    """
    if platform.system() != "Linux" or platform.machine() not in _CALLS:
        return False
    code = _instructions(*_CALLS[platform.machine()], threads=threads)
    program = _Program(len(code) // 8, code)
    prctl = ctypes.CDLL(None).prctl
    prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)
    return bool(prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program)) == 0)


def _instructions(architecture: int, numbers: list[int], *, threads: bool) -> bytes:
    """struct sock_filter, one after another: code, jump if true, jump if false, constant."""
    clone, clone3, *others = _THREADS[architecture]
    numbers = [*numbers, *others] if threads else numbers
    starts = [
        # glibc goes back from clone3, whose flags can't be seen here, to clone where that is unknown.
        (_IS, 0, 1, clone3),
        (_RETURN, 0, 0, _UNKNOWN),
        (_IS, 0, 4, clone),
        (_LOAD, 0, 0, _FIRST),
        (_IS, 0, 1, _A_THREAD),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _FAIL),
    ]
    program = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_IS, 1, 0, architecture),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *(starts if threads else ()),
        *((_IS, len(numbers) - place, 0, number) for place, number in enumerate(numbers)),
        (_RETURN, 0, 0, _FAIL),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)
