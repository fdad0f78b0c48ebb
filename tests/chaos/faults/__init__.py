"""Every kind of fault."""

from __future__ import annotations

from typing import Final

from tests.chaos.faults.broker import FreezeBroker, KillBroker, StopBroker
from tests.chaos.faults.fault import Fault, Strike
from tests.chaos.faults.frames import DeadlyFrame, Expire, KillWhileSlow, SlowFrames
from tests.chaos.faults.network import Cut, Delay, Flap, HalfClose, KillDuringCut, LongCut, Stall
from tests.chaos.faults.processes import (
    FreezeApi,
    FreezeCapture,
    FreezeWorker,
    KillAllWorkers,
    KillApi,
    KillCapture,
    KillRtspServer,
    KillWorker,
    PauseWorker,
    Scale,
)
from tests.chaos.pictures import HANGING, LETHAL

FAULTS: Final[tuple[Fault, ...]] = (
    KillWorker(),
    KillAllWorkers(),
    PauseWorker(),
    FreezeWorker(),
    KillCapture(),
    FreezeCapture(),
    KillApi(),
    FreezeApi(),
    Scale(),
    StopBroker(),
    KillBroker(),
    FreezeBroker(),
    Cut(),
    LongCut(),
    Flap(),
    Stall(),
    Delay(),
    HalfClose(),
    KillDuringCut(),
    DeadlyFrame("lethal-frame", LETHAL),
    DeadlyFrame("hanging-frame", HANGING),
    SlowFrames(),
    KillWhileSlow(),
    Expire(),
)
"""One of each kind that strikes any system."""
RTSP_FAULTS: Final[tuple[Fault, ...]] = (KillRtspServer(),)
"""And of each that needs cameras of an RTSP server."""

BY_NAME: Final = {fault.name: fault for fault in (*FAULTS, *RTSP_FAULTS)}

__all__ = ["BY_NAME", "FAULTS", "RTSP_FAULTS", "Fault", "Strike"]
