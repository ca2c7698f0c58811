"""Runs Apache Kafka on loopback until it is interrupted or its parent ends: `python3 start.py [folder]`.

Prints the address to set as SPEAKUP_KAFKA_BOOTSTRAP. Without a folder the data are in a temporary one.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embedded.apache_kafka import start_kafka
from embedded.child import StartError


def main() -> int:
    """The exit status."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGTERM.value)  # PR_SET_PDEATHSIG
    with tempfile.TemporaryDirectory(prefix="speakup-kafka-") as temporary:
        try:
            with start_kafka(Path(sys.argv[1] if len(sys.argv) > 1 else temporary)) as kafka:
                sys.stdout.write(f"SPEAKUP_KAFKA_BOOTSTRAP={kafka.bootstrap}\n")
                sys.stdout.flush()
                stopped.wait()
                kafka.stop()
        except StartError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
