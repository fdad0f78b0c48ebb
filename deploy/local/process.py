"""Child processes that cannot outlive us: own process group, death with the parent, an end within a deadline."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import IO, Final

_LAUNCHER: Final = (
    "import ctypes, os, signal, sys\n"
    "if sys.platform == 'linux':\n"
    "    ctypes.CDLL(None).prctl(1, signal.SIGKILL)\n"  # 1 = PR_SET_PDEATHSIG, and it survives exec
    "    if os.getppid() != int(sys.argv[1]):\n"  # the parent died before we could ask
    "        os._exit(1)\n"
    "    if sys.argv[2] == 'batch':\n"
    "        try:\n"
    "            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))\n"  # for all threads to come, too
    "        except OSError:\n"  # a sandbox may forbid it
    "            pass\n"
    "os.execvp(sys.argv[3], sys.argv[3:])\n"
)

Output = IO[bytes] | int | None


def start(
    command: Sequence[str], *, output: Output, environ: Mapping[str, str] | None = None, batch: bool = False
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own; the kernel kills it when the calling thread ends (Linux).

    The group keeps a terminal's Ctrl-C away from it: who started it decides when it stops. Call this from a thread
    that lives as long as the process should, since the kernel looks at the thread and not at the process. A small
    launcher asks for that death and then becomes `command`; nothing of ours runs between fork and exec. With `batch`
    a thread of it that wakes does not interrupt another that runs (SCHED_BATCH, Linux).
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), "batch" if batch else "usual", *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=environ,
        process_group=0,
    )


def send(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the process's whole group; one that is gone already is no error."""
    if process.poll() is None:
        _signal_group(process, number)


def stop(process: subprocess.Popen[bytes], *, deadline_s: float) -> bool:
    """Ask with SIGTERM, and after the deadline end it with SIGKILL; True if asking was enough."""
    send(process, signal.SIGTERM)
    try:
        process.wait(deadline_s)
    except subprocess.TimeoutExpired:
        kill(process)
        return False
    return True


def kill(process: subprocess.Popen[bytes]) -> None:
    """End the process at once, and whatever it left in its group; harmless if all are gone."""
    # While one member lives the group's number is taken, so this cannot meet a stranger's group.
    _signal_group(process, signal.SIGKILL)
    process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
