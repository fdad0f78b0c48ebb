"""What every fault is to the drill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from schemas.messages import FrameAddress
from tests.chaos.world import World


@dataclass
class Strike:
    """What a fault did, once it is over.

    `shaken` counts how often a worker may have lost its place in the group, at so many `moments`: each may repeat its
    window, and for each moment what was recorded since the last commits. `torn` counts how often one may only have lost
    the answers to what it was sending: each may repeat its window. `lethal` and `expired` name the frames that must end
    so. `check` raises AssertionError when something that only this fault can know is wrong; it is called when the
    system has recovered.
    """

    what: str
    shaken: int = 0
    moments: int = 1
    torn: int = 0
    lethal: set[FrameAddress] = field(default_factory=set)
    expired: set[FrameAddress] = field(default_factory=set)
    check: Callable[[], None] = lambda: None


class Fault(Protocol):
    """One kind of fault; `strike` returns when the fault is over and only its consequences are left."""

    name: str

    def strike(self, world: World) -> Strike: ...
