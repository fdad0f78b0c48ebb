"""One slot between a camera's reader and its encoder: the newest frame wins, or the reader waits."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """A slot for one item; closing it lets nothing more in, and what is in can still be taken."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._item: T | None = None
        self._closed = False

    def put(self, make: Callable[[], T], *, wait: bool) -> T | None:
        """Put in what `make` gives, and hand back the item that it replaced, if there was one.

        With `wait`, wait until the slot is free instead of replacing. `make` is called only when its item will be in
        the slot, never on a closed mailbox: so a frame is offered and counted exactly when it is accepted.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: self._closed or self._item is None)
            if self._closed:
                return None
            replaced, self._item = self._item, make()
            self._changed.notify_all()
            return replaced

    def take(self) -> T | None:
        """Wait for an item and take it; None when the mailbox is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._item is not None)
            item, self._item = self._item, None
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """Let nothing more in."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
