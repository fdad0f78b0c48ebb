"""`python -m tests.soak --minutes 60`: exit code 0 if nothing grows, every frame is explained and none still waits."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from tests.soak.run import soak
from tests.soak.verdict import cores, failures, lines, summary


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    default = Path("build/soak", time.strftime("%Y%m%d-%H%M%S") + ".csv")
    parser.add_argument("--log", type=Path, default=default, help="the CSV file of samples; logs go beside it")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started ends, too
    say(f"soaking for {arguments.minutes:g} minutes, samples in {arguments.log}")
    found, sampler = soak(arguments.minutes, arguments.log, say)
    trends = lines(sampler, arguments.minutes)
    failed = failures(found, trends)
    say(f"\n{'service':28}{'what':14}{'first':>10}{'last':>10}{'an hour':>10}")
    for line in trends:
        say(str(line))
    say("medians of the first and the last quarter after the warm-up, and the slope (Theil-Sen)\n")
    say(found.report)
    for failure in failed:
        say(f"not passed: {failure}")
    say(summary(found, trends, cores(sampler), failed))
    return 1 if failed else 0


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # a command's output


if __name__ == "__main__":
    sys.exit(main())
