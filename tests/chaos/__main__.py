"""`python -m tests.chaos`: strike a whole system with faults drawn from a seed, and see whether it keeps its word."""

from __future__ import annotations

import argparse
import random
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.cameras import FILES
from tests.chaos.drill import FULL_S, ChaosError, Drill, draw
from tests.chaos.faults import BY_NAME, FAULTS, RTSP_FAULTS
from tests.chaos.world import World


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=FULL_S, help="how long faults go on")
    parser.add_argument("--seed", type=int, default=None, help="what the faults are drawn from; printed when chosen")
    parser.add_argument("--only", nargs="+", choices=sorted(BY_NAME), metavar="FAULT", help="just these, in this order")
    parser.add_argument(
        "--cameras", type=int, default=FILES, help=f"how many; from the {FILES + 1}th on they are of an RTSP server"
    )
    arguments = parser.parse_args()
    able = (*FAULTS, *(RTSP_FAULTS if arguments.cameras > FILES else ()))
    chosen = [BY_NAME[name] for name in arguments.only or ()]
    if arguments.cameras < FILES or not set(chosen) <= set(able):
        parser.error(f"expected {FILES} cameras or more, and more for {', '.join(one.name for one in RTSP_FAULTS)}")
    seed = secrets.randbelow(1_000_000) if arguments.seed is None else arguments.seed
    folder = Path(tempfile.mkdtemp(prefix="framebus-chaos-"))
    say(f"chaos seed={seed} seconds={arguments.seconds:g} logs={folder / 'logs'}")
    chance = random.Random(seed)
    failure = None
    begun = time.monotonic()
    with World(folder, chance, cameras=arguments.cameras) as world:
        say(f"the system is up after {time.monotonic() - begun:.1f} s; every client goes through {world.proxy.address}")
        drill = Drill(world, say)
        try:
            drill.run(chosen or draw(chance, arguments.seconds, faults=able))
        except ChaosError as error:
            failure = str(error)
        last = drill.last_line(seed)
    if failure:
        say(f"FAILED: {failure}")
        say(f"logs: {folder / 'logs'}   again: python -m tests.chaos --seed {seed} --cameras {arguments.cameras}")
    else:
        shutil.rmtree(folder)
    say(last)
    return 1 if failure else 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
