"""What a whole system writes on a real broker is what the AsyncAPI document says: topics, keys, headers, payloads."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from deploy import topics
from deploy.local.media import Media
from deploy.topics.plan import plan
from schemas.catalogue import Catalogue
from schemas.settings import Settings
from tests.contract.reading import DOCUMENT, channel_of, faults, messages_of
from tests.integration.api_world import MODEL, World, frame_info, wait_for
from tests.integration.capture_world import read_topic
from tests.integration.receiver_server import Reply, receiving
from tests.integration.sink_kit import sink
from tests.integration.up_kit import ask, models_of, running

FOLLOWER = "pose"


def test_topics_are_made_as_the_document_says(fresh: Settings) -> None:
    topics.apply(fresh, Catalogue())
    names = [one.name for one in plan(fresh, Catalogue())]
    admin = AdminClient(fresh.librdkafka())
    found = admin.list_topics(timeout=10).topics
    asked = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in names])
    configs = {resource.name: future.result(10) for resource, future in asked.items()}
    for name in names:
        binding = DOCUMENT["channels"][channel_of(name, fresh.prefix)]["bindings"]["kafka"]
        assert len(found[name].partitions) == binding["partitions"], name
        assert {len(one.replicas) for one in found[name].partitions.values()} == {binding["replicas"]}
        for key, value in binding["topicConfiguration"].items():
            expected = ",".join(value) if isinstance(value, list) else str(value)
            assert configs[name][key].value == expected, (name, key)


@pytest.mark.timeout(300)
def test_every_record_of_a_whole_system_is_in_the_document(
    fresh: Settings, media: Media, installed: Callable[[str], None], tmp_path: Path
) -> None:
    """Cameras, workers, a second stage, a skip, a dead letter sent again, a sink that is refused; then all is read."""
    for model in (MODEL, FOLLOWER):
        installed(model)
    topics.apply(fresh, Catalogue())
    world = World(fresh)
    world.frames("gone", 3)
    world.commit({0: 0})
    world.delete_frames_below(3)
    with running(fresh, tmp_path, MODEL, FOLLOWER), receiving() as receiver:
        video = str(media.path("vtest.avi"))
        ask(fresh, tmp_path, "camera", "add", "street", "--source", video, "--fps", "5", *models_of(MODEL, FOLLOWER))
        wait_for(lambda: read_topic(fresh, fresh.names.results(FOLLOWER)), seconds=90)
        bad = world.put(
            fresh.names.frames(MODEL), b"no picture", key="street", headers=frame_info("street", 0).encode()
        )
        wait_for(lambda: read_topic(fresh, fresh.names.dead_letters), seconds=30)
        ask(fresh, tmp_path, "dead-letter", "redrive", f"{MODEL}/0/{bad}", "--yes")
        receiver.reply = lambda _: Reply(422)
        with sink(fresh, receiver.url, tmp_path) as refused:
            refused.says("set aside")
            assert refused.stop() == 0, refused.said
        ask(fresh, tmp_path, "camera", "remove", "street")
        wait_for(lambda: any(one.value() is None for one in read_topic(fresh, fresh.names.camera_status)), seconds=30)
    seen = set()
    records = 0
    for topic in (one.name for one in plan(fresh, Catalogue())):
        messages = messages_of(channel_of(topic, fresh.prefix))
        for record in read_topic(fresh, topic):
            said = {
                name: faults(one, record.key(), record.headers() or [], record.value())
                for name, one in messages.items()
            }
            is_one = [name for name, found in said.items() if not found]
            if topic == fresh.names.frames(MODEL) and record.value() == b"no picture":
                assert said == {"frame": ["payload: no JPEG"]}
                continue
            assert len(is_one) == 1, (topic, record.key(), said)
            assert record.timestamp()[1] <= time.time() * 1000 + 1000
            seen.update(is_one)
            records += 1
    assert seen == DOCUMENT["components"]["messages"].keys()
    assert records > 100
