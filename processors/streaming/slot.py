"""A worker's place on this machine: who starts in the place of one that was killed makes the group forget that one."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

from schemas.errors import SettingsError

log = logging.getLogger(__name__)


class Slot:
    """A file that the worker in this place locks as long as it lives, and writes its member id into.

    It only saves a wait: once taken, a disk that is full or read-only is logged and harms no worker.

    The kernel gives the lock up when a process ends, however it ends, and not while it is merely stopped. So whoever
    has the lock knows that the member in the file is dead: its session need not be waited for. Two that start in the
    same place are two workers; the later one has no place until the other has gone. The file must be on a disk of this
    machine.
    """

    def __init__(self, path: Path) -> None:
        """Take the place, if it is free.

        Raises:
            SettingsError: The file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a+")
        except OSError as error:
            raise SettingsError(
                f"FRAMEBUS_SLOT={path}: {error.strerror}; expected a file that can be written"
            ) from None
        self._taken = self._lock()
        if not self._taken:
            log.warning("another worker is in this place slot=%s", path)
        self._file.seek(0)
        self.predecessor = self._file.read() if self._taken else ""
        """The member id of the worker that was here before and is dead; empty: there was none."""

    def note(self, member: str) -> None:
        """This worker is `member` of the group from now on; the place is its own if nobody else is in it any more."""
        self._taken = self._taken or self._lock()
        if self._taken:
            try:
                os.ftruncate(self._file.fileno(), 0)
                os.pwrite(self._file.fileno(), member.encode(), 0)
            except OSError as error:
                log.warning("place not noted slot=%s error=%s", self._file.name, error.strerror)

    def close(self) -> None:
        """Leave the place; that a member is in the file which left the group in order harms nobody."""
        self._file.close()

    def _lock(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
