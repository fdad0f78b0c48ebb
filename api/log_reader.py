"""The one thread that reads for all clients: results of all models, cameras and their states, into memory."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from confluent_kafka import Message

from api.log_tail import LogTail
from api.metrics import ERRORS
from api.result_record import ResultRecord, decode_result
from api.store import CameraStore, ResultStore
from schemas.catalogue import Catalogue
from schemas.errors import MessageError
from schemas.messages import Camera, CameraStatus
from schemas.printable import shown
from schemas.settings import Settings

log = logging.getLogger(__name__)

_BACK: Final = 100
"""Results of each partition that a fresh start begins with, so that a page has something to show at once."""

_FAREWELL_S: Final = 1.0


class LogReader:
    """Keeps the stores up to date and hands new results on; survives a broker that is away and topics to come."""

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        *,
        results: ResultStore,
        cameras: CameraStore,
        publish: Callable[[list[ResultRecord]], None],
    ) -> None:
        """`publish` is called with new results, from this reader's thread."""
        self._settings = settings
        self._names = settings.names
        self._topics: dict[str, int | None] = {self._names.results(model.name): _BACK for model in catalogue.models}
        self._topics |= {self._names.cameras: None, self._names.camera_status: None}
        self._results = results
        self._cameras = cameras
        self._publish = publish
        self._stopping = threading.Event()
        self._trouble: str | None = "the reader has not started"
        self._thread = threading.Thread(target=self._run, name="log-reader", daemon=True)

    @property
    def trouble(self) -> str | None:
        """Why results may be missing, in words; None when all is well."""
        return self._trouble

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; waits a moment for it, which is enough unless a broker is just failing to answer."""
        self._stopping.set()
        self._thread.join(_FAREWELL_S)

    def _run(self) -> None:
        tail = LogTail(self._settings, self._topics)
        try:
            while not self._stopping.is_set():
                try:
                    self._take(tail.poll(0.2))
                    self._trouble = tail.trouble
                except Exception:  # the loop's edge: one bad batch must not end what every client lives from
                    ERRORS.labels(kind="reader").inc()
                    log.exception("reader failed, goes on topics=%s", ",".join(self._topics))
                    self._stopping.wait(1.0)
        finally:
            tail.close()
            self._trouble = "the reader has stopped"

    def _take(self, messages: list[Message]) -> None:
        results = []
        for message in messages:
            if self._names.model_of_results(message.topic()):
                record = decode_result(message, self._names)
                if record:
                    results.append(record)
            else:
                self._take_camera(message)
        if results:
            self._results.add(results)
            self._publish(results)

    def _take_camera(self, message: Message) -> None:
        topic, value = message.topic(), message.value()
        camera_id = (message.key() or b"").decode(errors="replace")
        try:
            if topic == self._names.cameras:
                self._take_wanted(camera_id, value)
            else:
                self._cameras.put_status(camera_id, CameraStatus.from_json(value) if value else None)
        except MessageError as error:
            ERRORS.labels(kind="malformed-record").inc()
            place = (topic, message.partition(), message.offset())
            log.warning("malformed record topic=%s partition=%d offset=%d error=%s", *place, error)

    def _take_wanted(self, camera_id: str, value: bytes | None) -> None:
        """Set what is wanted at once; what a record replaces is gone even where it is no camera, as for all readers."""
        camera = None
        try:
            camera = _camera(camera_id, value) if value else None
        finally:
            self._cameras.put(camera_id, camera)


def _camera(camera_id: str, value: bytes) -> Camera:
    camera = Camera.from_json(value)
    if camera.id != camera_id:
        raise MessageError(f"camera: id = {camera.id!r} under the key {shown(camera_id)}; expected both to be the same")
    return camera
