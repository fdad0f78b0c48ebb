"""How long things take in the suite, in seconds: the product's bounds where it can wait, shorter ones where it must."""

from __future__ import annotations

from typing import Final

from processors.streaming.timing import Timing

TIMING: Final = Timing(infer=2.0, watch=2.0)
"""The workers': the product's own, but for the deadline of an inference, which is 10 s there."""
SLOW_S: Final = 3.0
"""A slow frame: longer than its deadline, shorter than what makes a core count as hanging."""
PAUSE_S: Final = 4.0
"""Longer than the deadline of an inference, shorter than a worker's session."""
FREEZE_S: Final = 10.0
"""Longer than a worker's session, and than all deadlines of one inference together."""
CAPTURE_FREEZE_S: Final = 14.0
"""Longer than a capture worker's session, which is 10 s: another takes its cameras over."""
