"""Every service under its own user on a broker with access lists: what it needs works, and nothing else does."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicCollection, TopicPartition
from confluent_kafka.admin import AclOperation, AdminClient, NewTopic
from pydantic import SecretStr

from api.audit.auditor import Auditor
from api.log.kafka import Log, Offsets
from api.results import ResultReader
from deploy.local.kafka import EmbeddedKafka
from deploy.services import API, CAPTURE, SINK, inference
from deploy.topics.acl import ADMIN, AUDIT, OPERATOR, PRINCIPAL, Acl, Operation, Resource, Rule, acl_plan
from deploy.topics.acl_cluster import apply_acls, missing_acls
from deploy.topics.plan import plan
from producers.control import put_camera
from schemas.catalogue import Catalogue
from schemas.catalogue.builtin import FACE_DETECTION, OBJECT_DETECTION
from schemas.errors import EnvironmentMissingError
from schemas.messages import Camera, FrameAddress, Headers, Result
from schemas.settings import Settings
from tests.integration.api_client import streaming
from tests.integration.api_world import World, frame_info, wait_for
from tests.integration.locked_world import OTHER_PREFIX, LockedKafka, Running, locked_kafka, without
from tests.planted import OPERATOR_TOKEN, VIEWER_TOKEN

MODEL = FACE_DETECTION.name
TOKENS = {"api_viewer_token": SecretStr(VIEWER_TOKEN), "api_operator_token": SecretStr(OPERATOR_TOKEN)}


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Iterator[LockedKafka]:
    with locked_kafka(tmp_path_factory.mktemp("locked"), catalogue) as world:
        yield world


IMPLIED = {
    Operation.READ: Operation.DESCRIBE,
    Operation.WRITE: Operation.DESCRIBE,
    Operation.ALTER: Operation.DESCRIBE,
}


def allowed(rules: tuple[Rule, ...], resource: Resource, name: str) -> set[str]:
    """What the rules allow on this topic or group, by the names of the client library's operations."""
    given = {rule.operation for rule in rules if rule.covers(resource, name)}
    names = {operation.name for operation in given | {IMPLIED.get(operation, operation) for operation in given}}
    return names | ({"DESCRIBE_CONFIGS"} if "ALTER_CONFIGS" in names else set())


def test_the_broker_allows_exactly_what_the_plan_says(locked: LockedKafka) -> None:
    """Of every service, topic and group: the broker itself says which operations it would let through."""
    planned = [wanted.name for wanted in plan(locked.super_user, locked.catalogue)]
    names = locked.super_user.names
    groups = [
        *(names.inference_group(model.name) for model in locked.catalogue.models),
        names.capture_group("default"),
        names.reader_group,
        names.result_group("door-opener"),
    ]
    for service, rules in locked.rules.items():
        admin = AdminClient(locked.settings(service).librdkafka())
        topics = admin.describe_topics(TopicCollection(planned), include_authorized_operations=True)
        for name, future in topics.items():
            assert operations(future) == allowed(rules, Resource.TOPIC, name), (service, name)
        described = admin.describe_consumer_groups(groups, include_authorized_operations=True)
        for name, future in described.items():
            assert operations(future) == allowed(rules, Resource.GROUP, name), (service, name)


_CLOSED = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


def operations(future: Any) -> set[str]:
    """What the broker would let us do; nothing where it does not even say whether there is such a thing."""
    try:
        answer = future.result(10)
    except KafkaException as error:
        assert error.args[0].code() in _CLOSED, error
        return set()
    return {AclOperation(operation).name for operation in answer.authorized_operations}


