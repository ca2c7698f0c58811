"""Makes .venv with the pinned packages: `python3 deploy/setup.py [--dev]`. Costs nothing the second time.

Standard library only, and readable by old Pythons, so that they can say that they are too old.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "unfinished"
"""There while packages are being unpacked: if it is found, the folder is made anew."""

MEGABYTES = {"requirements.lock": (260, 575), "requirements-dev.lock": (395, 1200)}
"""To fetch, and on disk, at most: measured on Linux, x86-64."""

TROUBLE = (
    ("No space left on device", "the disk is full; free some space and run it again"),
    (
        "DO NOT MATCH THE HASHES",
        "a package is not the one that was pinned, so it was not installed",
    ),
    ("NewConnectionError", "the package index can't be reached; is the network there?"),
    ("name resolution", "the package index can't be reached; is the network there?"),
    ("Read timed out", "the package index doesn't answer; run it again, what was fetched is kept"),
    (
        "No matching distribution found",
        "the package index has no fitting package (is the network there? is this Python too new?)",
    ),
)


class SetupError(Exception):
    """The set-up can't go on; the text says why and what to do."""


def main() -> int:
    """The exit status."""
    if sys.version_info < OLDEST:
        return other_python()
    lock = "requirements-dev.lock" if "--dev" in sys.argv[1:] else "requirements.lock"
    try:
        with open(__file__, "rb") as turn:  # noqa: PTH123
            if is_done(lock):
                return 0
            # One at a time: `make run` and `make test` may be started together.
            fcntl.flock(turn, fcntl.LOCK_EX)
            if not is_done(lock):
                install(lock)
    except SetupError as error:
        say(f"\nset-up stopped: {error}")
        return 1
    except OSError as error:
        say(f"\nset-up stopped: {error.strerror} ({error.filename})")
        return 1
    except KeyboardInterrupt:
        say("\ninterrupted; run it again and it goes on")
        return 130
    return 0


def other_python() -> int:
    """Become a newer Python if there is one, else say that one is needed."""
    for minor in range(OLDEST[1], 15):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer] + sys.argv)  # noqa: S606, RUF005
    say(
        "Python {}.{} or newer is needed; python3 is {}.{}. Install one (Debian 12, Ubuntu 24.04: "
        "apt-get install python3 python3-venv)".format(*(OLDEST + sys.version_info[:2]))
    )
    return 1


def is_done(lock: str) -> bool:
    """Whether all that the lock and pyproject.toml ask for is installed, here."""
    return is_noted(lock) and is_noted("pyproject.toml")


def is_noted(asked: str) -> bool:
    """Whether what this file asks for is installed, by the note that is written when it is."""
    try:
        noted = note(asked).read_text() == wanted(asked)
    except OSError:
        return False
    return noted and PYTHON.exists() and not UNFINISHED.exists()


def note(asked: str) -> Path:
    """Where it is noted."""
    return VENV / f"installed-{asked}"


def wanted(asked: str) -> str:
    """What the note says when all is well. The path counts: scripts in the folder hold it."""
    return f"{hashlib.sha256((ROOT / asked).read_bytes()).hexdigest()} {VENV}\n"


def install(lock: str) -> None:
    """Everything that is missing, from whatever state. Raises SetupError."""
    begin = time.monotonic()
    if not is_noted(lock):
        require_space(lock)
        make_venv()
        install_packages(lock)
    say("installing the project itself ...")
    pip(1, "--no-deps", "--no-build-isolation", "-e", str(ROOT))
    note("pyproject.toml").write_text(wanted("pyproject.toml"))
    say(f"installed in {time.monotonic() - begin:.0f} s")


def require_space(lock: str) -> None:
    """Raises SetupError if the disk can't hold it."""
    needed = MEGABYTES[lock][1] + 100
    free = shutil.disk_usage(str(ROOT)).free // 2**20
    if not VENV.exists() and free < needed:
        raise SetupError(f"the disk is full: {ROOT} has {free} MB left, and {needed} MB are needed")


