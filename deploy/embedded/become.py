"""Becomes another program: under another user if told so, and ended by a signal when its parent ends.

    python -I -S become.py <signal> <parent pid> <uid or -> <gid or -> <program> [argument ...]

A step of its own because `preexec_fn` is unsafe where there are threads. The signal (Linux' PR_SET_PDEATHSIG)
is set after the change of user, which clears it, and survives the exec.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Never returns: this process is the program from here on."""
    death, parent, uid, gid, *command = sys.argv[1:]
    if uid != "-":
        os.setgroups([])
        os.setgid(int(gid))
        os.setuid(int(uid))
    os.umask(0o077)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death))
        if os.getppid() != int(parent):
            sys.exit("the parent ended meanwhile")
    os.execv(command[0], command)  # noqa: S606 - no shell, and that is the purpose


if __name__ == "__main__":
    main()
