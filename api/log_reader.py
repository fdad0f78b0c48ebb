"""The one thread that reads for all clients: results of all models, cameras and their states, into memory."""

from __future__ import annotations

import logging
import threading
from typing import Final

from confluent_kafka import Message

from api.log.tail import LogTail
from api.metrics import ERRORS
from api.result_record import decode_result
from api.store import CameraStore, ResultStore
from api.stream import Broadcaster
from api.stream.ids import mark
from api.stream.news import News, TopicNews, Unreadable
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
        stream: Broadcaster,
    ) -> None:
        """`stream` is told of what is new, from this reader's thread."""
        self._settings = settings
        self._names = settings.names
        self._topics: dict[str, int | None] = {self._names.results(model.name): _BACK for model in catalogue.models}
        self._topics |= {self._names.cameras: None, self._names.camera_status: None}
        self._results = results
        self._cameras = cameras
        self._stream = stream
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
        is_open = False
        try:
            while not self._stopping.is_set():
                try:
                    messages = tail.poll(0.2)
                    news = self._news(tail)
                    if not is_open and tail.cluster:
                        self._stream.publish_from_thread(news)
                        self._stream.open_from_thread(mark(f"{tail.cluster}/{self._settings.prefix}"))
                        is_open, news = True, []
                    self._take(messages, news)
                    self._trouble = tail.trouble
                except Exception:  # the loop's edge: one bad batch must not end what every client lives from
                    ERRORS.labels(kind="reader").inc()
                    log.exception("reader failed, goes on topics=%s", ",".join(self._topics))
                    self._stopping.wait(1.0)
        finally:
            tail.close()
            self._trouble = "the reader has stopped"

    def _news(self, tail: LogTail) -> list[News]:
        """The results topics that are followed anew."""
        appeared = ((self._names.model_of_results(one.topic), one) for one in tail.appeared())
        return [TopicNews(model, mark(one.id), one.next) for model, one in appeared if model]

    def _take(self, messages: list[Message], news: list[News]) -> None:
        results = []
        for message in messages:
            model = self._names.model_of_results(message.topic())
            if model is None:
                self._take_camera(message)
                continue
            record = decode_result(message, self._names)
            if record:
                results.append(record)
            news.append(record or Unreadable(model, message.partition(), message.offset()))
        if results:
            self._results.add(results)
        if news:
            self._stream.publish_from_thread(news)

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
