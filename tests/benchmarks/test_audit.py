"""What an audit of a million frames costs, in a process of its own: time, memory, and beside merely reading them."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from deploy.local.environment import environment_of
from schemas.settings import Settings
from tests.benchmarks.audit_world import CAMERAS, HUNDRED, MODEL, write

FRAMES = int(os.environ.get("FRAMES", "1000000"))
ROUNDS = 3
LIMIT_S = 60.0
LIMIT_BYTES = 500 * 1000 * 1000
REPORT = Path("build/bench/audit.json")

BARE = """
import os, sys
from confluent_kafka import Consumer, TopicPartition
server, *topics = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": server, "group.id": "bare", "enable.auto.commit": False})
known = consumer.list_topics(timeout=10).topics
logs = [TopicPartition(topic, number, 0) for topic in topics for number in known[topic].partitions]
left = sum(consumer.get_watermark_offsets(log, timeout=10)[1] for log in logs)
consumer.assign(logs)
while left:
    left -= sum(message.error() is None for message in consumer.consume(2000, 1.0))
os._exit(0)
"""


AUDIT = """
import atexit, sys
from pathlib import Path
from deploy.cli import main
atexit.register(lambda: sys.stderr.write(Path("/proc/self/status").read_text()))
main(["audit", "--json"])
"""


def run(code: str, settings: Settings, *arguments: str) -> tuple[float, str, str]:
    """Seconds, and what it printed to stdout and stderr."""
    begun = time.perf_counter()
    environment = {**os.environ, **environment_of(settings)}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return time.perf_counter() - begun, done.stdout, done.stderr


def peak_memory(status: str) -> int:
    """Bytes, of the process itself: what `wait4` tells of a child includes its parent's before the exec."""
    return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])  # type: ignore[index]


@pytest.mark.timeout(900)
def test_a_million_frames(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write(settings, FRAMES)
    names = settings.names
    topics = [names.captures, names.skips, names.dead_letters, names.results(MODEL)]
    bare, audits = [], []
    for _ in range(ROUNDS):
        bare.append(run(BARE, settings, settings.bootstrap_servers, *topics)[0])
        seconds, printed, status = run(AUDIT, settings)
        audits.append((seconds, peak_memory(status)))
        report = json.loads(printed)
        share = FRAMES // len(CAMERAS)
        assert report["clean"]
        assert [account["camera"] for account in report["accounts"]] == sorted(CAMERAS)
        assert all(account["captured"] == account["delivered"] == share for account in report["accounts"])
        found = {name: sum(one[name] for one in report["accounts"]) for name in ("inferred", "dead", "stale")}
        each = FRAMES // HUNDRED
        assert found == {"inferred": FRAMES - 2 * each, "dead": each, "stale": each}
        assert (report["repeats"], report["conflicts"], report["uncounted"]) == (0, 0, [])
    seconds, memory = statistics.median(one for one, _ in audits), max(one for _, one in audits)
    reading = statistics.median(bare)
    figures = {
        "frames": FRAMES,
        "seconds": round(seconds, 1),
        "megabytes": round(memory / 1e6),
        "bare_seconds": round(reading, 1),
        "ratio": round(seconds / reading, 2),
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(figures) + "\n")
    with capsys.disabled():
        print(  # noqa: T201
            f"\naudit of {FRAMES:,} frames: {seconds:.1f} s, {memory / 1e6:.0f} MB; merely reading the same records "
            f"{reading:.1f} s, ratio {seconds / reading:.2f}"
        )
    assert seconds < LIMIT_S
    assert memory < LIMIT_BYTES
