"""The desired state of cameras: the compacted topic `cameras`, written and read."""

from __future__ import annotations

import logging
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition

from producers.connection import client_config, reader_config
from producers.topics import Topics
from schemas.errors import CameraError, EnvironmentMissingError, MessageError
from schemas.messages import Camera
from schemas.names import IDENTIFIER
from schemas.printable import shown
from schemas.settings import Settings

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 10.0


def put_camera(settings: Settings, camera: Camera) -> None:
    """Add `camera`, which `check_camera` has passed, or change the camera of its id.

    Its site's capture workers take it up by themselves.

    Raises:
        EnvironmentMissingError: Kafka does not take the record.
    """
    _write(settings, camera.id, camera.to_json())


def remove_camera(settings: Settings, camera_id: str) -> None:
    """Delete the camera; one that does not exist is deleted already.

    Raises:
        CameraError: `camera_id` cannot be a camera's.
        EnvironmentMissingError: Kafka does not take the record.
    """
    if not IDENTIFIER.fullmatch(camera_id):
        raise CameraError(f"camera id {shown(camera_id)}: expected 1 to 63 of a-z 0-9 _ -")
    _write(settings, camera_id, None)


def read_cameras(settings: Settings) -> dict[str, Camera]:
    """Every camera of every site as of now, by id; a record that is no camera is left out with a warning.

    Raises:
        EnvironmentMissingError: Kafka does not answer, or there is no such topic.
    """
    topic = settings.names.cameras
    partitions = _partitions(settings)
    consumer = Consumer(reader_config(settings, "camera-reader"))
    try:
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING) for partition in range(partitions)])
        return _fold(settings, consumer, partitions)
    finally:
        consumer.close()


def _fold(settings: Settings, consumer: Any, partitions: int) -> dict[str, Camera]:  # noqa: ANN401
    cameras: dict[str, Camera] = {}
    ended: set[int] = set()
    while len(ended) < partitions:
        record = consumer.poll(TIMEOUT_S)
        if record is None:
            raise _silent(settings, "no record and no end of the topic")
        error = record.error()
        if error is None:
            _take(cameras, record)
        elif error.code() == KafkaError._PARTITION_EOF:
            ended.add(record.partition())
        else:
            raise _silent(settings, error.str())
    return dict(sorted(cameras.items()))


def _take(cameras: dict[str, Camera], record: Any) -> None:  # noqa: ANN401 (a confluent-kafka Message)
    name = (record.key() or b"").decode(errors="replace")
    cameras.pop(name, None)
    if record.value() is None:
        return
    try:
        cameras[name] = Camera.from_json(record.value())
    except MessageError as error:
        log.warning(
            "camera left out key=%s partition=%d offset=%d %s", name, record.partition(), record.offset(), error
        )


def _partitions(settings: Settings) -> int:
    topics = Topics(settings)
    if missing := topics.refresh((settings.names.cameras,)):
        raise EnvironmentMissingError(f"topic {missing[0]} does not exist; expected it to be provisioned")
    return topics.partitions(settings.names.cameras)


def _write(settings: Settings, camera_id: str, value: bytes | None) -> None:
    _partitions(settings)
    answers: list[KafkaError | None] = []
    own = {"acks": "all", "partitioner": "murmur2_random", "message.timeout.ms": round(TIMEOUT_S * 1000)}
    producer = Producer(client_config(settings, "camera-writer") | own)
    producer.produce(
        settings.names.cameras, value, camera_id.encode(), on_delivery=lambda error, _record: answers.append(error)
    )
    producer.flush(TIMEOUT_S + 1.0)
    if not answers or answers[0] is not None:
        raise _silent(settings, answers[0].str() if answers and answers[0] else "no answer")


def _silent(settings: Settings, what: str) -> EnvironmentMissingError:
    where = f"kafka {settings.bootstrap_servers}: topic {settings.names.cameras}"
    return EnvironmentMissingError(f"{where}: {what}; expected an answer within {TIMEOUT_S:g} s")
