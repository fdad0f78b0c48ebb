"""What it takes to run Kafka's classes: a Java, the jars, and an archive from which they load fast."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy.local.jars import find_jars
from deploy.local.java import find_java
from processors.samples.progress import Progress, silent
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class KafkaRuntime:
    """A Java and Kafka's jars; `archive` holds their classes ready for use, None if there is none."""

    java: Path
    jars: tuple[Path, ...]
    archive: Path | None = None

    @classmethod
    def prepare(cls, settings: Settings, *, progress: Progress = silent) -> Self:
        """Find Java, find or fetch the jars, find or make the archive.

        Raises:
            EnvironmentMissingError: The machine lacks something; the message says what, and the ways out.
            FetchError: A jar could not be had.
        """
        from deploy.local.class_archive import find_archive  # noqa: PLC0415  # it runs a broker, which needs us

        java, jars = find_java(), find_jars(settings.cache_dir, progress=progress)
        return cls(java, jars, find_archive(KafkaRuntime(java, jars), settings.cache_dir, progress))

    def command(self, main: str, arguments: Sequence[str], *, options: Sequence[str]) -> list[str]:
        """The command line that runs a class of Kafka's; serial GC and the first compiler keep its CPU use low."""
        return [
            str(self.java),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.awt.headless=true",
            *([f"-XX:SharedArchiveFile={self.archive}"] if self.archive else []),
            *options,
            "-cp",
            os.pathsep.join(str(jar) for jar in self.jars),
            main,
            *arguments,
        ]
