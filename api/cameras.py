"""Changes what is wanted of cameras: one change at a time, and none is answered before it can be read."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from api.log.kafka import Offsets, client_config
from api.store import CameraStore
from schemas.cameras import check_camera, make_camera
from schemas.catalogue import Catalogue
from schemas.errors import CameraError, EnvironmentMissingError
from schemas.messages import Camera
from schemas.settings import Settings

GIVE_UP_S: Final = 10.0
_READ_BACK_S: Final = 3.0
_TICK_S: Final = 0.02


class CameraNotFoundError(CameraError):
    """There is no such camera."""


class CameraExistsError(CameraError):
    """There is such a camera already."""


class CameraDesk:
    """Adds, changes and removes cameras; blocking, thread-safe: one caller at a time, the others wait.

    `store` is what a reader of the topic fills, and `trouble` says why it may lack something. Every method raises
    EnvironmentMissingError when that is so, or when Kafka does not take the record.
    """

    def __init__(
        self, settings: Settings, catalogue: Catalogue, store: CameraStore, trouble: Callable[[], str | None]
    ) -> None:
        self._settings = settings
        self._topic = settings.names.cameras
        self._catalogue = catalogue
        self._store = store
        self._trouble = trouble
        self._lock = threading.Lock()
        self._offsets = Offsets(settings)
        self._producer: Producer | None = None

    def add(self, fields: Mapping[str, object]) -> Camera:
        """Add a camera.

        Raises:
            CameraExistsError: There is one of this id.
            CameraError: A field is wrong.
        """
        with self._lock:
            camera = self._checked(fields)
            if self._known(camera.id):
                raise CameraExistsError(f"camera {camera.id!r} exists: expected a new id; PUT or PATCH changes one")
            self._write(camera.id, camera)
            return camera

    def put(self, camera_id: str, fields: Mapping[str, object]) -> tuple[Camera, bool]:
        """Make the camera what `fields` say, whatever it was; the camera, and whether it is new.

        Raises:
            CameraError: A field is wrong, or names another camera.
        """
        with self._lock:
            camera = self._checked({"id": camera_id, **fields}, camera_id)
            known = self._known(camera_id)
            self._write(camera_id, camera)
            return camera, known is None

    def change(self, camera_id: str, fields: Mapping[str, object]) -> Camera:
        """Change the fields that are given; None gives a field back its default.

        Raises:
            CameraNotFoundError: There is no such camera.
            CameraError: A field is wrong, or names another camera.
        """
        with self._lock:
            merged = {**self._existing(camera_id).model_dump(), **fields}
            camera = self._checked({name: value for name, value in merged.items() if value is not None}, camera_id)
            self._write(camera_id, camera)
            return camera

    def remove(self, camera_id: str) -> None:
        """Remove the camera.

        Raises:
            CameraNotFoundError: There is no such camera.
        """
        with self._lock:
            self._existing(camera_id)
            self._write(camera_id, None)

    def _checked(self, fields: Mapping[str, object], camera_id: str | None = None) -> Camera:
        camera = make_camera(fields)
        if camera_id not in (None, camera.id):
            raise CameraError(f"camera: id = {camera.id!r}: expected {camera_id!r}, as in the path, or none")
        check_camera(camera, self._catalogue)
        return camera

    def _known(self, camera_id: str) -> Camera | None:
        if trouble := self._trouble():
            raise EnvironmentMissingError(f"which cameras there are is not known: {trouble}")
        entry = self._store.get(camera_id)
        return entry[0] if entry else None

    def _existing(self, camera_id: str) -> Camera:
        camera = self._known(camera_id)
        if camera is None:
            raise not_found(camera_id)
        return camera

    def _write(self, camera_id: str, camera: Camera | None) -> None:
        if not self._offsets.partitions([self._topic], deadline=time.monotonic() + GIVE_UP_S):
            raise self._refused(f"there is no topic {self._topic}")
        producer = self._producer = self._producer or self._connect()
        answers: list[KafkaError | None] = []

        def answered(error: KafkaError | None, _record: Any) -> None:  # noqa: ANN401 (a confluent-kafka Message)
            answers.append(error)

        try:
            producer.produce(self._topic, camera.to_json() if camera else None, camera_id, on_delivery=answered)
            producer.flush(GIVE_UP_S + 1.0)
        except KafkaException as error:  # it will never send anything again
            self._producer = None
            answers.append(error.args[0])
        if not answers or answers[0] is not None:
            raise self._refused(answers[0].str() if answers and answers[0] else "no answer")
        self._await_read_back(camera_id, camera)

    def _await_read_back(self, camera_id: str, camera: Camera | None) -> None:
        """Wait until the store has it, so that who asks next is told of it; not for ever: another may have written."""
        deadline = time.monotonic() + _READ_BACK_S
        while time.monotonic() < deadline:
            entry = self._store.get(camera_id)
            if (entry[0] if entry else None) == camera:
                return
            time.sleep(_TICK_S)

    def _connect(self) -> Producer:
        own = {"acks": "all", "partitioner": "murmur2_random", "message.timeout.ms": round(GIVE_UP_S * 1000)}
        return Producer({**client_config(self._settings), **own})

    def _refused(self, why: str) -> EnvironmentMissingError:
        where = f"Kafka at {self._settings.bootstrap_servers}: topic {self._topic}"
        return EnvironmentMissingError(f"{where}: {why}; expected it to take the record within {GIVE_UP_S:g} s")


def not_found(camera_id: str) -> CameraNotFoundError:
    """The error that says so; which others there are is for the list."""
    return CameraNotFoundError(f"camera {camera_id!r}: there is none of this id; expected one of GET /api/v1/cameras")
