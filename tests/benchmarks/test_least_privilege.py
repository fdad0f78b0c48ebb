"""Whether each rule of the plan is needed: without it, its service must fail in something that it has to do.

About ten minutes: not for every change, but for every change of the rules.
"""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import httpx
import pytest
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from pydantic import SecretStr

from deploy import topics
from deploy.local.media import Media
from deploy.services import API, CAPTURE, SINK, inference
from deploy.topics.acl import ADMIN, AUDIT, OPERATOR, PRINCIPAL, Acl, Rule, rules
from producers.control import put_camera, read_cameras
from schemas.catalogue import Catalogue
from schemas.catalogue.builtin import FACE_DETECTION, OBJECT_DETECTION, POSE
from schemas.errors import FramebusError
from schemas.messages import Camera, CameraState, CaptureClaim, DeadLetter, FrameAddress, Lane
from schemas.settings import Settings
from tests.integration.api_world import JPEG, T0, World, frame_info
from tests.integration.capture_world import read_statuses, read_topic
from tests.integration.inference_kit import jpeg_of, read_frame
from tests.integration.locked_world import LockedKafka, Running, locked_kafka, without
from tests.integration.receiver_server import Reply, receiving
from tests.integration.sink_kit import with_sink
from tests.integration.streaming_kit import committed
from tests.planted import VIEWER_TOKEN

log = logging.getLogger(__name__)

MODEL, FOLLOWER = OBJECT_DETECTION.name, POSE.name
DEADLINE_S = 20.0


class UndoneError(Exception):
    """A service has not done what it has to."""


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, catalogue: Catalogue) -> Iterator[LockedKafka]:
    with locked_kafka(tmp_path_factory.mktemp("locked"), catalogue) as world:
        yield world