def test_the_whole_chain_runs_with_the_least_privilege(locked: LockedKafka, tmp_path: Path) -> None:
    """Capture, a worker with the real network, the API, the audit and the operator, each as its own user."""
    operator = locked.settings(OPERATOR)
    at_the_api = locked.settings(API).model_copy(update=TOKENS)
    running = [
        locked.start(locked.settings(CAPTURE), "capture"),
        locked.start(locked.settings(inference(MODEL)), "inference", "--model", MODEL),
        locked.start(at_the_api, "api"),
    ]
    put_camera(operator, Camera(id="gate", source="pattern:320x180", models=(MODEL,), fps=10))
    url = f"http://127.0.0.1:{at_the_api.api_port}"
    with httpx.Client(base_url=url, headers=bearer(VIEWER_TOKEN), timeout=30) as client:
        wait_for(lambda: answers(client, running), seconds=60)
        with streaming(client) as stream:
            seen = Result.from_json(next(stream).text.encode())
        picture = client.get(f"/api/v1/frames/{seen.frame.address}")
        assert (picture.status_code, picture.headers["x-framebus-camera"]) == (200, "gate")
        cameras = client.get("/api/v1/cameras").json()["cameras"]
        assert [entry["camera"]["id"] for entry in cameras] == ["gate"]
        wait_for(lambda: client.get("/api/v1/models").json()["models"][1]["committed"])
        World(locked.super_user).put(locked.super_user.names.frames(MODEL), b"no picture", headers=bad_headers())
        wait_for(lambda: client.get("/api/v1/dead-letters").json()["letters"])
        (letter,) = client.get("/api/v1/dead-letters").json()["letters"]
        # Whose operator shows the right token is let in; Kafka still holds the API's own user to showing.
        asked = {"addresses": [letter["address"]]}
        sent = client.post("/api/v1/dead-letters/redrive", json=asked, headers=bearer(OPERATOR_TOKEN))
        assert sent.status_code in {207, 503}, sent.text
        assert "uthorization" in sent.text
        again = client.post(f"/api/v1/frames/{seen.frame.address}/infer", headers=bearer(OPERATOR_TOKEN))
        assert (again.status_code, "uthorization" in again.text) == (503, True), again.text
        assert client.get(f"/api/v1/frames/{seen.frame.address}/outcome").json()["outcome"] == "inferred"
        (kept,) = {
            one["retention_s"] for one in client.get("/api/v1/system").json()["topics"] if one["kind"] == "frames"
        }
        assert kept == 600
        redriven = locked.command(operator, "dead-letter", "redrive", letter["address"], "--yes")
        assert redriven.returncode == 0, redriven.stdout + redriven.stderr
        wait_for(lambda: len(client.get("/api/v1/dead-letters").json()["letters"]) == 2)  # it died again
        assert client.get("/api/v1/ledger").json()["clean"]
    exported = locked.command(operator, "frame", "export", "--camera", "gate", "--model", MODEL, "-o", str(tmp_path))
    assert exported.returncode == 0, exported.stdout + exported.stderr
    status = locked.command(operator, "status")
    assert (status.returncode, status.stderr) == (0, ""), status.stdout  # nobody uses the models without a worker
    assert [service.stop() for service in running] == [0, 0, 0], [service.said for service in running]

    audited = locked.command(locked.settings(AUDIT), "audit")
    assert audited.returncode == 0, audited.stdout + audited.stderr
    auditor = Auditor(locked.settings(AUDIT), locked.catalogue)
    auditor.refresh()
    account = auditor.balance().accounts["gate", MODEL]
    auditor.close()
    assert account.inferred == account.delivered > 10
    for service in running:
        assert "planted" not in service.said
    for service in running[:2]:  # the API was asked for what its user may not do
        assert "AUTHORIZATION" not in service.said.upper(), service.said


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def bad_headers() -> Headers:
    """A frame's headers, of a camera that nobody counts."""
    return replace(frame_info("stranger", 0), model=MODEL).encode()


def answers(client: httpx.Client, running: list[Running]) -> bool:
    """Whether results come; a service that has ended fails the test with its log."""
    ended = [service.said for service in running if service.process.poll() is not None]
    assert not ended, ended
    try:
        return bool(client.get("/api/v1/results").json()["results"])
    except httpx.TransportError:
        return False


def produce(settings: Settings, topic: str) -> str:
    """Write one record; what the broker says of it."""
    said: list[str] = []
    config = {**settings.librdkafka(), "log_level": 0, "message.timeout.ms": 8000}
    producer = Producer(config)
    producer.produce(topic, b"x", b"x", on_delivery=lambda error, _: said.append(error.name() if error else "written"))
    assert producer.flush(15) == 0
    return said[0]


