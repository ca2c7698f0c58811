"""`make bench`: prints each figure beside its baseline, and where the time goes."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import uvloop

from tests.bench import accepting, calling, hearing, latency, listing, opening, reading, stages

PARTS = {
    "accepting": accepting.measure,
    "opening": opening.measure,
    "latency": latency.measure,
    "calls": calling.measure,
    "hearing": hearing.measure,
    "reading": reading.measure,
    "listing": listing.measure,
    "stages": stages.measure,
}


async def main(chosen: list[str]) -> None:
    """Measure the chosen parts, or all."""
    for name in chosen or list(PARTS):
        with tempfile.TemporaryDirectory(prefix="speakup-bench-") as folder:
            Path(folder).chmod(0o755)
            print(await PARTS[name](Path(folder)), flush=True)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1:]))