def until(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise UndoneError(what)
        time.sleep(0.1)


def count(world: LockedKafka, topic: str) -> int:
    return len(read_topic(world.super_user, topic))


@contextmanager
def running(world: LockedKafka, settings: Settings, *arguments: str) -> Iterator[Running]:
    service = world.start(settings, *arguments)
    try:
        yield service
    finally:
        service.process.terminate()
        try:
            service.process.wait(8)
        except subprocess.TimeoutExpired:
            service.process.kill()
            service.process.wait(10)


def capture(world: LockedKafka) -> None:
    """Frames, counts and status appear, and a higher claim ends the camera."""
    names = world.super_user.names
    counts = count(world, names.captures)
    put_camera(world.super_user, Camera(id="gate", source="pattern:320x180", models=(MODEL,), fps=10))
    with running(world, world.settings(CAPTURE), "capture") as service:
        until(lambda: "cameras assigned" in service.said, "joined no group")
        begun = count(world, names.frames(MODEL))
        until(lambda: count(world, names.frames(MODEL)) > begun + 10, "no frames")
        until(lambda: count(world, names.captures) > counts + 3, "no counts")
        until(lambda: state(world) is CameraState.STREAMING, "no status")
        claim = CaptureClaim(camera="gate", site="default", owner="a higher one", time=T0)
        partition = next(r.partition() for r in read_topic(world.super_user, names.captures) if r.key() == b"gate")
        World(world.super_user).message(names.captures, claim, key="gate", partition=partition)
        until(lambda: "camera fenced" in service.said, "does not see a higher claim")
        clean(service.said)


def state(world: LockedKafka) -> CameraState | None:
    told = read_statuses(world.super_user).get("gate")
    return CameraState(told.state) if told else None


def worker(world: LockedKafka) -> None:
    """A good frame, a bad one and an expired one end as a result, a dead letter and a skip, and are committed.

    The good one shows persons, whose crops a second stage gets.
    """
    names, writer = world.super_user.names, World(world.super_user)
    outcomes = (names.results(MODEL), names.dead_letters, names.skips, names.frames(FOLLOWER), names.captures)
    before = {topic: count(world, topic) for topic in outcomes}
    expired = writer.frame("gate", 0)
    writer.delete_frames_below(expired.offset + 1)
    late = replace(frame_info("gate", 1), width=64, height=48, lane=Lane.BATCH)  # which is never shed
    persons = jpeg_of(read_frame(Media(Settings().cache_dir).path("vtest.avi"), 0))
    followed = replace(late, width=768, height=576, followers=(FOLLOWER,))
    good = writer.put(names.frames(MODEL), persons, key="gate", headers=followed.encode())
    writer.put(names.frames(MODEL), b"no picture", key="gate", headers=late.encode())
    with running(world, world.settings(inference(MODEL)), "inference", "--model", MODEL) as service:
        for topic, number in before.items():
            until(lambda: count(world, topic) > number or ended(service), f"nothing in {topic}")  # noqa: B023
        until(lambda: committed(world.super_user, MODEL).get(0, 0) >= good + 2 or ended(service), "no commit")
        if ended(service):
            raise UndoneError(service.said[-500:])
        clean(service.said)


def show(world: LockedKafka) -> None:
    """The API is ready, knows how far the workers are, audits, and shows a frame."""
    address = World(world.super_user).frame("gate", 1)
    settings = world.settings(API).model_copy(update={"api_viewer_token": SecretStr(VIEWER_TOKEN)})
    with (
        running(world, settings, "api") as service,
        httpx.Client(base_url=f"http://127.0.0.1:{settings.api_port}", timeout=10) as client,
    ):
        client.headers["authorization"] = f"Bearer {VIEWER_TOKEN}"
        until(lambda: status(client, "/readyz") == 200, "not ready")
        until(lambda: client.get("/api/v1/models").json()["models"][0]["committed"] is not None, "no progress")
        until(lambda: status(client, "/api/v1/ledger") == 200, "no audit")
        until(lambda: status(client, f"/api/v1/frames/{address}") == 200, "no frame")
        until(lambda: all(limits(client)), "no retention")
        clean(service.said)


def operate(world: LockedKafka) -> None:
    """A camera is added, a dead letter is sent again, and the topics are as they were planned."""
    settings = world.settings(OPERATOR)
    writer = World(world.super_user)
    address = writer.frame("gate", 1)
    letter = DeadLetter(address=address, error="NotJpegError", message="text")
    headers = [*frame_info("gate", 1).encode(), *letter.encode()]
    writer.put(writer.names.dead_letters, JPEG, key="gate", headers=headers)
    writer.commit({0: address.offset + 1})
    camera = ("camera", "edit" if known(world) else "add", "door", "--source", "pattern:320x180", "--model", MODEL)
    for arguments in (camera, ("dead-letter", "redrive", str(address), "--yes"), ("status",), ("topic", "plan")):
        done = world.command(settings, *arguments)
        if done.returncode > (arguments in {("status",), ("topic", "plan")}):
            raise UndoneError(f"{arguments}: {done.stdout}{done.stderr}")
        clean(done.stdout + done.stderr)


def audit(world: LockedKafka) -> None:
    try:
        done = world.command(world.settings(AUDIT), "audit")
    except subprocess.TimeoutExpired:
        raise UndoneError("no audit within a minute") from None
    if done.returncode == 2:
        raise UndoneError(done.stderr)
    clean(done.stdout + done.stderr)


def administer(world: LockedKafka) -> None:
    """A new model gets its topics, one gets more partitions, and a setting is put right."""
    settings = world.settings(ADMIN)
    root = AdminClient(world.super_user.librdkafka())
    names = settings.names
    gone = names.results(FACE_DETECTION.name)
    if gone in root.list_topics(timeout=10).topics:
        root.delete_topics([gone], operation_timeout=20)[gone].result(20)
    entry = ConfigEntry("retention.ms", "60000", incremental_operation=AlterConfigOpType.SET)
    altered = ConfigResource(ConfigResource.Type.TOPIC, names.skips, incremental_configs=[entry])
    for future in root.incremental_alter_configs([altered]).values():
        future.result(20)
    more = max(len(topic.partitions) for topic in root.list_topics(timeout=10).topics.values()) + 1
    grown = Catalogue(tuple(model.model_copy(update={"partitions": more}) for model in world.catalogue.models))
    topics.apply(settings, grown)


def known(world: LockedKafka) -> bool:
    return "door" in read_cameras(world.super_user)


def ended(service: Running) -> bool:
    return service.process.poll() is not None


def status(client: httpx.Client, path: str) -> int | None:
    try:
        return client.get(path).status_code
    except httpx.TransportError:
        return None


def limits(client: httpx.Client) -> list[float | None]:
    """How long the topics of frames keep one, as the API says."""
    topics = client.get("/api/v1/system").json()["topics"]
    return [topic["retention_s"] for topic in topics if topic["kind"] == "frames"] or [None]


def clean(said: str) -> None:
    """A refusal that a service only complains about is one too."""
    if "authorization failed" in said.lower() or "not authorized" in said.lower():
        raise UndoneError(said)


def sink(world: LockedKafka) -> None:
    """A result is POSTed, and one that is refused is set aside."""
    aside = count(world, world.super_user.names.undelivered)
    with receiving() as receiver:
        receiver.reply = lambda _: Reply(422 if len(receiver.requests) % 2 else 204)
        settings = with_sink(world.settings(SINK), receiver.url)
        World(world.super_user).results("gate", [FrameAddress(MODEL, 0, number) for number in range(2)])
        name = f"doors-{time.monotonic_ns()}"
        with running(world, settings, "sink", "--name", name, "--model", MODEL, "--from-beginning"):
            until(lambda: receiver.taken, "results are POSTed")
            until(lambda: count(world, world.super_user.names.undelivered) > aside, "what is refused is set aside")


DUTIES: dict[str, Callable[[LockedKafka], None]] = {
    CAPTURE: capture,
    inference(MODEL): worker,
    API: show,
    SINK: sink,
    OPERATOR: operate,
    AUDIT: audit,
    ADMIN: administer,
}
UNMISSED = {(AUDIT, "redrives")}
"""Without these the service goes on with less: the audit counts what was sent again by its outcome alone, as on a
cluster whose topics are older than that record."""
CASES = [
    (service, rule)
    for service, duty in DUTIES.items()
    for rule in rules(Settings(prefix="locked."), Catalogue())[service]
    if (service, rule.name.removeprefix("locked.")) not in UNMISSED
]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", DUTIES)
def test_with_all_its_rules_a_service_does_what_it_has_to(locked: LockedKafka, service: str) -> None:
    DUTIES[service](locked)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("service", "rule"), CASES, ids=str)
def test_without_any_of_its_rules_it_does_not(locked: LockedKafka, service: str, rule: Rule) -> None:
    acl = Acl(PRINCIPAL.format(service=service), rule)
    with without(locked.super_user, acl), pytest.raises((UndoneError, FramebusError)) as missed:
        DUTIES[service](locked)
    log.info("service=%s rule=%r missed=%r", service, str(rule), str(missed.value)[-200:])
