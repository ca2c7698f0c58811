"""Apache Kafka for tests and faults: one KRaft node on loopback, from the jars of `make kafka`.

    with start_kafka(folder) as kafka:
        kafka.bootstrap  # 127.0.0.1:…

Standard library only: `deploy/kafka/start.py` runs it without the virtual environment.
"""

from __future__ import annotations

import base64
import shutil
import signal
import subprocess
from pathlib import Path

from embedded import child, ports
from embedded.server import ServerProcess

HERE = Path(__file__).parent.parent / "kafka"
JARS = HERE / "target" / "jars"

_JAVA_OPTIONS = ("-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# Always the same one: a random one begins with "-" in one of 64, which the tool takes for an option.
_CLUSTER_ID = base64.urlsafe_b64encode(b"speak-up-testing").decode().rstrip("=")
_LOGGING = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=error",)


class Kafka(ServerProcess):
    """A broker on a folder. `start` again after `stop` or `kill`: same port, same data."""

    name = "Apache Kafka"
    _stop_by = (signal.SIGTERM, 10)

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._log = self._folder / "kafka.log"
        self.port = 0

    @property
    def bootstrap(self) -> str:
        """host:port."""
        return f"{ports.HOST}:{self.port}"

    def start(self) -> None:
        """Start, formatting the folder if it is new. Raises StartError. Takes some seconds."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.port:
            self._configure()
            # The folder's name carries the id, so that a formatted folder is known as such.
            self._run("kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-g", "-c")
        self._process = self._spawn("kafka.Kafka")
        child.wait_until(lambda: ports.accepts(self.port), self._process, self.name, self._log, 60)

    def __exit__(self, *_: object) -> None:
        # A throw-away's data go with it.
        self.kill()

    def _configure(self) -> None:
        self.port, controller = ports.free_port(), ports.free_port()
        fixed = (HERE / "server.properties").read_text()
        (self._folder / "server.properties").write_text(
            f"{fixed}\n"
            f"listeners=PLAINTEXT://{self.bootstrap},CONTROLLER://{ports.HOST}:{controller}\n"
            f"advertised.listeners=PLAINTEXT://{self.bootstrap}\n"
            f"controller.quorum.voters=1@{ports.HOST}:{controller}\n"
            f"log.dirs={self._folder / 'data'}\n"
        )

    def _run(self, program: str, *arguments: str) -> None:
        process = self._spawn(program, *arguments)
        try:
            status = process.wait(60)
        finally:
            child.stop(process, signal.SIGKILL, 0)
        if status != 0:
            raise child.StartError(f"{self.name} can't format: {child.last_line(self._log)}")

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        java = shutil.which("java")
        if java is None or not JARS.is_dir():
            raise child.StartError(
                "Apache Kafka needs Java 17 and its jars: "
                "apt-get install openjdk-17-jre-headless maven && make kafka"
            )
        classes = f"-cp {JARS}/*".split(maxsplit=1)
        settings = self._folder / "server.properties"
        return child.spawn(
            [java, *_JAVA_OPTIONS, *_LOGGING, *classes, program, *arguments, settings],
            log=self._log,
            death=signal.SIGKILL,
            folder=self._folder,
        )


def start_kafka(folder: Path) -> Kafka:
    """A started throw-away broker with its data under `folder`."""
    kafka = Kafka(folder / "kafka")
    kafka.start()
    return kafka
