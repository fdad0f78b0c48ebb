"""What the API remembers, bounded: recent results, and the cameras with their states."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Final, TypeVar

from api.result_record import ResultRecord
from schemas.messages import Camera, CameraState, CameraStatus, ModelReference, Result

_T = TypeVar("_T")

_RECENT: Final = 2000
_NEWEST: Final = 4096
_VERSIONS: Final = 8
"""Of one model: two while an update rolls out, and a few that came before."""

SILENT: Final = "silent"
OTHER_STATE: Final = "other"
"""A state that only a later release knows."""
CAMERA_STATES: Final = (*(state.value for state in CameraState), SILENT, OTHER_STATE)
SILENT_S: Final = 30.0
"""Six times as long as capture takes to tell of a camera again, and longer than another worker needs to take it."""


@dataclass(frozen=True, slots=True)
class ResultFilter:
    """Which results somebody wants; what is None does not matter.

    With `label` or `min_score`, one detection must meet both.
    """

    camera: str | None = None
    model: str | None = None
    label: str | None = None
    min_score: float | None = None

    def question(self) -> dict[str, str | float]:
        """What is asked for, by the names of the query's parameters."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def matches(self, result: Result) -> bool:
        """Whether `result` is wanted."""
        if self.camera not in (None, result.frame.camera) or self.model not in (None, result.model.name):
            return False
        if self.label is None and self.min_score is None:
            return True
        return any(
            self.label in (None, detection.label) and detection.score >= (self.min_score or 0.0)
            for detection in result.detections
        )


class ResultStore:
    """The newest results of all, and the newest of each camera and model however long ago; thread-safe.

    Of a frame that was sent again the result is known by its address only: it is not what a camera shows now.
    """

    def __init__(self, *, recent: int = _RECENT, newest: int = _NEWEST) -> None:
        self._lock = threading.Lock()
        self._recent: deque[ResultRecord] = deque(maxlen=recent)
        self._newest: dict[tuple[str, str], ResultRecord] = {}
        self._newest_limit = newest
        self._by_model: dict[str, dict[ModelReference, ResultRecord]] = defaultdict(dict)
        self._tell: Callable[[list[ResultRecord]], None] | None = None

    def tell(self, listener: Callable[[list[ResultRecord]], None]) -> None:
        """From now on `listener` hears of what was added, from the thread that adds."""
        self._tell = listener

    def add(self, added: Iterable[ResultRecord]) -> None:
        """Remember these records, and forget the oldest for them."""
        records = list(added)
        with self._lock:
            for record in records:
                self._recent.append(record)
                if _is_fresh(record):
                    self._keep_newest(record)
                self._keep_version(record)
            while len(self._newest) > self._newest_limit:
                del self._newest[next(iter(self._newest))]
        if self._tell is not None:
            self._tell(records)

    def recent(self, wanted: ResultFilter, *, limit: int) -> list[ResultRecord]:
        """The newest `limit` results that match, newest first; none of a frame that was sent again."""
        matching = [record for record in self._all() if _is_fresh(record) and wanted.matches(record.result)]
        return sorted(matching, key=_age, reverse=True)[:limit]

    def of(self, address: str) -> list[ResultRecord]:
        """The results of the frame at `address` that are among the newest."""
        return [record for record in self._all() if record.result.frame.address == address]

    def versions_of(self, model: str) -> list[ResultRecord]:
        """The newest result of each network that ran as `model`, newest first."""
        with self._lock:
            return sorted(self._by_model.get(model, {}).values(), key=_age, reverse=True)

    def _all(self) -> list[ResultRecord]:
        with self._lock:
            return list({id(record): record for record in (*self._recent, *self._newest.values())}.values())

    def _keep_newest(self, record: ResultRecord) -> None:
        key = (record.result.frame.camera, record.model)
        before = self._newest.pop(key, None)
        # Partitions are read in any order; what counts is when the broker appended it.
        self._newest[key] = record if before is None else max(before, record, key=_age)

    def _keep_version(self, record: ResultRecord) -> None:
        versions = self._by_model[record.model]
        reference = record.result.model
        versions[reference] = max(versions.get(reference, record), record, key=_age)
        if len(versions) > _VERSIONS:
            del versions[min(versions, key=lambda known: _age(versions[known]))]


def _is_fresh(record: ResultRecord) -> bool:
    return record.result.frame.redrive_of is None


def _age(record: ResultRecord) -> tuple[float, int]:
    return record.appended_at.timestamp(), record.offset


class CameraStore:
    """What is wanted of each camera, and how it is doing; thread-safe."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._cameras: dict[str, Camera] = {}
        self._states: dict[str, CameraStatus] = {}
        self._heard: dict[str, float] = {}
        """When something was last told of a camera, by whoever wants it or runs it: by our clock, not theirs."""

    def put(self, camera_id: str, camera: Camera | None) -> None:
        """Set what is wanted of a camera; None: it is gone."""
        with self._lock:
            _set(self._cameras, camera_id, camera)
            _set(self._heard, camera_id, self._now() if camera else None)

    def put_status(self, camera_id: str, status: CameraStatus | None) -> None:
        """Set how a camera is doing; None: nobody knows any more."""
        with self._lock:
            _set(self._states, camera_id, status)
            if status and camera_id in self._cameras:
                self._heard[camera_id] = self._now()

    def all(self) -> list[tuple[Camera, CameraStatus | None]]:
        """Every camera that is wanted, by id, with its state if it has told one."""
        with self._lock:
            return [(camera, self._states.get(name)) for name, camera in sorted(self._cameras.items())]

    def get(self, camera_id: str) -> tuple[Camera, CameraStatus | None] | None:
        """A camera that is wanted, with its state if it has told one; None: it is not."""
        with self._lock:
            camera = self._cameras.get(camera_id)
            return (camera, self._states.get(camera_id)) if camera else None

    def by_state(self) -> Counter[tuple[str, str]]:
        """How many cameras that are wanted are in which state, by site and state; with all states of each site.

        Capture tells of a camera every few seconds: one that ought to run and is not heard of is `SILENT`.
        """
        with self._lock:
            sites = {camera.site for camera in self._cameras.values()}
            counts = Counter({(site, state): 0 for site in sites for state in CAMERA_STATES})
            counts.update((camera.site, self._state(name, camera)) for name, camera in self._cameras.items())
            return counts

    def _state(self, name: str, camera: Camera) -> str:
        if not camera.enabled:
            return CameraState.STOPPED
        if self._now() - self._heard[name] > SILENT_S:
            return SILENT
        status = self._states.get(name)
        state = status.state if status else CameraState.CONNECTING
        return state if state in CAMERA_STATES else OTHER_STATE


def _set(entries: dict[str, _T], key: str, value: _T | None) -> None:
    if value is None:
        entries.pop(key, None)
    else:
        entries[key] = value
