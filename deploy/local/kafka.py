"""A real Apache Kafka broker on this machine: one KRaft node from its Maven artifacts, on free ports."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from deploy.local import process
from deploy.local.kafka_runtime import KafkaRuntime
from deploy.local.locks import Locks
from deploy.local.ports import free_port, is_free
from schemas.errors import EnvironmentMissingError

__all__ = ["EmbeddedKafka", "KafkaRuntime"]

log = logging.getLogger(__name__)

HEAP_MB: Final = 512
START_DEADLINE_S: Final = 60.0
STOP_DEADLINE_S: Final = 10.0
_ATTEMPTS: Final = 3

_PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
log.dirs={data}
auto.create.topics.enable=false
num.network.threads={network_threads}
num.io.threads={io_threads}
num.recovery.threads.per.data.dir=2
background.threads=2
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
offsets.topic.segment.bytes=16777216
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=1000
metadata.max.idle.interval.ms=5000
log.cleaner.dedupe.buffer.size=16777216
log.segment.bytes=67108864
log.retention.check.interval.ms=10000
log.segment.delete.delay.ms=1000
"""

_STEADY: Final = (
    # What wakes up some times a second would stay with the interpreter for minutes; it takes twice the CPU time.
    "-XX:CompileThresholdScaling=0.02",
    "-XX:-UsePerfData",
    *(("-XX:+UseTransparentHugePages",) if sys.platform == "linux" else ()),
)
"""How a broker that others share a small machine with disturbs them little, from its first seconds on."""

_OPEN: Final = """\
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={advertised}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,FORWARDED:PLAINTEXT
"""

_LOGGING: Final = """\
rootLogger.level=INFO
rootLogger.appenderRef.stdout.ref=stdout
appender.stdout.name=stdout
appender.stdout.type=Console
appender.stdout.layout.type=PatternLayout
appender.stdout.layout.pattern=%d %p %m (%c)%n
"""


@dataclass(frozen=True, slots=True)
class _Node:
    """What a data directory remembers: its cluster and its ports."""

    cluster_id: str
    broker: int
    controller: int
    forwarded: int | None = None