def install_packages(lock: str) -> None:
    """What the lock names, each checked by its hash. Raises SetupError."""
    lines = (ROOT / lock).read_text().splitlines()
    packages = sum(
        "==" in line and "win32'" not in line.replace("!= 'win32'", "") for line in lines
    )
    say(f"installing {packages} packages (about {MEGABYTES[lock][0]} MB to fetch) ...")
    pip(packages, "--require-hashes", "--only-binary", ":all:", "-r", str(ROOT / lock))
    note(lock).write_text(wanted(lock))
    if lock == "requirements-dev.lock":
        # It holds all of the other, in the same versions.
        note("requirements.lock").write_text(wanted("requirements.lock"))


def make_venv() -> None:
    """An empty environment where there is none, or a broken one. Raises SetupError."""
    works = (
        PYTHON.exists() and not UNFINISHED.exists() and any(VENV.glob("lib/*/site-packages/pip"))
    )
    if works and (VENV / "made-at").exists() and (VENV / "made-at").read_text() == str(VENV):
        return
    try:
        import ensurepip  # noqa: F401 - Debian keeps it in another package
        import venv
    except ImportError:
        raise SetupError(
            "Python's venv module is missing. Install it with: {}apt-get install python3-venv".format(
                "" if os.geteuid() == 0 else "sudo "
            )
        ) from None
    say(f"making the virtual environment {VENV} ...")
    try:
        venv.create(str(VENV), clear=True, with_pip=True, symlinks=True)
    except subprocess.CalledProcessError as error:
        raise SetupError(f"Python's venv failed: {error}") from None
    (VENV / "made-at").write_text(str(VENV))


def pip(packages: int, *arguments: str) -> None:
    """`pip install`, its progress in one line. Raises SetupError."""
    command = [str(PYTHON), "-I", "-m", "pip", "install", "--no-input", "--retries", "2"]
    process = subprocess.Popen(  # noqa: S603 - our own virtual environment's pip
        command + ["--progress-bar", "off", "--disable-pip-version-check"] + list(arguments),  # noqa: RUF005
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(os.environ, PIP_USER="0", PIP_ROOT_USER_ACTION="ignore"),
        universal_newlines=True,
    )
    said = []
    progress = Progress(packages)
    try:
        for line in process.stdout or ():
            said.append(line)
            progress.heard(line.strip())
        status = process.wait()
    finally:
        process.kill()
        process.wait()
        progress.end()
    if status != 0:
        raise SetupError(trouble("".join(said[-60:]), status))
    UNFINISHED.unlink(missing_ok=True)


def trouble(said: str, status: int) -> str:
    """A sentence for what pip said before it ended with this status."""
    errors = [line.strip() for line in said.splitlines() if "ERROR" in line or "error:" in line]
    for sign, sentence in TROUBLE:
        if sign in said:
            return sentence
    if status < 0:
        return f"pip was killed (signal {-status}: too little memory?); run it again and it goes on"
    return f"pip failed: {errors[-1] if errors else said.strip()[-300:]}"


class Progress:
    """pip's words, made into one line that moves (a terminal), or a line now and then (a file)."""

    def __init__(self, packages: int) -> None:
        self.packages, self.seen, self.shown = packages, 0, 0.0
        self.terminal = sys.stdout.isatty()

    def heard(self, line: str) -> None:
        """A line of pip's."""
        words = line.split()
        if line.startswith("Collecting"):
            self.seen += 1
            self.show("{:3d} of {}: {}".format(self.seen, self.packages, words[1].split("==")[0]))
        elif line.startswith("Installing collected packages"):
            UNFINISHED.touch()
            self.show(f"unpacking {self.packages}; this takes a minute at most ...", now=True)

    def show(self, text: str, *, now: bool = False) -> None:
        """Show it: at once on a terminal, at most every 3 s otherwise."""
        if self.terminal:
            sys.stdout.write(f"\r  {text[:70]:<70}")
            sys.stdout.flush()
        elif now or time.monotonic() - self.shown > 3:
            self.shown = time.monotonic()
            say("  " + text)

    def end(self) -> None:
        """Leave the line."""
        if self.terminal:
            sys.stdout.write("\r{:<74}\r".format(""))
            sys.stdout.flush()


def say(text: str) -> None:
    """A line for the person in front of it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
