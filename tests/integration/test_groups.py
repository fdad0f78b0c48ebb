"""Questions about consumer groups: what they tell, and that no broker that ends can end who asks."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from api.log.groups import Group, describe_groups
from deploy.local.kafka import EmbeddedKafka
from schemas.settings import Settings
from tests.integration.streaming_kit import wait_until

ROOT = Path(__file__).parents[2]
ROOMS = ("schemas", "producers", "processors", "api", "deploy")
RESTARTS = 10
UNSAFE = re.compile(
    r"\.(describe_consumer_groups|list_consumer_group_offsets|alter_consumer_group_offsets|delete_consumer_groups)\("
)
"""What AdminClient asks a coordinator."""


def test_a_group_says_what_each_member_owns(settings: Settings) -> None:
    group, frames = settings.names.result_group("door"), settings.names.frames("object-detection")
    admin = AdminClient(settings.librdkafka())
    readers = [Consumer({**settings.librdkafka(), "group.id": group}) for _ in range(2)]
    try:
        for reader in readers:
            reader.subscribe([frames])

        def settled() -> bool:
            for reader in readers:
                reader.poll(0.05)
            found = describe_groups(admin, [group], timeout=5)[group]
            return found.stable and found.workers == 2

        wait_until(settled, deadline_s=30, what="two members with partitions")
        found = describe_groups(admin, [group, "nobody"], timeout=5)
        partitions = len(admin.list_topics(frames, timeout=5).topics[frames].partitions)
        assert sum(found[group].members.values()) == partitions
        assert found["nobody"] == Group()
    finally:
        for reader in readers:
            reader.close()
    assert describe_groups(admin, [group], timeout=5)[group].workers == 0


@pytest.mark.timeout(240)
def test_a_broker_that_ends_does_not_end_who_asks(kafka: EmbeddedKafka, settings: Settings) -> None:
    """https://github.com/confluentinc/librdkafka/issues/4605: AdminClient's own way aborts the process."""
    groups = [settings.names.result_group(name) for name in ("one", "two", "three")]

    def asking(way: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.integration.group_questions", way, settings.bootstrap_servers, *groups]
        return subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    with asking("ours") as ours, asking("theirs") as theirs:
        try:
            for _ in range(RESTARTS):
                time.sleep(2.0)
                kafka.kill()
                kafka.start()
                if theirs.poll() is not None:
                    break
            assert theirs.poll() == -signal.SIGABRT, "AdminClient does not abort any more: no need to contain it"
            time.sleep(10.0)
            said, complaint = ours.communicate(timeout=30)
        finally:
            ours.kill()
            theirs.kill()
    assert ours.returncode == 0, complaint
    assert int(said) > 10, "it gets answers again"


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_asks_in_the_way_that_aborts(room: str) -> None:
    found = [
        f"{file.relative_to(ROOT)}: {call[1]}"
        for file in (ROOT / room).rglob("*.py")
        for call in UNSAFE.finditer(file.read_text())
    ]
    assert not found, "api.log.groups has another way"