def consume(settings: Settings, topic: str) -> str:
    """Read from the beginning; why not, or what comes first."""
    with consumer(settings, settings.names.reader_group) as reader:
        hidden = reader.list_topics(topic, timeout=10).topics[topic].error
        if hidden is not None:
            return str(hidden.name())
        reader.assign([TopicPartition(topic, 0, 0)])
        return first(reader, KafkaError.TOPIC_AUTHORIZATION_FAILED)


def join(settings: Settings, group: str) -> str:
    """Join a group; why not, or what comes first."""
    with consumer(settings, group) as reader:
        reader.subscribe([settings.names.captures])
        return first(reader, KafkaError.GROUP_AUTHORIZATION_FAILED)


@contextmanager
def consumer(settings: Settings, group: str) -> Iterator[Consumer]:
    own = {"group.id": group, "auto.offset.reset": "earliest", "enable.partition.eof": True, "log_level": 0}
    reader = Consumer({**settings.librdkafka(), **own})
    try:
        yield reader
    finally:
        reader.close()


def first(reader: Consumer, refusal: int) -> str:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        message = reader.poll(1)
        if message is not None and message.error() is None:
            return "read"
        if message is not None and message.error().code() in {refusal, KafkaError._PARTITION_EOF}:
            return str(message.error().name())
    return "nothing"


def create(settings: Settings, topic: str) -> str:
    """Make a topic; what the broker says."""
    admin = AdminClient({**settings.librdkafka(), "log_level": 0})
    (future,) = admin.create_topics([NewTopic(topic, 1, 1)]).values()
    try:
        future.result(10)
    except KafkaException as error:
        return str(error.args[0].name())
    return "created"


NO_TOPIC, NO_GROUP = "TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED"
OTHER_MODEL = OBJECT_DETECTION.name


@pytest.mark.parametrize(
    ("service", "attempt", "name", "refusal"),
    [
        (CAPTURE, consume, f"frames.{MODEL}", NO_TOPIC),  # a stolen camera box shows no other camera's pictures
        (CAPTURE, consume, f"results.{MODEL}", NO_TOPIC),
        (CAPTURE, produce, "cameras", NO_TOPIC),
        (CAPTURE, produce, f"results.{MODEL}", NO_TOPIC),
        (CAPTURE, join, f"inference.{MODEL}", NO_GROUP),
        (CAPTURE, create, "more", NO_TOPIC),
        (inference(MODEL), consume, f"frames.{OTHER_MODEL}", NO_TOPIC),
        (inference(MODEL), consume, "cameras", NO_TOPIC),  # where sources are
        (inference(MODEL), produce, f"frames.{MODEL}", NO_TOPIC),
        (inference(MODEL), produce, f"results.{OTHER_MODEL}", NO_TOPIC),
        (inference(MODEL), produce, "frames.pose", NO_TOPIC),  # crops are for those that follow its own model
        (inference("pose"), produce, "captures", NO_TOPIC),
        (inference("pose"), produce, f"frames.{OTHER_MODEL}", NO_TOPIC),
        (inference(MODEL), join, f"inference.{OTHER_MODEL}", NO_GROUP),
        (API, produce, f"frames.{MODEL}", NO_TOPIC),
        (API, produce, "cameras", NO_TOPIC),
        (API, produce, "redrives", NO_TOPIC),
        (API, join, f"inference.{MODEL}", NO_GROUP),  # it may ask how far the group is, not take its partitions
        (API, create, "more", NO_TOPIC),
        (SINK, consume, f"frames.{MODEL}", NO_TOPIC),  # results go out, and no picture
        (SINK, produce, f"results.{MODEL}", NO_TOPIC),
        (SINK, produce, "dead-letters", NO_TOPIC),
        (SINK, join, f"inference.{MODEL}", NO_GROUP),
        (OPERATOR, produce, f"results.{MODEL}", NO_TOPIC),
        (OPERATOR, produce, "captures", NO_TOPIC),
        (OPERATOR, create, "more", NO_TOPIC),
        (AUDIT, consume, f"frames.{MODEL}", NO_TOPIC),
        (AUDIT, consume, "cameras", NO_TOPIC),
        (AUDIT, produce, "captures", NO_TOPIC),
        (ADMIN, consume, f"frames.{MODEL}", NO_TOPIC),
        (ADMIN, consume, "cameras", NO_TOPIC),
        (ADMIN, produce, f"frames.{MODEL}", NO_TOPIC),
    ],
)
def test_what_no_service_has_to_do_is_refused(
    locked: LockedKafka, service: str, attempt: Callable[[Settings, str], str], name: str, refusal: str
) -> None:
    assert attempt(locked.settings(service), f"{locked.prefix}{name}") == refusal


