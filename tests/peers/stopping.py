"""Ending a mail server with all that it started."""

from __future__ import annotations

import subprocess

import psutil


def stop_tree(process: subprocess.Popen[bytes]) -> None:
    """SIGTERM to the server and its children, SIGKILL to what stays."""
    tree = [psutil.Process(process.pid)]
    tree += tree[0].children(recursive=True)
    for each in tree:
        try:
            each.terminate()
        except psutil.NoSuchProcess:
            continue
    _, left = psutil.wait_procs(tree, timeout=3)
    for each in left:
        each.kill()
    process.wait(15)
