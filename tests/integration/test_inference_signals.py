"""Signals after networks were freed: who loaded OpenVINO's CPU plugin is left with a stack in free memory."""

from __future__ import annotations

import signal
import subprocess
import sys

import openvino as ov
import pytest

from processors.inference.apart import apart

TAIL = """
import gc, os, signal, threading
import numpy as np
import openvino as ov
from openvino import opset13 as ops
from processors.inference.apart import apart

def build():
    pixels = ops.parameter([1, 3, 8, 8], np.float32)
    return ov.Core().compile_model(ov.Model([ops.result(ops.relu(pixels))], [pixels], "small"), "CPU")

held = [{build}]
thread = threading.Thread(target=held.clear)
thread.start()
thread.join()
gc.collect()
handled = []
signal.signal(signal.SIGUSR1, lambda *_: handled.append(1))
os.kill(os.getpid(), signal.SIGUSR1)
print(len(handled))
"""


def run(build: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", TAIL.replace("{build}", build)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_signal_after_a_network_was_freed_is_handled() -> None:
    done = run("apart(build)")
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


@pytest.mark.skipif(not ov.get_version().startswith("2026.4."), reason="measured with OpenVINO 2026.4 only")
def test_openvino_still_needs_that() -> None:
    """The defect itself, so that a release without it tells us to take `apart` out."""
    assert run("build()").returncode == -signal.SIGSEGV


def test_what_is_raised_apart_is_raised() -> None:
    with pytest.raises(ValueError, match="'gone'"):
        apart(lambda: int("gone"))