def test_nobody_reaches_the_topics_beside_ours(locked: LockedKafka) -> None:
    theirs = f"{OTHER_PREFIX}frames.{MODEL}"
    assert create(locked.super_user, theirs) == "created"
    for service in locked.rules:
        settings = locked.settings(service)
        assert produce(settings, theirs) == NO_TOPIC, service
        assert create(settings, f"{OTHER_PREFIX}{service}") == NO_TOPIC, service
        contact = AdminClient(settings.librdkafka()).list_topics(timeout=10).topics
        assert not [topic for topic in contact if not topic.startswith(locked.prefix)], service


def test_only_the_clusters_own_administrator_gives_rights(locked: LockedKafka) -> None:
    planned = acl_plan(locked.super_user, locked.catalogue, {})
    assert missing_acls(locked.super_user, planned) == []
    assert apply_acls(locked.super_user, planned) == []
    for service in (ADMIN, OPERATOR):
        with pytest.raises(EnvironmentMissingError, match=f"user 'framebus-{service}' may not change access lists"):
            apply_acls(locked.settings(service), planned)

    strangers = {"api": "User:somebody-else"}
    more = acl_plan(locked.super_user, locked.catalogue, strangers)
    missing = missing_acls(locked.super_user, more)
    assert {acl.principal for acl in missing} == {"User:somebody-else"}
    assert len(missing) == len(locked.rules[API])


def test_a_commit_that_was_refused_is_made_up_for_though_nothing_comes(
    locked: LockedKafka, caplog: pytest.LogCaptureFixture
) -> None:
    """Of an application's reader of results: what it may read is taken from it for a while."""
    root, door, model = locked.super_user, locked.settings("door"), OBJECT_DETECTION.name
    topic, group = root.names.results(model), root.names.result_group("door")
    may_read, may_join = (
        Acl(PRINCIPAL.format(service="door"), Rule(kind, name, Operation.READ))
        for kind, name in ((Resource.TOPIC, topic), (Resource.GROUP, group))
    )
    locked.add_users({"door": ()})
    apply_acls(root, [may_read, may_join])
    World(root).results("gate", [FrameAddress(model, 0, number) for number in range(20)])
    offsets = Offsets(root)
    caplog.set_level(logging.WARNING)
    try:
        with ResultReader(door, [model], group="door", from_beginning=True) as reader:
            assert len(list(islice(reader, 20))) == 20
            with without(root, may_read):
                wait_for(lambda: topic not in AdminClient(door.librdkafka()).list_topics(timeout=10).topics)
                wait_for(lambda: reader.poll(0.1) or "commit refused" in caplog.text)
            wait_for(lambda: reader.poll(0.1) or committed(offsets, group, (topic, 0)) == 20)
            assert reader.poll(0.1) == []
    finally:
        offsets.close()


def committed(offsets: Offsets, group: str, log: Log) -> int:
    return offsets.committed({group: [log]}, deadline=time.monotonic() + 10).get(log, 0)


def test_a_cluster_without_access_lists_says_so(kafka: EmbeddedKafka, catalogue: Catalogue) -> None:
    open_to_all = Settings(bootstrap_servers=kafka.bootstrap_servers)
    with pytest.raises(EnvironmentMissingError, match="this cluster has no access lists"):
        apply_acls(open_to_all, acl_plan(open_to_all, catalogue, {}))
