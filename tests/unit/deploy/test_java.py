from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local.java import find_java, java_version, parse_version
from schemas.errors import EnvironmentMissingError


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_292"', 8),
        ('openjdk version "25" 2025-09-16', 25),
        ("command not found", None),
        ("", None),
    ],
)
def test_the_major_version_is_read(text: str, version: int | None) -> None:
    assert parse_version(text) == version


def fake_java(folder: Path, script: str) -> Path:
    java = folder / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(0o755)
    return java


def test_java_home_goes_before_the_path(tmp_path: Path) -> None:
    home = fake_java(tmp_path / "home", "echo 'openjdk version \"21.0.1\"' >&2")
    other = fake_java(tmp_path / "other", "echo 'openjdk version \"17.0.1\"' >&2")
    assert find_java({"JAVA_HOME": str(tmp_path / "home"), "PATH": str(other.parent)}) == home
    assert find_java({"PATH": str(other.parent)}) == other


def test_an_old_java_is_named_with_the_ways_out(tmp_path: Path) -> None:
    java = fake_java(tmp_path, "echo 'openjdk version \"11.0.2\"' >&2")
    with pytest.raises(EnvironmentMissingError) as caught:
        find_java({"PATH": str(java.parent)})
    message = str(caught.value)
    assert f"Java 17 or newer is needed for the local Kafka: {java} is Java 11" in message
    for way in ("apt install", "JAVA_HOME", "--kafka HOST:PORT", "docker run"):
        assert way in message


def test_no_java_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentMissingError, match="neither JAVA_HOME nor PATH has one"):
        find_java({"PATH": str(tmp_path)})


def test_a_program_that_is_no_java_has_no_version(tmp_path: Path) -> None:
    assert java_version(fake_java(tmp_path, "exit 1")) is None
    assert java_version(tmp_path / "missing") is None
