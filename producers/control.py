"""The desired state of cameras: the compacted topic `cameras`, written and read."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from pydantic import ValidationError

from producers.connection import client_config, reader_config
from producers.sources import check_source, kind_of
from producers.topics import Topics
from schemas.catalogue import Catalogue
from schemas.errors import CameraError, CatalogueError, EnvironmentMissingError, MessageError, SourceError
from schemas.messages import Camera, Transport, explain
from schemas.names import IDENTIFIER
from schemas.printable import SHOWN, printable, shown
from schemas.redaction import redact
from schemas.settings import Settings

log = logging.getLogger(__name__)

TIMEOUT_S: Final = 10.0


def make_camera(fields: Mapping[str, object]) -> Camera:
    """A camera from fields as a user gives them.

    Raises:
        CameraError: A field is missing, unknown or wrong.
    """
    unknown = sorted(fields.keys() - Camera.model_fields.keys())
    if unknown:
        expected = ", ".join(Camera.model_fields)
        raise CameraError(f"camera: unknown field {printable(', '.join(unknown), SHOWN)}; expected one of {expected}")
    try:
        return Camera.model_validate(fields)
    except ValidationError as error:
        raise CameraError(explain(Camera.TITLE, error)) from None


def check_camera(camera: Camera, catalogue: Catalogue) -> None:
    """Check what the type cannot: the models, and the form of the source.

    Whether the source exists is not asked: only its site's workers can see it.

    Raises:
        CameraError: A model is not in the catalogue, or follows one that the camera does not have; or the source has
            the form of no kind of source, or a secret; or it does not come by the transport.
    """
    try:
        followers_of(camera, catalogue)
        kind_of(camera.source)
        check_source(camera.source)
    except (CatalogueError, SourceError) as error:
        raise CameraError(f"camera {camera.id!r}: {error}") from None
    if camera.transport is Transport.UDP and not camera.source.lower().startswith("rtsp://"):
        raise CameraError(
            f"camera {camera.id!r}: transport = 'udp' with the source {redact(camera.source)!r}; expected "
            "rtsp://HOST/… (rtsps:// comes by tcp alone: by UDP its pictures would not be encrypted)"
        )


def followers_of(camera: Camera, catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The models that get the camera's frames, each with those of its models that follow it and get crops instead.

    Raises:
        CatalogueError: A model is not in the catalogue.
        CameraError: One follows a model that the camera does not have, or that finds nothing that it follows.
    """
    models = [catalogue.get(name) for name in camera.models]
    leaders: dict[str, list[str]] = {model.name: [] for model in models if model.follows is None}
    for model in models:
        if model.follows is None:
            continue
        leader = model.follows.model
        if leader not in leaders:
            raise CameraError(
                f"camera {camera.id!r}: model {model.name!r} follows {leader!r}; expected {leader!r} among its models "
                f"too, as --model {leader} --model {model.name}"
            )
        labels = catalogue.get(leader).labels.values()
        if not set(model.follows.labels) & set(labels):
            raise CameraError(
                f"camera {camera.id!r}: model {model.name!r} follows {', '.join(model.follows.labels)}; expected "
                f"labels of {leader!r}, {', '.join(labels)}"
            )
        leaders[leader].append(model.name)
    return {leader: tuple(followers) for leader, followers in leaders.items()}


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
