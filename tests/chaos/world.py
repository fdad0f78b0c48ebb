"""The system under test: a real broker behind a proxy, two capture workers with real video, the API, and workers."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self

import httpx
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from api.audit.auditor import Auditor
from api.log.groups import describe_groups
from api.log.kafka import Offsets
from deploy import topics
from deploy.local.kafka import EmbeddedKafka, KafkaRuntime
from deploy.local.ports import free_port
from producers.control import put_camera
from schemas.catalogue import Catalogue
from schemas.errors import EnvironmentMissingError
from schemas.ledger import Balance
from schemas.settings import Settings
from tests.chaos.book import Book
from tests.chaos.cameras import FILES, file_cameras, rtsp_cameras
from tests.chaos.fleet import CAPTURES, Fleet
from tests.chaos.injector import Injector
from tests.chaos.network import model, write_network
from tests.chaos.proxy import Proxy
from tests.planted import CAMERA_PASSWORD, keep

PARTITIONS: Final = 8
"""Of the frames topic: two for each of four workers."""
POISON_SHARE: Final = 0.01
WORKERS: Final = 2
_LOOK_S: Final = 0.1
_START_S: Final = 90.0
_ASK_S: Final = 10.0


class World:
    """A running system; as a context manager it ends with the block.

    Every client goes through the proxy. Who judges (the auditor, the book) goes to the broker itself. The thread that
    enters it owns every process, and must call `until` or `tick` while it waits for anything.
    """

    def __init__(self, folder: Path, chance: random.Random, *, cameras: int = FILES) -> None:
        self._count = cameras
        self.model: Final = model().name
        self.chance = chance
        self.logs = folder / "logs"
        self._folder = folder
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as ends:
            self._start(ends)
            self._ends = ends.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def _start(self, ends: ExitStack) -> None:
        runtime = KafkaRuntime.prepare(Settings())
        self.logs.mkdir(parents=True)
        passwords = self._folder / "passwords"
        passwords.mkdir()
        keep(passwords / "127.0.0.1", CAMERA_PASSWORD)
        ends.callback(self._keep_broker_log)
        self.proxy = Proxy(lambda: self.kafka.forwarded_port)
        self.kafka = EmbeddedKafka(self._folder / "kafka", runtime, proxy_port=self.proxy.port)
        self.kafka.launch()
        ends.callback(self.kafka.kill)
        ends.enter_context(self.proxy)
        direct = Settings(
            bootstrap_servers=self.kafka.bootstrap_servers,
            prefix="chaos.",
            api_port=free_port(),
            source_roots=str(self._folder),
            source_addresses="loopback",
            camera_passwords=passwords,
        )
        self.settings = direct.model_copy(update={"bootstrap_servers": self.proxy.address, "metrics_port": 0})
        self.fleet = Fleet(self.settings, write_network(self._folder / "network.xml"), self.logs)
        ends.callback(self.fleet.kill)
        for _ in range(WORKERS):
            self.fleet.start_worker()
        for name in CAPTURES:
            self.fleet.start_capture(name)
        self.fleet.start_api()
        cameras = file_cameras(self._folder, self.model)
        if self._count > FILES:
            port = free_port()
            self.fleet.start_rtsp(port)
            cameras += rtsp_cameras(self._count - FILES, port, self.model)
        self.cameras = [camera.id for camera in cameras]
        self.kafka.await_ready()
        self._provision(direct)
        self._watch(direct, ends)
        for camera in cameras:
            put_camera(direct, camera)
        self.injector = Injector(
            self.settings,
            self.model,
            PARTITIONS,
            rate=POISON_SHARE * sum(camera.fps or 0.0 for camera in cameras),
            chance=random.Random(self.chance.random()),
        )
        self.until(lambda: self.flows({}), deadline_s=_START_S, what="a result of each camera")
        self.settle(_START_S)

    def _provision(self, direct: Settings) -> None:
        planned = tuple(one.model_copy(update={"partitions": PARTITIONS}) for one in Catalogue().models)
        topics.apply(direct, Catalogue(planned))

    def _watch(self, direct: Settings, ends: ExitStack) -> None:
        self.direct = direct
        self.offsets = Offsets(direct)
        ends.callback(self.offsets.close)
        self.book = Book(direct, self.model, self.offsets)
        ends.callback(self.book.close)
        self._auditor = Auditor(direct, Catalogue(), model=self.model)
        ends.callback(self._auditor.close)

    # What faults and their judges use

    def tick(self) -> None:
        """Let the suite's own work go on: supervise, and send the poison that is due."""
        self.fleet.check()
        self.injector.tick()

    def wait(self, seconds: float) -> None:
        """Let a fault last: so long, with everything going on meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tick()
            time.sleep(_LOOK_S)

    def until(self, condition: Callable[[], bool], *, deadline_s: float, what: str) -> float:
        """Wait for a condition; the seconds that it took.

        Raises:
            TimeoutError: Not within the deadline; the message says what was waited for.
        """
        begun = time.monotonic()
        while (trouble := self._trouble(condition)) is not None:
            if time.monotonic() - begun > deadline_s:
                raise TimeoutError(f"no {what} within {deadline_s:.0f} s {trouble}".rstrip())
            self.tick()
            time.sleep(_LOOK_S)
        return time.monotonic() - begun

    def ends(self) -> dict[int, int]:
        """One above the last offset, by partition of the frames topic."""
        return self._by_partition(self.offsets.ends(self._frames, deadline=time.monotonic() + _ASK_S))

    def committed(self) -> dict[int, int]:
        """The group's committed offset, by partition."""
        group = self.settings.names.inference_group(self.model)
        found = self.offsets.committed({group: self._frames}, deadline=time.monotonic() + _ASK_S)
        return self._by_partition(found)

    def passed(self, ends: dict[int, int]) -> bool:
        """Whether the group has committed everything up to these log ends."""
        committed = self.committed()
        return all(committed.get(partition, 0) >= end for partition, end in ends.items())

    def flows(self, ends: dict[int, int]) -> bool:
        """Whether each camera has a result of a frame that came after these log ends."""
        self.book.update(_ASK_S)
        return all(self.book.flows(camera, ends) for camera in self.cameras)

    def settle(self, deadline_s: float) -> float:
        """Wait until both groups are stable with all their members, and the API reads; the seconds that it took."""
        return self.until(self.is_whole, deadline_s=deadline_s, what="whole groups and a ready API")

    def is_whole(self) -> bool:
        """Whether nobody is missing."""
        names = self.settings.names
        wanted = {
            names.inference_group(self.model): len(self.fleet.workers),
            names.capture_group(self.settings.site): len(self.fleet.captures),
        }
        # A client of its own for each question: one that knew the broker before its restart may never answer again.
        admin = AdminClient({**self.direct.librdkafka(), "log_level": 0})
        groups = describe_groups(admin, wanted, timeout=3.0)
        return self.serves("readyz") and all(
            group in groups and groups[group].stable and len(groups[group].members) == members
            for group, members in wanted.items()
        )

    def serves(self, path: str) -> bool:
        """Whether the API answers with a success."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.settings.api_port}/{path}", timeout=5.0).is_success
        except httpx.TransportError:
            return False

    def api_explains(self) -> bool:
        """Whether the API's own ledger says that every frame is explained."""
        url = f"http://127.0.0.1:{self.settings.api_port}/api/v1/ledger"
        answer = httpx.get(url, timeout=30.0).raise_for_status()
        return bool(answer.json()["clean"])

    def delete_below(self, offsets: dict[int, int]) -> None:
        """What retention does to the frames topic, at once."""
        topic = self.settings.names.frames(self.model)
        wanted = [TopicPartition(topic, partition, offset) for partition, offset in offsets.items()]
        admin = AdminClient({**self.direct.librdkafka(), "log_level": 0})
        for future in admin.delete_records(wanted, request_timeout=_ASK_S).values():
            future.result(_ASK_S)

    def audit(self) -> Balance:
        """The product's own audit, of everything up to now."""
        self.injector.flush()  # who judges a dead letter must know all of the poison
        self.book.update(_ASK_S)
        self._auditor.refresh(30.0)
        return self._auditor.balance()

    def fresh_audit(self) -> Balance:
        """The same by an auditor that has seen nothing before."""
        auditor = Auditor(self.direct, Catalogue(), model=self.model)
        try:
            auditor.refresh(60.0)
            return auditor.balance()
        finally:
            auditor.close()

    @property
    def _frames(self) -> list[tuple[str, int]]:
        return [(self.settings.names.frames(self.model), partition) for partition in range(PARTITIONS)]

    @staticmethod
    def _by_partition(offsets: dict[tuple[str, int], int]) -> dict[int, int]:
        return {partition: offset for (_, partition), offset in offsets.items()}

    @staticmethod
    def _trouble(condition: Callable[[], bool]) -> str | None:
        """None when the condition holds, else why it cannot be asked, if it cannot."""
        try:
            return None if condition() else ""
        except (EnvironmentMissingError, KafkaException, TimeoutError) as error:
            return f"({error!r})"  # the broker does not answer yet

    def _keep_broker_log(self) -> None:
        """What the broker said, beside the logs of the services; its data are the run's and go with it."""
        log = self._folder / "kafka" / "kafka.log"
        if log.exists():
            shutil.copy(log, self.logs / "kafka.log")
