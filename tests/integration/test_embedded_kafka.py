"""The embedded broker: formats once, keeps data and address, lets nothing outlive it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from deploy.local.kafka import EmbeddedKafka, KafkaRuntime
from schemas.errors import EnvironmentMissingError
from schemas.settings import Settings


@pytest.fixture(scope="module")
def runtime() -> KafkaRuntime:
    return KafkaRuntime.prepare(Settings())


@pytest.fixture(scope="module")
def broker(runtime: KafkaRuntime, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(tmp_path_factory.mktemp("own-kafka"), runtime) as running:
        yield running


def wait_until(condition: Callable[[], bool], deadline_s: float = 20.0) -> None:
    deadline = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        time.sleep(0.02)


def create(broker: EmbeddedKafka, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker.bootstrap_servers})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result()
    wait_until(lambda: topic in admin.list_topics(timeout=10).topics)


def produce(broker: EmbeddedKafka, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "acks": "all"})
    producer.produce(topic, value)
    assert producer.flush(20) == 0


def read(broker: EmbeddedKafka, topic: str) -> bytes:
    consumer = Consumer({"bootstrap.servers": broker.bootstrap_servers, "group.id": "none", "log_level": 2})
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        message = consumer.poll(20)
        assert message is not None
        assert message.error() is None
        return bytes(message.value() or b"")
    finally:
        consumer.close()


def test_it_answers_as_the_cluster_that_was_formatted(broker: EmbeddedKafka) -> None:
    metadata = AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(timeout=10)
    assert metadata.cluster_id == broker.cluster_id
    assert len(metadata.brokers) == 1


def test_it_makes_no_topic_by_itself(broker: EmbeddedKafka) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "message.timeout.ms": 1500, "log_level": 2})
    answers: list[object] = []
    producer.produce("surprise", b"x", on_delivery=lambda error, _: answers.append(error))
    producer.flush(10)
    assert len(answers) == 1
    assert answers[0] is not None
    assert "surprise" not in AdminClient({"bootstrap.servers": broker.bootstrap_servers}).list_topics(timeout=10).topics


def test_killed_and_restarted_it_has_its_address_and_its_data(broker: EmbeddedKafka) -> None:
    create(broker, "kept")
    produce(broker, "kept", b"still here")
    address, cluster, pid = broker.bootstrap_servers, broker.cluster_id, broker.pid
    broker.kill()
    assert not broker.running
    broker.start()
    assert (broker.bootstrap_servers, broker.cluster_id) == (address, cluster)
    assert broker.pid != pid
    assert read(broker, "kept") == b"still here"


def test_its_threads_interrupt_none_that_runs(broker: EmbeddedKafka) -> None:
    threads = [int(thread.name) for thread in Path(f"/proc/{broker.pid}/task").iterdir()]
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_BATCH}


def test_ctrl_c_in_the_terminal_does_not_reach_it(broker: EmbeddedKafka) -> None:
    assert broker.pid is not None
    assert os.getpgid(broker.pid) == broker.pid != os.getpgrp()


def test_a_taken_port_is_replaced_and_the_data_stay(broker: EmbeddedKafka) -> None:
    create(broker, "moved")
    produce(broker, "moved", b"still here")
    first = broker.bootstrap_servers
    assert broker.stop()
    assert broker.pid is None
    host, _, port = first.partition(":")
    with socket.create_server((host, int(port))):
        broker.start()
        assert broker.bootstrap_servers != first
        assert read(broker, "moved") == b"still here"


def test_what_it_said_before_its_last_start_is_kept(broker: EmbeddedKafka) -> None:
    broker.kill()
    said = broker.log_path.read_text()
    broker.start()
    assert broker.previous_log_path.read_text() == said
    assert broker.log_path.read_text() != said


def test_the_address_that_was_told_is_kept_and_the_wanted_one_is_for_the_next(
    runtime: KafkaRuntime, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        wanted = other.getsockname()[1]
        broker = EmbeddedKafka(tmp_path, runtime, port=wanted)
        broker.start()
        told = broker.bootstrap_servers
        assert told != f"127.0.0.1:{wanted}"
        broker.kill()
        later = EmbeddedKafka(tmp_path, runtime, port=wanted)
        later.launch()
        later.kill()
        assert later.bootstrap_servers == told, "what is remembered is before what is new"
    broker.launch()
    broker.kill()
    assert broker.bootstrap_servers == told, "who was told it is still there"
    later = EmbeddedKafka(tmp_path, runtime, port=wanted)
    later.launch()
    later.kill()
    assert later.bootstrap_servers == f"127.0.0.1:{wanted}"


@pytest.mark.parametrize("left", [None, b"", b'{"cluster_id": "a', b"[]"])
def test_what_a_full_disk_cut_off_costs_no_data(
    broker: EmbeddedKafka, runtime: KafkaRuntime, left: bytes | None
) -> None:
    """Nor does Ctrl-C between the formatting and the note of it, as earlier releases wrote that."""
    folder, topic = broker.log_path.parent, f"kept-{uuid4().hex[:8]}"
    create(broker, topic)
    produce(broker, topic, b"still here")
    assert broker.stop()
    (folder / "node.json").unlink()
    if left is not None:
        (folder / "node.json").write_bytes(left)
    with EmbeddedKafka(folder, runtime) as other:
        assert other.cluster_id == broker.cluster_id
        assert read(other, topic) == b"still here"
    broker.start()


def test_what_is_remembered_is_written_when_it_changes_only(broker: EmbeddedKafka) -> None:
    file = broker.log_path.parent / "node.json"
    written = file.stat()
    broker.restart()
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (written.st_ino, written.st_mtime_ns)


def test_a_directory_that_was_not_formatted_to_the_end_is_formatted(runtime: KafkaRuntime, tmp_path: Path) -> None:
    first = EmbeddedKafka(tmp_path, runtime)
    first.launch()
    first.kill()
    shutil.rmtree(tmp_path / "data")
    with EmbeddedKafka(tmp_path, runtime) as broker:
        assert (broker.cluster_id, broker.bootstrap_servers) == (first.cluster_id, first.bootstrap_servers)


def test_a_directory_that_takes_nothing_is_an_error_and_no_crash(broker: EmbeddedKafka) -> None:
    """What keeps a system up tries again after such an error."""
    address, file = broker.bootstrap_servers, broker.log_path.parent / "log4j2.properties"
    broker.stop()
    file.unlink()
    file.mkdir()
    with pytest.raises(EnvironmentMissingError, match=r"Kafka cannot be started in .*expected a folder that takes"):
        broker.start()
    file.rmdir()
    broker.start()
    assert broker.bootstrap_servers == address


def test_it_dies_with_a_parent_that_is_killed(runtime: KafkaRuntime, tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from deploy.local.kafka import EmbeddedKafka, KafkaRuntime\n"
        "from schemas.settings import Settings\n"
        "broker = EmbeddedKafka(Path(sys.argv[1]), KafkaRuntime.prepare(Settings()))\n"
        "broker.start()\n"
        "print(broker.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.Process(pid).name() == "java"
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)


def test_a_broker_that_cannot_start_says_why(runtime: KafkaRuntime, tmp_path: Path) -> None:
    broker = EmbeddedKafka(tmp_path, runtime, heap_mb=2)
    with pytest.raises(EnvironmentMissingError, match=r"Kafka ended while it started: .*kafka\.log"):
        broker.start()
    assert not broker.running


def test_the_class_archive_is_made_once_and_spares_time(runtime: KafkaRuntime, tmp_path: Path) -> None:
    assert runtime.archive is not None
    made = runtime.archive.stat().st_mtime_ns
    assert KafkaRuntime.prepare(Settings()).archive == runtime.archive
    assert runtime.archive.stat().st_mtime_ns == made
    assert cpu_seconds(runtime, tmp_path) < 0.8 * cpu_seconds(replace(runtime, archive=None), tmp_path)


def cpu_seconds(runtime: KafkaRuntime, folder: Path) -> float:
    """What a small program of Kafka's costs: a wrong archive costs nothing but the time that a right one spares."""
    command = runtime.command("kafka.tools.StorageTool", ["random-uuid"], options=["-Xmx64m"])
    before = os.times().children_user
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return os.times().children_user - before