class EmbeddedKafka:
    """One broker whose data live in `data_dir`; as a context manager it runs inside the block.

    The directory keeps the cluster id and the ports, so that a restart is the same broker at the same address. The JVM
    has its own process group (Ctrl-C does not reach it) and dies with the thread that started it.
    """

    def __init__(
        self,
        data_dir: Path,
        runtime: KafkaRuntime,
        *,
        port: int | None = None,
        proxy_port: int | None = None,
        heap_mb: int = HEAP_MB,
        jvm_options: Sequence[str] = (),
        locks: Locks | None = None,
    ) -> None:
        """A broker that is not started yet; `port` is the one to take if it is free.

        With a `proxy_port` there is a second listener, at `forwarded_port`, for a proxy on this machine: whoever comes
        through the proxy is told to come back through it, instead of past it. Without `locks`, with which there is
        only one listener, whoever reaches the broker may do everything: then only this machine should.
        """
        self._proxy_port = proxy_port
        self._locks = locks
        self._jvm_options = tuple(jvm_options)
        self._port = port
        self._folder = data_dir.resolve()
        self._runtime = runtime
        self._heap_mb = heap_mb
        self._node: _Node | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """The broker's address."""
        return f"127.0.0.1:{self._known.broker}"

    @property
    def forwarded_port(self) -> int:
        """Where the proxy of `proxy_port` connects to."""
        if (port := self._known.forwarded) is None:
            raise EnvironmentMissingError(
                f"the broker in {self._folder} has no listener for a proxy: expected proxy_port"
            )
        return port

    @property
    def cluster_id(self) -> str:
        return self._known.cluster_id

    @property
    def log_path(self) -> Path:
        """What the broker says about itself."""
        return self._folder / "kafka.log"

    @property
    def previous_log_path(self) -> Path:
        """What it said before its last start."""
        return self._folder / "kafka.log.1"

    @property
    def pid(self) -> int | None:
        """The running broker's process id."""
        return self._process.pid if self.running and self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def _known(self) -> _Node:
        if self._node is None:
            raise EnvironmentMissingError(f"the broker in {self._folder} was never started: it has no address yet")
        return self._node

    def start(self) -> None:
        """Start the broker and wait until it answers; formats the directory the first time.

        Raises:
            EnvironmentMissingError: It ended or did not answer in time; the message quotes its log.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            self.launch()
            try:
                self.await_ready()
            except EnvironmentMissingError:
                if attempt == _ATTEMPTS or not self._lost_its_port():
                    raise
                log.info("kafka port taken address=%s attempt=%d", self.bootstrap_servers, attempt)
            else:
                return

    def launch(self) -> None:
        """Begin to start the broker; its address is known from now on.

        Raises:
            EnvironmentMissingError: The directory cannot be written to or formatted.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / "log4j2.properties").write_text(_LOGGING)
            self._prepare(self._choose_node())
            options = (*self._options(self._heap_mb), *_STEADY, *self._jvm_options)
            command = self._runtime.command("kafka.Kafka", [str(self._folder / "server.properties")], options=options)
            if self.log_path.exists():
                self.log_path.replace(self.previous_log_path)
            with self.log_path.open("wb") as output:
                # Its threads wake often, for little, and would interrupt the workers' networks each time.
                self._process = process.start(command, output=output.fileno(), batch=True)
        except OSError as error:
            raise EnvironmentMissingError(
                f"Kafka cannot be started in {self._folder}: {error}; expected a folder that takes what is written"
            ) from error

    def await_ready(self) -> None:
        """Wait until a metadata request is answered by the cluster that we formatted, not by a stranger on its port.

        Raises:
            EnvironmentMissingError: The broker ended or did not answer in time; it runs no more.
        """
        deadline = time.monotonic() + START_DEADLINE_S
        while self.running and time.monotonic() < deadline:
            if not is_free(self._known.broker) and self._answers():
                return
            time.sleep(0.05)
        what = "did not answer in time" if self.running else "ended while it started"
        self.kill()
        raise EnvironmentMissingError(f"Kafka {what}: {self._last_words()}")

    def stop(self, *, deadline_s: float = STOP_DEADLINE_S) -> bool:
        """Stop the broker; True if it ended by itself within the deadline."""
        return self._process is None or process.stop(self._process, deadline_s=deadline_s)

    def kill(self) -> None:
        """End the broker at once, as a power cut would."""
        if self._process is not None:
            process.kill(self._process)

    def restart(self) -> None:
        """Start the broker again at the same address, after `stop`, `kill` or neither."""
        self.stop()
        self.start()

    def _choose_node(self) -> _Node:
        """The address that this object had, else the wanted or the remembered one, else a new one: the first free."""
        known = self._node or self._remembered()
        own = self._node.broker if self._node else None
        broker = _first_free(own, self._port, known.broker if known else None)
        controller = _first_free(known.controller if known else None, but=broker)
        forwarded = None
        if self._proxy_port is not None:
            forwarded = _first_free(known.forwarded if known else None, but=self._proxy_port)
        cluster_id = self._formatted_as() or (known.cluster_id if known else _new_cluster_id())
        return _Node(cluster_id, broker, controller, forwarded)

    def _remembered(self) -> _Node | None:
        """What the directory remembers; nothing if it is new, or what it remembered was cut off by a full disk."""
        file = self._folder / "node.json"
        try:
            return _Node(**json.loads(file.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            log.warning("kafka forgot its ports file=%s error=%s", file, error)
            return None

    def _formatted_as(self) -> str | None:
        """The cluster whose data the directory holds: written when it is formatted, as the last thing."""
        file = self._folder / "data" / "meta.properties"
        found = re.search(r"^cluster\.id=(\S+)$", file.read_text(), re.MULTILINE) if file.exists() else None
        return found[1] if found else None

    def _prepare(self, node: _Node) -> None:
        """Make the directory that of `node`; wherever this is broken off, the next start goes on from there."""
        file = self._folder / "node.json"
        text = json.dumps(asdict(node))
        if not file.exists() or file.read_bytes() != text.encode():
            part = self._folder / "node.json.part"
            part.write_text(text)
            part.replace(file)
        self._node = node
        self._write_properties(node)
        if self._formatted_as() is None:
            self._format(node.cluster_id)

    def _write_properties(self, node: _Node) -> None:
        cores = os.cpu_count() or 1
        text = _PROPERTIES.format(
            controller=node.controller,
            data=self._folder / "data",
            # Kafka's usual three and eight where there are cores for them: each that is woken has left the caches.
            network_threads=min(max(cores // 2, 1), 3),
            io_threads=min(max(cores, 2), 8),
        )
        if self._locks:
            text += self._locks.properties(broker=node.broker, controller=node.controller)
        else:
            text += self._open_listeners(node)
        _write_secretly(self._folder / "server.properties", text)

    def _open_listeners(self, node: _Node) -> str:
        listeners = [f"PLAINTEXT://127.0.0.1:{node.broker}"]
        advertised = list(listeners)
        if node.forwarded is not None:
            listeners.append(f"FORWARDED://127.0.0.1:{node.forwarded}")
            advertised.append(f"FORWARDED://127.0.0.1:{self._proxy_port}")
        return _OPEN.format(listeners=",".join(listeners), advertised=",".join(advertised), controller=node.controller)

    def _format(self, cluster_id: str) -> None:
        arguments = ["format", "--standalone", "-t", cluster_id, "-c", str(self._folder / "server.properties")]
        first_user = self._folder / "first-user"
        if self._locks:
            _write_secretly(first_user, self._locks.format_arguments())
            arguments.append(f"@{first_user}")
        command = self._runtime.command("kafka.tools.StorageTool", arguments, options=self._options(128))
        try:
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
        finally:
            first_user.unlink(missing_ok=True)
        if answer.returncode:
            raise EnvironmentMissingError(
                f"Kafka cannot format {self._folder / 'data'}: {(answer.stderr or answer.stdout).strip()[-500:]}"
            )

    def _options(self, heap_mb: int) -> tuple[str, ...]:
        return f"-Xmx{heap_mb}m", f"-Dlog4j2.configurationFile={self._folder / 'log4j2.properties'}"

    def _answers(self) -> bool:
        quiet = logging.getLogger(f"{__name__}.probe")
        quiet.setLevel(logging.CRITICAL)
        as_admin = self._locks.client() if self._locks else {}
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, **as_admin}, logger=quiet)
        try:
            metadata = admin.list_topics(timeout=1.0)
        except KafkaException:
            return False
        return metadata.cluster_id == self.cluster_id and bool(metadata.brokers)

    def _lost_its_port(self) -> bool:
        return re.search(r"Address already in use|Socket server failed to bind", self._log()) is not None

    def _last_words(self) -> str:
        errors = [line for line in self._log().splitlines() if re.search(r" (ERROR|FATAL) |Exception|Error", line)]
        return f"{' | '.join(errors[-3:])[:800] or 'no error in its log'} (see {self.log_path})"

    def _log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""


def _first_free(*ports: int | None, but: int | None = None) -> int:
    """The first of `ports` that is free, else any other than `but`."""
    return next((port for port in ports if port and port != but and is_free(port)), None) or free_port(but=but)


def _write_secretly(path: Path, text: str) -> None:
    """Write a file that may hold passwords: nobody else can read it, not even while it is new."""
    path.unlink(missing_ok=True)
    with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)


def _new_cluster_id() -> str:
    """16 random bytes in 22 characters; a dash in front would look like an option."""
    return base64.urlsafe_b64encode(os.urandom(16)).decode().rstrip("=").replace("-", "_")
