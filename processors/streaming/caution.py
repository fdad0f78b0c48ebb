"""The crash guard: what a commit's metadata says of how its owner went, and which frames are tried one by one.

A worker writes into each commit that it is running and how far it may have begun; a clean hand-over replaces that.
Who takes over a partition that still says "running" cannot know which frame ended its predecessor, so it tries the
frames that were begun one by one, counting each attempt in the commit's metadata before it begins. So the count
survives a kill and a move to another machine, and costs nothing while all is well.
(docs/decisions/0003-crash-guard-in-commit-metadata.md)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

ATTEMPTS: Final = 3
"""A frame that ended the worker this often, tried alone, goes to the dead letters."""
FLOOR: Final = 8
"""A running mark reaches at least this many frames beyond those taken: how many may be begun before the next commit."""
OPENING: Final = 64
"""The first mark of an owner, who has no rate yet, reaches this far."""

_MARK: Final = re.compile(r"framebus (clean|running|trying)(?: until=(\d{1,19}))?(?: attempt=(\d{1,9}))?")


class Position(NamedTuple):
    """A commit: the next offset to read, and the mark that stands beside it."""

    offset: int
    mark: str = ""


CLEAN: Final = "framebus clean"
"""Everything below the offset has its outcome, and nothing above it was begun."""


def running(until: int) -> str:
    """The mark of a worker that may have begun every frame below `until`."""
    return f"framebus running until={until}"


def trying(attempt: int, until: int) -> str:
    """The mark of a worker that tries the frame at the commit's offset alone, the `attempt`-th time (from 1)."""
    return f"framebus trying until={until} attempt={attempt}"


@dataclass(frozen=True, slots=True)
class Caution:
    """Which frames to try one by one: those from `first` up to `until`, and how often `first` was tried before."""

    first: int = 0
    until: int = 0
    tried: int = 0

    @classmethod
    def read(cls, committed: Position, log_end: int) -> Self:
        """What the predecessor's commit asks for; frames from `log_end` on were not there for it to begin.

        A mark that is not ours (a tool reset the group's offsets) asks for nothing.
        """
        match = _MARK.fullmatch(committed.mark)
        if not match or match[1] == "clean":
            return cls()
        until = min(int(match[2] or 0), log_end)
        tried = int(match[3] or 0) if match[1] == "trying" else 0
        return cls(committed.offset, max(until, committed.offset + bool(tried)), tried)

    def covers(self, offset: int) -> bool:
        """Whether to try the frame at `offset` alone."""
        return self.first <= offset < self.until

    def tried_before(self, offset: int) -> int:
        """How often a worker that tried the frame at `offset` alone did not come back."""
        return self.tried if offset == self.first else 0
