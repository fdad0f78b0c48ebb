"""A changed catalogue entry rolls out worker by worker: no frame is lost, and every result names its version."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from api.audit.auditor import Auditor
from api.audit.report import render
from deploy import topics
from deploy.catalogue import read_catalogue
from deploy.local.environment import environment_of, inherited
from deploy.local.ports import free_port
from producers.control import put_camera
from schemas.catalogue import Catalogue
from schemas.ledger import Balance
from schemas.messages import Camera, Result
from schemas.settings import Settings
from tests.integration.capture_world import capture_worker, eventually
from tests.integration.test_own_model import NAME, own_settings

CAMERAS = [Camera(id=f"camera-{number}", source="pattern:160x120", models=(NAME,), fps=20) for number in range(2)]
PARTITIONS = 2


@dataclass
class Running:
    """A service as a process, with its log and a port for HTTP."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int

    def says(self, text: str) -> None:
        eventually(lambda: text in self.log.read_text(), f"{text!r} in {self.log.read_text()}")

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10)

    @property
    def version(self) -> str:
        """What the worker's metrics call the network that it runs."""
        found = re.search(r'^framebus_model_info{.*version="(\w+)".*} 1\.0$', self.get("/metrics").text, re.MULTILINE)
        assert found is not None, self.get("/metrics").text
        return found[1]

    def end(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, self.log.read_text()


@contextmanager
def running(settings: Settings, folder: Path, *arguments: str) -> Iterator[Running]:
    port = free_port()
    log = folder / f"{arguments[0]}-{port}.log"
    own = settings.model_copy(update={"api_port" if arguments[0] == "api" else "metrics_port": port})
    command = [sys.executable, "-W", "error", "-m", "deploy.cli", "run", *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env={**inherited(), **environment_of(own)}, stderr=output)
    try:
        yield Running(process, log, port)
    finally:
        process.kill()
        process.wait(10)


class Fleet:
    """Two workers of one model, a capture worker and the API."""

    def __init__(self, settings: Settings, folder: Path, stack: ExitStack) -> None:
        self._settings, self._folder, self._stack = settings, folder, stack
        self.api = stack.enter_context(running(settings, folder, "api"))
        self.capture = stack.enter_context(capture_worker(settings, folder))
        self.workers = [self._worker(), self._worker()]

    def _worker(self) -> Running:
        new = self._stack.enter_context(running(self._settings, self._folder, "inference", "--model", NAME))
        new.says("partitions assigned")
        return new

    def replace_worker(self) -> None:
        """Start a new one in the group, then end the oldest in order."""
        self.workers.append(self._worker())
        self.workers.pop(0).end()

    def versions(self) -> list[str]:
        """What the API says that ran of late, newest first."""
        models = {model["name"]: model for model in self.api.get("/api/v1/models").json()["models"]}
        return [version["version"] for version in models[NAME]["versions"]]


def balance_of(settings: Settings, catalogue: Catalogue) -> Balance:
    auditor = Auditor(settings, catalogue, model=NAME)
    try:
        auditor.refresh(30)
        return auditor.balance()
    finally:
        auditor.close()


def read_results(settings: Settings) -> list[Result]:
    """Every result, by partition in the order of the log."""
    consumer = Consumer({**settings.librdkafka(), "group.id": "unused", "enable.auto.commit": False})
    topic = settings.names.results(NAME)
    found: list[Result] = []
    for partition in range(PARTITIONS):
        _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
        consumer.assign([TopicPartition(topic, partition, OFFSET_BEGINNING)])
        read = [message for _ in range(end) if (message := consumer.poll(10)) is not None]
        assert len(read) == end
        found += [Result.from_json(message.value()) for message in read]
    consumer.close()
    return found


@pytest.mark.timeout(240)
def test_a_changed_entry_rolls_out_worker_by_worker_and_loses_nothing(settings: Settings, tmp_path: Path) -> None:
    own = own_settings(settings, tmp_path)
    catalogue = read_catalogue(own)
    topics.apply(own, catalogue)
    for camera in CAMERAS:
        put_camera(own, camera)
    with ExitStack() as stack:
        fleet = Fleet(own, tmp_path, stack)
        before = fleet.workers[0].version
        eventually(lambda: fleet.versions() == [before], "results of the old version in the API")
        entry = tmp_path / "own.yaml"
        entry.write_text(entry.read_text() + "    outputs: {threshold: 0.95}\n")
        fleet.replace_worker()
        after = fleet.workers[-1].version
        eventually(lambda: set(fleet.versions()) == {before, after}, "results of both versions in the API")
        fleet.replace_worker()
        assert [worker.version for worker in fleet.workers] == [after, after] != [before, before]
        rolled = sum(account.inferred for account in balance_of(own, catalogue).accounts.values())
        fleet.capture.stop()

        def settled() -> bool:
            return not any(account.in_log for account in balance_of(own, catalogue).accounts.values())

        eventually(settled, "the last frames are inferred")
        assert fleet.versions()[0] == after
        for worker in fleet.workers:
            worker.end()
    balance = balance_of(own, catalogue)
    accounts = balance.accounts.values()
    assert balance.is_clean, render(balance)
    assert sum(one.inferred for one in accounts) == sum(one.delivered for one in accounts) >= rolled > 0
    assert (balance.repeats, balance.conflicts) == (0, 0)
    results = read_results(own)
    seen = Counter((result.model.version, bool(result.detections)) for result in results)
    # What a result says is what its version says: the old threshold shows the thing, the new one does not.
    assert seen.keys() == {(before, True), (after, False)}
    assert len({result.id for result in results}) == len(results) == sum(seen.values())
    topics.delete(own, Catalogue((catalogue.get(NAME),)))
