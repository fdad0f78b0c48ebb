"""How one camera is doing, as its worker sees it."""

from __future__ import annotations

from datetime import datetime
from threading import Lock

from schemas.messages import Camera, CameraState, CameraStatus


class StatusBoard:
    """The state of one camera, since when, and its measured rate; safe for many threads."""

    def __init__(self, camera: Camera, owner: str, now: datetime) -> None:
        self._lock = Lock()
        self._status = CameraStatus(
            camera=camera.id, site=camera.site, state=CameraState.CONNECTING, since=now, owner=owner
        )
        self._offered = 0
        self._size: tuple[int, int] | None = None
        self._measured = (now, 0)

    @property
    def state(self) -> CameraState | str:
        """The camera's state."""
        return self._status.state

    def change(self, state: CameraState, now: datetime, *, error: str | None = None, note: str | None = None) -> bool:
        """Set the state, what is wrong and what else there is to say; whether anything is new."""
        with self._lock:
            status = self._status
            if (state, error, note) == (status.state, status.error, status.note):
                return False
            since = status.since if state is status.state else now
            update: dict[str, object] = {"state": state, "since": since, "error": error, "note": note}
            if error is not None:
                update |= {"last_error": error, "last_error_at": now}
            self._status = status.model_copy(update=update)
            return True

    def claimed(self, run: int) -> None:
        """The camera's run is known."""
        with self._lock:
            self._status = self._status.model_copy(update={"run": run})

    def offered(self, width: int, height: int) -> None:
        """The camera gave a picture of this size."""
        self._offered += 1
        self._size = (width, height)

    def snapshot(self, now: datetime) -> CameraStatus:
        """The status now; the rate is that since the last snapshot at least one second ago."""
        with self._lock:
            update: dict[str, object] = {}
            then, before = self._measured
            elapsed = (now - then).total_seconds()
            if elapsed >= 1.0:
                update["fps"] = round((self._offered - before) / elapsed, 2)
                self._measured = (now, self._offered)
            if self._size:
                update["width"], update["height"] = self._size
            self._status = self._status.model_copy(update=update)
            streams = self._status.state in (CameraState.STREAMING, CameraState.STILL)
            return self._status if streams else self._status.model_copy(update={"fps": None})
