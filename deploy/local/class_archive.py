"""Java's archive of loaded classes: made once, it takes about two thirds off every later start of the broker."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path
from typing import Final

from deploy.local.kafka import EmbeddedKafka
from deploy.local.kafka_runtime import KafkaRuntime
from processors.samples.cachefile import exclusive, place, scratch_directory
from processors.samples.progress import Progress

log = logging.getLogger(__name__)

_LABEL: Final = "Apache Kafka: class archive"
_DUMP_DEADLINE_S: Final = 60.0


def find_archive(runtime: KafkaRuntime, cache: Path, progress: Progress) -> Path | None:
    """The archive for this Java and these jars, made by a broker's first run if there is none; None if Java cannot.

    Raises:
        EnvironmentMissingError: The broker does not start.
    """
    target = cache / "kafka-classes" / f"{_key(runtime)}.jsa"
    if not target.exists():
        with exclusive(target.with_suffix(".lock")):
            if not target.exists():
                progress(_LABEL, 0, 1)
                _make(runtime, target)
                progress(_LABEL, 1, 1)
    # An empty file says that this Java was asked once and made none.
    return target if target.stat().st_size else None


def _make(runtime: KafkaRuntime, target: Path) -> None:
    with scratch_directory(target.parent) as scratch:
        made = scratch / target.name
        broker = EmbeddedKafka(scratch / "broker", runtime, jvm_options=[f"-XX:ArchiveClassesAtExit={made}"])
        try:
            broker.start()
        finally:
            broker.stop(deadline_s=_DUMP_DEADLINE_S)
        if not made.exists():
            log.info("java made no class archive java=%s log=%s", runtime.java, broker.log_path)
            made.touch()
        place(made, target)


def _key(runtime: KafkaRuntime) -> str:
    """Java itself checks an archive against its version and the jars; the key keeps several of them apart."""
    java = runtime.java.resolve()
    parts = [str(java), java.stat().st_mtime_ns, *map(str, runtime.jars)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
